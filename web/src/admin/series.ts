/** What each plot shows: its lines, how their values read, and the whole in one sentence. Pure. */

import type { Stats, StatsPoint } from '../lib/types';
import { duration, few, measured, number, percent, texts } from '../texts';
import { SCOPES, type Range } from './ranges';
import { between } from './times';

/** What was asked of the server at one time, all of the same window. */
export interface Measured {
  range: Range;
  stats: Stats;
  points: StatsPoint[];
  /** By fewer, longer steps, for the tables; null while no table is open. */
  rows: StatsPoint[] | null;
  /** When: seconds since the epoch. */
  at: number;
}

/** How a line is told from the others, also without colours. */
export type Mark = 'solid' | 'dashed' | 'dotted' | 'bar' | 'narrow';

export interface Line {
  label: string;
  mark: Mark;
  value: (point: StatsPoint) => number | null;
  /** Of the whole window. */
  total: (measured: Measured) => number | null;
}

export interface PlotFacts {
  id: string;
  title: string;
  lines: Line[];
  format: (value: number) => string;
  /** A value beside the axis, and what two of them may be apart. */
  tick: (value: number) => string;
  increments: number[];
  summary: (measured: Measured) => string;
}

const { plots: words, said } = texts.admin;
/** A mean that is shown as less than a hundredth is no queue to speak of. */
const LEAST_QUEUE = 0.01;

const WHOLE = decimal(0, 6);
const FINE = decimal(-2, 6);
const SHARES = decimal(-3, 0);
/** Seconds, as clocks are divided. */
const CLOCKWORK = [...decimal(-2, 0), 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 18_000, 36_000];

/** 1, 2 and 5 of each power of ten. */
function decimal(from: number, to: number): number[] {
  const powers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
}

const secondsTick = (seconds: number): string =>
  seconds < 60 ? texts.admin.settings.seconds(seconds) : duration(seconds);
const shareTick = (share: number): string => `${number(share * 100)}\u00a0%`;

export const PLOTS: PlotFacts[] = [
  {
    id: 'requests',
    title: words.requests,
    format: number,
    tick: number,
    increments: WHOLE,
    summary: requestsSaid,
    lines: [
      { label: words.all, mark: 'bar', value: (p) => p.requests, total: ({ stats }) => stats.total_requests },
      { label: words.failed, mark: 'narrow', value: (p) => p.failed, total: ({ stats }) => stats.failed_requests },
    ],
  },
  {
    id: 'load',
    title: words.load,
    format: few,
    tick: number,
    increments: FINE,
    summary: loadSaid,
    lines: [
      { label: words.running, mark: 'solid', value: (p) => p.average_running, total: mean((p) => p.average_running) },
      { label: words.queue, mark: 'dashed', value: (p) => p.average_queue, total: mean((p) => p.average_queue) },
    ],
  },
  {
    id: 'response',
    title: words.response,
    format: measured,
    tick: secondsTick,
    increments: CLOCKWORK,
    summary: responseSaid,
    lines: [
      {
        label: words.p50,
        mark: 'solid',
        value: (p) => p.p50_response_time,
        total: ({ stats }) => stats.p50_response_time,
      },
      {
        label: words.p95,
        mark: 'dashed',
        value: (p) => p.p95_response_time,
        total: ({ stats }) => (stats.p50_response_time === null ? null : stats.p95_response_time),
      },
      {
        label: words.p99,
        mark: 'dotted',
        value: (p) => p.p99_response_time,
        total: ({ stats }) => stats.p99_response_time,
      },
    ],
  },
  {
    id: 'first',
    title: words.first,
    format: measured,
    tick: secondsTick,
    increments: CLOCKWORK,
    summary: firstSaid,
    lines: [
      {
        label: words.p50,
        mark: 'solid',
        value: (p) => p.time_to_first_token_p50,
        total: ({ stats }) => stats.time_to_first_token_p50,
      },
      {
        label: words.p95,
        mark: 'dashed',
        value: (p) => p.time_to_first_token_p95,
        total: ({ stats }) => stats.time_to_first_token_p95,
      },
    ],
  },
  {
    id: 'speed',
    title: words.speed,
    format: few,
    tick: number,
    increments: FINE,
    summary: speedSaid,
    lines: [
      {
        label: words.tokens,
        mark: 'solid',
        value: (p) => p.tokens_per_second_p50,
        total: ({ stats }) => stats.tokens_per_second_p50,
      },
    ],
  },
  {
    id: 'errors',
    title: words.errors,
    format: percent,
    tick: shareTick,
    increments: SHARES,
    summary: errorsSaid,
    lines: [
      {
        label: words.share,
        mark: 'narrow',
        value: errorShare,
        total: ({ stats }) => (stats.total_requests ? stats.error_rate : null),
      },
    ],
  },
];

/** Whether there is nothing to draw. */
export function isEmpty({ points }: Measured): boolean {
  return points.every((p) => !p.requests && !p.average_queue && !p.average_running);
}

/** Failed of those that ended; null where none did. */
export function errorShare(point: StatsPoint): number | null {
  return point.requests ? point.failed / point.requests : null;
}

type Of = (point: StatsPoint) => number | null;

function mean(of: Of): Line['total'] {
  return ({ points }) => points.reduce((sum, point) => sum + (of(point) ?? 0), 0) / (points.length || 1);
}

/** The point with the largest value, the first of equals; null when no point has any. */
export function peak(points: StatsPoint[], of: Of): { point: StatsPoint; value: number } | null {
  let found: { point: StatsPoint; value: number } | null = null;
  for (const point of points) {
    const value = of(point);
    if (value !== null && (!found || value > found.value)) found = { point, value };
  }
  return found;
}

function when({ range, at }: Measured, { time }: StatsPoint): string {
  return between(time, SCOPES[range].step, at);
}

function over({ range }: Measured): string {
  return texts.admin.range.over[range];
}

function requestsSaid(m: Measured): string {
  const most = peak(m.points, (p) => p.requests || null);
  if (!m.stats.total_requests || !most) return said.none(over(m));
  return said.requests(over(m), m.stats.total_requests, m.stats.failed_requests, most.value, when(m, most.point));
}

function loadSaid(m: Measured): string {
  const busiest = peak(m.points, (p) => p.average_running || null);
  const longest = peak(m.points, (p) => (p.average_queue < LEAST_QUEUE ? null : p.average_queue));
  if (!busiest) return longest ? said.waiting(over(m), longest.value, when(m, longest.point)) : said.idle(over(m));
  const average = mean((p) => p.average_running)(m) ?? 0;
  const work = said.load(over(m), average, busiest.value, when(m, busiest.point));
  return work + (longest ? said.queue(longest.value, when(m, longest.point)) : said.noQueue);
}

function responseSaid(m: Measured): string {
  const { p50_response_time: p50, p95_response_time: p95 } = m.stats;
  const slowest = peak(m.points, (p) => p.p95_response_time);
  if (p50 === null || !slowest) return said.noResponse(over(m));
  return said.times(over(m), measured(p50), measured(p95), measured(slowest.value), when(m, slowest.point));
}

function firstSaid(m: Measured): string {
  const { time_to_first_token_p50: p50, time_to_first_token_p95: p95 } = m.stats;
  const slowest = peak(m.points, (p) => p.time_to_first_token_p95);
  if (p50 === null || p95 === null || !slowest) return said.noFirst(over(m));
  return said.first(over(m), measured(p50), measured(p95), measured(slowest.value), when(m, slowest.point));
}

function speedSaid(m: Measured): string {
  const usual = m.stats.tokens_per_second_p50;
  const slowest = peak(m.points, (p) => (p.tokens_per_second_p50 === null ? null : -p.tokens_per_second_p50));
  if (usual === null || !slowest) return said.noSpeed(over(m));
  return said.speed(over(m), usual, -slowest.value, when(m, slowest.point));
}

function errorsSaid(m: Measured): string {
  const { total_requests: total, failed_requests: failed, error_rate: share } = m.stats;
  const worst = peak(m.points, (p) => errorShare(p) || null);
  if (!total) return said.none(over(m));
  if (!failed || !worst) return said.noErrors(over(m), total);
  return said.errors(over(m), failed, total, share, worst.value, when(m, worst.point));
}
