/** Conversations as the server lists them: all, or those with some words. */

import { api, ApiError } from '../lib/api';
import type { ConversationList } from '../lib/types';
import { longer, renewed, type Page } from './shelf-page';

/** Conversations a page: more than a tall screen shows. */
const PAGE = 40;

export class Listing {
  /** null: not known yet. What is known stays when the server cannot be reached. */
  page: Page | null = $state.raw(null);
  /** Why the last attempt brought nothing. */
  failure: ApiError | null = $state.raw(null);
  /** The next page is on its way. */
  growing = $state(false);
  #stopped = new AbortController();
  #loads = 0;

  constructor(readonly query: string) {}

  /** Have its top anew. */
  async refresh(): Promise<void> {
    const load = ++this.#loads;
    const fresh = await this.#get(null);
    if (fresh && load === this.#loads) this.page = renewed(this.page, fresh);
  }

  async more(): Promise<void> {
    const after = this.page?.next;
    if (!after || this.growing) return;
    this.growing = true;
    const page = await this.#get(after);
    this.growing = false;
    if (page) this.page = longer(this.page, page);
  }

  /** Nobody wants it any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #get(after: string | null): Promise<ConversationList | null> {
    const { signal } = this.#stopped;
    const asked = new URLSearchParams({
      limit: `${PAGE}`,
      ...(after && { after }),
      ...(this.query && { q: this.query }),
    });
    try {
      const list = await api.get<ConversationList>(`/api/v1/conversations?${asked}`, { signal });
      this.failure = null;
      return list;
    } catch (error) {
      if (signal.aborted) return null;
      if (!(error instanceof ApiError)) throw error;
      this.failure = error;
      return null;
    }
  }
}
