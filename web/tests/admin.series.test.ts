import { describe, expect, it } from 'vitest';
import { errorShare, isEmpty, peak, PLOTS, type Measured } from '../src/admin/series';
import type { Stats, StatsPoint } from '../src/lib/types';

const START = new Date(2026, 10, 22, 10, 0).getTime() / 1000;
const STEP = 900;

function point(index: number, facts: Partial<StatsPoint> = {}): StatsPoint {
  return {
    time: START + index * STEP,
    requests: 0,
    failed: 0,
    cancelled: 0,
    average_response_time: null,
    p50_response_time: null,
    p95_response_time: null,
    p99_response_time: null,
    time_to_first_token_p50: null,
    time_to_first_token_p95: null,
    tokens_per_second_p50: null,
    average_queue: 0,
    average_running: 0,
    ...facts,
  };
}

const SILENT = {
  ...{ state: 'ready' as const, problem: null, name: null, model: null, context: null },
  ...{ reading_speed: null, writing_speed: null, details: {} },
};

function measured(points: StatsPoint[], stats: Partial<Stats> = {}, at = START + 3_600): Measured {
  const none = {
    window: 86_400,
    total_requests: 0,
    successful_requests: 0,
    failed_requests: 0,
    cancelled_requests: 0,
    error_rate: 0,
    requests_per_minute: 0,
    average_response_time: 0,
    p50_response_time: null,
    p95_response_time: 0,
    p99_response_time: null,
    time_to_first_token_p50: null,
    time_to_first_token_p95: null,
    tokens_per_second_p50: null,
    queue_length: 0,
    concurrent_requests: 0,
    outcomes: [],
    engine: SILENT,
    limits: { max_concurrency: 1, queue_limit: 1, runs_per_key: 1, max_question: 1, max_tokens: 1, time: {} },
  };
  return { range: 'day', stats: { ...none, ...stats }, points, rows: null, at };
}

function said(id: string, facts: Measured): string {
  const plot = PLOTS.find((each) => each.id === id);
  if (!plot) throw new Error(id);
  return plot.summary(facts);
}

describe('a plot in one sentence', () => {
  const nothing = measured([point(0), point(1)]);

  it('says plainly that there was nothing', () => {
    expect(PLOTS.map(({ id }) => said(id, nothing))).toEqual([
      'За сутки ответов не было.',
      'За сутки сервер ничего не писал, очереди не было.',
      'За сутки ни один ответ не был дописан.',
      'За сутки ни один ответ не дошёл до первого слова.',
      'За сутки скорость мерить не на чем: таких ответов не было.',
      'За сутки ответов не было.',
    ]);
  });

  it('names the busiest step', () => {
    const points = [point(0, { requests: 14, failed: 2 }), point(1, { requests: 3 })];
    const facts = measured(points, { total_requests: 128, failed_requests: 3, error_rate: 3 / 128 });
    expect(said('requests', facts)).toBe('За сутки 128 вопросов, с ошибкой 3; больше всего, 14, между 10:00 и 10:15.');
    expect(said('errors', facts)).toBe(
      'За сутки с ошибкой 3 из 128 (2,3\u00a0%); чаще всего, 14\u00a0%, между 10:00 и 10:15.',
    );
  });

  it('does not compare what there is one of', () => {
    const one = measured([point(0, { requests: 1 })], { total_requests: 1 });
    expect(said('requests', one)).toBe('За сутки 1 вопрос, между 10:00 и 10:15.');
    const two = measured([point(0, { requests: 2 })], { total_requests: 2 });
    expect(said('requests', two)).toBe('За сутки 2 вопроса, все между 10:00 и 10:15.');
    expect(said('errors', two)).toBe('За сутки ошибок не было (2 ответа).');
  });

  it('names the day when it is not today', () => {
    const facts = measured([point(0, { requests: 2 })], { total_requests: 3 }, START + 86_400);
    expect(said('requests', facts)).toContain('22 ноября между 10:00 и 10:15');
  });

  it('tells the load and the queue', () => {
    const busy = [point(0, { average_running: 3, average_queue: 0.5 }), point(1, { average_running: 1 })];
    expect(said('load', measured(busy))).toBe(
      'За сутки писалось в среднем 2 ответа сразу; больше всего, 3, между 10:00 и 10:15; ' +
        'очередь была длиннее всего, 0,5, между 10:00 и 10:15.',
    );
    expect(said('load', measured([point(0, { average_running: 0.5 })]))).toMatch(
      /0,5 ответа сразу.*; очереди не было\.$/,
    );
    expect(said('load', measured([point(0, { average_queue: 1 })]))).toContain('ничего не писал; очередь была');
  });

  it('tells times and the speed, and where they were worst', () => {
    const points = [
      point(0, { p95_response_time: 9, time_to_first_token_p95: 2, tokens_per_second_p50: 4 }),
      point(1, { p95_response_time: 75, time_to_first_token_p95: 1, tokens_per_second_p50: 12 }),
    ];
    const facts = measured(points, {
      p50_response_time: 1.24,
      p95_response_time: 61,
      time_to_first_token_p50: 0.43,
      time_to_first_token_p95: 1.5,
      tokens_per_second_p50: 11.6,
    });
    expect(said('response', facts)).toBe(
      'За сутки половина ответов готова за 1,2\u00a0с, 95 из 100 — за 1\u00a0мин\u00a01\u00a0с; дольше всего, 1\u00a0мин\u00a015\u00a0с, ждали между 10:15 и 10:30.',
    );
    expect(said('first', facts)).toContain('обычно через 0,43\u00a0с, 95 раз из 100 — не позже чем через 1,5\u00a0с');
    expect(said('speed', facts)).toBe(
      'За сутки обычная скорость — 12 токенов в секунду; медленнее всего, 4, было между 10:00 и 10:15.',
    );
  });
});

describe('numbers behind the plots', () => {
  it('finds the first of equal peaks and skips what is not known', () => {
    const points = [point(0), point(1, { p50_response_time: 2 }), point(2, { p50_response_time: 2 })];
    expect(peak(points, (p) => p.p50_response_time)?.point).toBe(points[1]);
    expect(peak([point(0)], (p) => p.p50_response_time)).toBeNull();
  });

  it('has no share of errors where nothing ended', () => {
    expect(errorShare(point(0))).toBeNull();
    expect(errorShare(point(0, { requests: 4, failed: 1 }))).toBe(0.25);
  });

  it('is not empty while somebody waits', () => {
    expect(isEmpty(measured([point(0)]))).toBe(true);
    expect(isEmpty(measured([point(0, { average_queue: 0.1 })]))).toBe(false);
  });

  it('shows no p95 where no answer was good', () => {
    const response = PLOTS.find(({ id }) => id === 'response');
    expect(response?.lines.map(({ total }) => total(measured([point(0)])))).toEqual([null, null, null]);
  });
});
