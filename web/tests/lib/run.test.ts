import { describe, expect, test } from 'vitest';
import { beginning, isOver, reduce } from '../../src/lib/run';
import type { RunView } from '../../src/lib/types';
import { begun, delta, end, event, RUN, view } from '../support/events';

const NOW = 1_700_000_010;
const all = (run: RunView, ...events: ReturnType<typeof event>[]) => events.map((one) => reduce(run, one, NOW));

const SOURCE = { n: 1, act: 'zozpp', article: '18' };
const CITATION = { act: 'zozpp', article: '18', verdict: 'verified', text: '[1]', start: 0, end: 3 };

describe('a run', () => {
  test('from its first event to its last', () => {
    const run = beginning(RUN, 'Можно?', null, NOW - 5);
    const asked = { response: { id: RUN, status: 'queued', conversation: { id: 'conv_9' } } };
    all(run, event(0, 'response.created', asked), event(1, 'response.queued', asked));
    expect(run).toMatchObject({ status: 'queued', conversation: 'conv_9', last_seq: 1 });

    all(run, event(2, 'advakod.stage', { stage: 'queued', position: 3, expected_wait: null }));
    expect(run.stage).toEqual({ stage: 'queued', position: 3, expected_wait: null });
    all(run, begun(3), event(4, 'advakod.stage', { stage: 'searching' }));
    expect(run).toMatchObject({ status: 'in_progress', started_at: NOW, stage: { stage: 'searching' } });

    all(run, event(5, 'advakod.sources', { sources: [SOURCE], summary: true }));
    all(run, event(6, 'advakod.plan', { expected_seconds: 40, expected_tokens: 300, budget: 900, max_tokens: 1024 }));
    all(run, event(7, 'advakod.notice', { code: 'old_edition', message: 'Редакция старая.' }));
    expect(run).toMatchObject({ sources: [SOURCE], summary: true, plan: { budget: 900 }, first_text_at: null });
    expect(run.plan).not.toHaveProperty('type');
    expect(run.notices).toEqual([{ code: 'old_edition', message: 'Редакция старая.' }]);

    all(run, delta(8, 'Да, '), delta(9, 'можно.'), event(10, 'advakod.stage', { stage: 'checking' }));
    expect(run).toMatchObject({ text: 'Да, можно.', first_text_at: NOW, citations: null });
    all(
      run,
      event(11, 'advakod.citations', { citations: [CITATION] }),
      event(12, 'response.output_text.done', { text: 'Да, можно.' }),
    );
    expect(isOver(run)).toBe(false);
    expect(all(run, end(13))).toEqual(['applied']);
    expect(run).toMatchObject({ status: 'completed', citations: [CITATION], input_tokens: 12, output_tokens: 34 });
    expect(run).toMatchObject({ finished_at: 1_700_000_060, reason: null, message: null, last_seq: 13 });
    expect(isOver(run)).toBe(true);
  });

  test.each([
    [
      'failed' as const,
      { error: { code: 'server_error', advakod_code: 'queue_timeout', message: 'Долго.' } },
      'queue_timeout',
    ],
    ['incomplete' as const, { incomplete_details: { reason: 'timeout', message: 'Долго.' } }, 'timeout'],
    ['cancelled' as const, { incomplete_details: { reason: 'cancelled', message: 'Долго.' } }, 'cancelled'],
  ])('that ends %s says why and keeps its words', (status, facts, reason) => {
    const run = view({ text: 'Начало' });
    all(run, end(2, status, { ...facts, usage: null, completed_at: null }));
    expect(run).toMatchObject({
      status,
      reason,
      message: 'Долго.',
      text: 'Начало',
      output_tokens: 0,
      finished_at: NOW,
    });
  });
});

describe('the order of events', () => {
  test('a repeated one changes nothing', () => {
    const run = view();
    expect(all(run, delta(2, 'а'), delta(2, 'а'), delta(1, 'б'), delta(3, 'в'))).toEqual([
      'applied',
      'repeat',
      'repeat',
      'applied',
    ]);
    expect(run).toMatchObject({ text: 'ав', last_seq: 3 });
  });

  test('a gap is a fault, and the view stays where it was', () => {
    const run = view();
    expect(all(run, delta(2, 'а'), delta(4, 'в'))).toEqual(['applied', 'fault']);
    expect(run).toMatchObject({ text: 'а', last_seq: 2 });
    expect(all(run, delta(3, 'б'), delta(4, 'в'))).toEqual(['applied', 'applied']);
    expect(run.text).toBe('абв');
  });

  test('an unknown type and an annotation count and say nothing', () => {
    const run = view();
    const before = { ...run };
    const annotation = event(3, 'response.output_text.annotation.added', { annotation: {} });
    expect(all(run, event(2, 'advakod.tomorrow', { text: 1 }), annotation, event(4, 'toString'))).toEqual(
      Array(3).fill('applied'),
    );
    expect(run).toEqual({ ...before, last_seq: 4 });
  });

  test.each([
    event(2, 'response.output_text.delta'),
    event(2, 'response.output_text.delta', { delta: 5 }),
    event(2, 'advakod.sources', { sources: null }),
    event(2, 'response.completed'),
    event(1.5, 'advakod.stage'),
    { type: 'advakod.stage' } as ReturnType<typeof event>,
    { sequence_number: 2 } as ReturnType<typeof event>,
  ])('what cannot be understood is a fault: %o', (broken) => {
    const run = view();
    const before = { ...run };
    expect(reduce(run, broken, NOW)).toBe('fault');
    expect(run).toEqual(before);
  });

  test('lists that are shown are replaced, never changed', () => {
    const run = view();
    const { notices } = run;
    all(run, event(2, 'advakod.notice', { code: 'a', message: 'б' }));
    expect(notices).toEqual([]);
    expect(run.notices).toHaveLength(1);
  });
});
