/** What people said of answers, page after page. */

import { api, ApiError } from '../lib/api';
import type { Opinion, OpinionList, Rating } from '../lib/types';
import { refused } from './polled.svelte';

const PAGE = 10;

/** The newest wish wins; a failure leaves what is there. */
export class OpinionPages {
  value: Opinion[] | null = $state.raw(null);
  totals = $state.raw({ up: 0, down: 0 });
  failure: ApiError | null = $state.raw(null);
  /** When they came, in seconds since the epoch. */
  at: number | null = $state(null);
  rating: Rating | null = $state(null);
  next: string | null = $state(null);
  #wish: AbortController | null = null;

  /** The first page anew. */
  refresh = (): Promise<void> => this.#ask(null);

  /** One more page. */
  more = (): Promise<void> => this.#ask(this.next);

  choose(rating: Rating | null): Promise<void> {
    this.rating = rating;
    return this.refresh();
  }

  drop(): void {
    this.#wish?.abort();
  }

  async #ask(after: string | null): Promise<void> {
    this.#wish?.abort();
    const wish = new AbortController();
    this.#wish = wish;
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (after) query.set('after', after);
    if (this.rating) query.set('rating', this.rating);
    try {
      const list = await api.get<OpinionList>(`/api/v1/feedback?${query}`, { signal: wish.signal });
      if (wish.signal.aborted) return;
      this.value = after ? [...(this.value ?? []), ...list.data] : list.data;
      this.totals = list.totals;
      this.next = list.next;
      this.failure = null;
      this.at = Date.now() / 1000;
    } catch (error) {
      if (wish.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.failure = error;
      refused(error);
    }
  }
}
