/** What the operator's page asks the server for. */

import { api } from '../lib/api';
import type { Config, Failure, LawList, Stats, StatsHistory } from '../lib/types';
import { Polled } from './polled.svelte';
import { SCOPES, type Range } from './ranges';
import type { Measured } from './series';

const NUMBERS = 15; // seconds between two looks
const FACTS = 60; // what changes seldom
const FAILURES = 50;

export class Board {
  readonly numbers = new Polled<Measured>((signal) => this.#measure(signal), NUMBERS);
  readonly failures = new Polled<Failure[]>(async (signal) => {
    const { data } = await api.get<{ data: Failure[] }>(`/api/v1/llm/stats/failures?limit=${FAILURES}`, { signal });
    return data;
  }, NUMBERS);
  readonly config = new Polled<Config>((signal) => api.get('/api/v1/config', { signal }), FACTS);
  readonly law = new Polled<LawList>((signal) => api.get('/api/v1/law', { signal }), FACTS);
  #range: Range;
  #tables = 0;

  constructor(range: Range) {
    this.#range = range;
  }

  /** Begins; returns how to end it. */
  start(): () => void {
    const ends = [this.numbers, this.failures, this.config, this.law].map((polled) => polled.start());
    return () => ends.forEach((end) => end());
  }

  /** Another stretch of time; until its numbers are there, those of the last one are shown. */
  look(range: Range): void {
    if (range === this.#range) return;
    this.#range = range;
    void this.numbers.refresh();
  }

  /** A table is opened or closed: its rows are asked for while there is one. */
  table(open: boolean): void {
    this.#tables += open ? 1 : -1;
    if (open && !this.numbers.value?.rows) void this.numbers.refresh();
  }

  async #measure(signal: AbortSignal): Promise<Measured> {
    const range = this.#range;
    const { window, step, row } = SCOPES[range];
    const history = (step: number) =>
      api.get<StatsHistory>(`/api/v1/llm/stats/history?window=${window}&step=${step}`, { signal });
    const [stats, { points }, rows] = await Promise.all([
      api.get<Stats>(`/api/v1/llm/stats?window=${window}`, { signal }),
      history(step),
      this.#tables ? history(row) : null,
    ]);
    return { range, stats, points, rows: rows?.points ?? null, at: Date.now() / 1000 };
  }
}
