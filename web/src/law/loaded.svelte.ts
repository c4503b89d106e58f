/** Something that comes from the server: the newest wish wins, a failure can be tried again. */

import { api, ApiError } from '../lib/api';
import { stepsTo } from './address';

/** Most texts kept between visits; an article is some 10 KB. */
const KEPT = 60;
/** How long one is taken for what the server would say, in ms: an operator may load a new edition. */
const FRESH = 300_000;
const kept = new Map<string, { value: unknown; at: number }>();

export class Loaded<T> {
  value: T | null = $state.raw(null);
  error: ApiError | null = $state.raw(null);
  pending = $state(false);
  #wish: AbortController | null = null;
  #path: string | null = null;

  /** Asks for a path; the value there was stays on the page meanwhile, so that nothing flickers. */
  async want(path: string | null): Promise<void> {
    this.#wish?.abort();
    this.#path = path;
    this.error = null;
    const known = path === null ? null : recall<T>(path);
    this.pending = known === undefined;
    if (known !== undefined) this.value = known;
    else if (path !== null) await this.#ask(path);
  }

  /** The same wish again, when it has failed. */
  retry(): Promise<void> {
    return this.want(this.#path);
  }

  /** Nobody waits any more. */
  drop(): void {
    this.#wish?.abort();
  }

  async #ask(path: string): Promise<void> {
    const wish = new AbortController();
    this.#wish = wish;
    try {
      const value = await api.get<T>(path, { signal: wish.signal });
      if (wish.signal.aborted) return;
      keep(path, value);
      this.value = value;
    } catch (error) {
      if (wish.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
      this.value = null;
    }
    this.pending = false;
  }
}

function recall<T>(path: string): T | undefined {
  const found = kept.get(path);
  return found && Date.now() - found.at < FRESH ? (found.value as T) : undefined;
}

function keep(path: string, value: unknown): void {
  kept.delete(path);
  kept.set(path, { value, at: Date.now() });
  const oldest = kept.keys().next().value;
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
}

/** Paths of the API. */
export const lawApi = {
  acts: () => '/api/v1/law',
  act: (act: string, on: string | null) => `/api/v1/law/${stepsTo(act)}${query({ on })}`,
  search: (act: string, q: string, on: string | null) => `/api/v1/law/${stepsTo(act)}/search${query({ q, on })}`,
  place: (act: string, place: string, on: string | null) => `/api/v1/law/${stepsTo(act, place)}${query({ on })}`,
};

function query(values: Record<string, string | null>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null);
  return given.length ? `?${new URLSearchParams(given)}` : '';
}
