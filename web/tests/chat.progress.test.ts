import { describe, expect, it } from 'vitest';
import { forward, progress, times } from '../src/chat/progress';
import { beginning } from '../src/lib/run';
import type { Plan, RunView, Source } from '../src/lib/types';

const ASKED = 1000;
const source = { n: 1 } as Source;
const plan = (seconds: number | null, facts: Partial<Plan> = {}): Plan => ({
  ...{ expected_seconds: seconds, expected_tokens: null, expected_first_word: null, budget: 900, max_tokens: 1024 },
  ...{ prompt_tokens: null, cached_tokens: null, answer_tokens: null, provisions: null },
  ...facts,
});
const view = (facts: Partial<RunView>): RunView => ({ ...beginning('r', 'Вопрос?', null, ASKED), ...facts });
const running = (facts: Partial<RunView>): RunView => view({ status: 'in_progress', started_at: ASKED + 10, ...facts });

describe('what is being done', () => {
  it.each([
    ['queued', view({})],
    ['queued', view({ stage: { stage: 'queued', position: 3, expected_wait: 40 } })],
    ['loading', running({ stage: { stage: 'loading' } })],
    ['loading', running({ stage: { stage: 'loading' }, text: 'Да' })], // again, after a crash
    ['thinking', running({ stage: { stage: 'thinking' }, sources: [source] })],
    ['writing', running({ stage: { stage: 'reading', done: 1, total: 2 }, text: 'Да' })],
    ['searching', running({})],
    ['searching', running({ stage: { stage: 'searching' } })],
    ['reading', running({ stage: { stage: 'searching' }, sources: [source] })],
    ['reading', running({ stage: { stage: 'reading', done: 1, total: 2 } })],
    ['reading', running({ stage: { stage: 'writing' } })], // the engine has begun and said nothing yet
    ['writing', running({ stage: { stage: 'writing' }, text: 'Да' })],
    ['checking', running({ stage: { stage: 'checking' }, text: 'Да.' })],
  ])('%s', (doing, run) => expect(progress(run, ASKED + 20).doing).toBe(doing));

  it('says so in words', () => {
    const reading = running({ stage: { stage: 'reading', done: 340, total: 900 }, sources: [source, source] });
    expect(progress(reading, ASKED).label).toBe('Нашёл 2 нормы, прочитано 340 из 900 токенов');
    expect(progress(running({ sources: [source] }), ASKED).label).toBe('Нашёл 1 норму, читаю');
    const queued = view({ stage: { stage: 'queued', position: 3, expected_wait: null } });
    expect(progress(queued, ASKED).label).toBe('В очереди 3-й');
    expect(progress(view({}), ASKED).label).toBe('Вопрос в очереди');
    expect(progress(running({ stage: { stage: 'loading' } }), ASKED).label).toBe('Модель загружается');
    expect(progress(running({ stage: { stage: 'thinking' } }), ASKED).label).toBe('Модель обдумывает ответ');
  });
});

describe('times', () => {
  it('counts the waiting by itself, and the work from its beginning', () => {
    const queued = view({ stage: { stage: 'queued', position: 1, expected_wait: 40 } });
    expect(progress(queued, ASKED + 5)).toMatchObject({ elapsed: 5, expected: 40 });
    expect(progress(running({ plan: plan(120) }), ASKED + 82)).toMatchObject({ elapsed: 72, expected: 120 });
    expect(progress(running({}), ASKED + 82).expected).toBeNull();
  });

  it('says what the answers of late have taken', () => {
    const said = (facts: Partial<RunView>, now: number): string =>
      times(progress(running(facts), now)).replaceAll('\u00a0', ' ');
    expect(said({}, ASKED + 22)).toBe('прошло 12 с');
    expect(said({ plan: plan(120) }, ASKED + 22)).toBe('прошло 12 с, всего около 2 мин');
    expect(said({ plan: plan(120) }, ASKED + 170)).toBe('прошло 2 мин 40 с, дольше, чем ожидалось');
  });

  it('says what the engine has planned: the first word, then all of it', () => {
    const planned = plan(240, { expected_first_word: 180, prompt_tokens: 450, answer_tokens: 110, provisions: 2 });
    const said = (facts: Partial<RunView>, now: number): string =>
      times(progress(running({ plan: planned, ...facts }), now)).replaceAll('\u00a0', ' ');
    expect(said({}, ASKED + 22)).toBe('прошло 12 с, до первых слов около 3 мин');
    expect(said({}, ASKED + 185)).toBe('прошло 2 мин 55 с, всего около 4 мин');
    expect(said({ text: 'Да' }, ASKED + 22)).toBe('прошло 12 с, всего около 4 мин');
    expect(said({ text: 'Да' }, ASKED + 330)).toBe('прошло 5 мин 20 с, дольше, чем ожидалось');
    expect(said({ text: 'Да', stage: { stage: 'loading' } }, ASKED + 22)).toBe('прошло 12 с');
  });

  it('is never negative, whatever the clocks say', () => {
    expect(progress(running({}), ASKED - 60).elapsed).toBe(0);
  });
});

describe('share', () => {
  const share = (run: RunView, now = ASKED + 10): number | null => progress(run, now).share;

  it('is unknown while it waits and searches', () => {
    expect(share(view({}))).toBeNull();
    expect(share(running({}))).toBeNull();
    expect(share(running({ sources: [source] }))).toBeNull();
    expect(share(running({ stage: { stage: 'loading' }, plan: plan(100) }))).toBeNull();
  });

  it('follows the expected time, slows down beyond it and never arrives', () => {
    const run = running({ plan: plan(100) });
    expect(share(run, ASKED + 10 + 50)).toBeCloseTo(0.5);
    expect(share(run, ASKED + 10 + 80)).toBeCloseTo(0.8);
    expect(share(run, ASKED + 10 + 100)).toBeLessThan(0.93);
    expect(share(run, ASKED + 10 + 300)).toBeLessThan(1);
    expect(share(run, ASKED + 10 + 300)).toBeGreaterThan(0.99);
  });

  it('follows the stages where no time is expected', () => {
    const at = [
      running({ stage: { stage: 'reading', done: 0, total: 900 } }),
      running({ stage: { stage: 'reading', done: 450, total: 900 } }),
      running({ stage: { stage: 'reading', done: 900, total: 900 } }),
      running({ stage: { stage: 'thinking' } }),
      running({ stage: { stage: 'writing' }, text: 'а'.repeat(400) }),
      running({ stage: { stage: 'writing' }, text: 'а'.repeat(4000) }),
      running({ stage: { stage: 'checking' }, text: 'а'.repeat(4000) }),
    ].map((run) => share(run) ?? NaN);
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at[0]).toBeGreaterThan(0);
    expect(at.at(-1)).toBeLessThan(1);
  });
});

describe('forward', () => {
  it('never goes back and never forgets', () => {
    expect(forward(null, null)).toBeNull();
    expect(forward(null, 0.2)).toBe(0.2);
    expect(forward(0.4, 0.2)).toBe(0.4);
    expect(forward(0.4, null)).toBe(0.4);
    expect(forward(0.4, 0.5)).toBe(0.5);
  });
});
