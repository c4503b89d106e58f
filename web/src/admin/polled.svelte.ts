/** Something of the server's that changes by itself: asked for again and again while the page is seen. */

import { ApiError } from '../lib/api';
import { session } from '../lib/session.svelte';
import { browser, type World } from '../lib/world';

/**
 * The newest answer wins. A failure keeps the answer there was and is told beside it; the next round tries again.
 * A hidden page asks for nothing; shown again it asks at once when its answer has grown old.
 */
export class Polled<T> {
  value: T | null = $state.raw(null);
  failure: ApiError | null = $state.raw(null);
  /** When the value came, in seconds since the epoch. */
  at: number | null = $state(null);
  #wish: AbortController | null = null;
  #cancel: (() => void) | null = null;
  #due = 0; // milliseconds by the wall clock

  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    /** Seconds between an answer and the next question. */
    private readonly every: number,
    private readonly world: World = browser,
  ) {}

  /** Begins; returns how to end it. */
  start(): () => void {
    const unlisten = this.world.listen((signal) => {
      if (signal === 'shown') this.#wake();
      else if (signal !== 'online') this.#rest();
      else if (this.world.visible()) void this.refresh();
    });
    if (this.world.visible()) void this.refresh();
    return () => {
      unlisten();
      this.#rest();
      this.#wish?.abort();
    };
  }

  /** Asks now. Never rejects. */
  async refresh(): Promise<void> {
    this.#rest();
    this.#wish?.abort();
    const wish = new AbortController();
    this.#wish = wish;
    try {
      const value = await this.load(wish.signal);
      if (wish.signal.aborted) return;
      this.value = value;
      this.failure = null;
      this.at = this.world.now() / 1000;
    } catch (error) {
      if (wish.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.failure = error;
      if (refused(error)) return;
    }
    this.#due = this.world.now() + this.every * 1000;
    if (this.world.visible()) this.#wait();
  }

  #wake(): void {
    if (!this.#cancel) this.#wait();
  }

  #wait(): void {
    this.#rest();
    this.#cancel = this.world.after(Math.max(0, this.#due - this.world.now()), () => void this.refresh());
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

/** The rights there were are gone: the page asks who is here, and shows what that one may see. */
export function refused(error: ApiError): boolean {
  if (error.status === 403) void session.load();
  return error.status === 401 || error.status === 403;
}
