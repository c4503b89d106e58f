/** The server's clock, and a tick a second for what shows elapsed time. */

import { createSubscriber } from 'svelte/reactivity';
import { browser, type World } from './world';

const TICK = 1_000; // milliseconds
/** Seconds by which the skew may seem to shrink because an answer was long on its way; more is a clock that was set. */
const ON_THE_WAY = 2;

/** Calls its listeners once a second while the page is seen. Without listeners it holds neither timer nor listener. */
export class Ticker {
  readonly #listeners = new Set<() => void>();
  #cancel: (() => void) | null = null;
  #unlisten: (() => void) | null = null;

  constructor(private readonly world: World) {}

  /** Returns how to stop. */
  listen(hear: () => void): () => void {
    this.#listeners.add(hear);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      if (this.#listeners.delete(hear) && !this.#listeners.size) this.#stop();
    };
  }

  #start(): void {
    this.#unlisten = this.world.listen((signal) => {
      if (signal === 'shown' && !this.#cancel) this.#tick();
      else if (signal === 'hidden' || signal === 'frozen') this.#rest();
    });
    if (this.world.visible()) this.#again();
  }

  #stop(): void {
    this.#rest();
    this.#unlisten?.();
  }

  #tick = (): void => {
    this.#again();
    for (const hear of [...this.#listeners]) hear();
  };

  #again(): void {
    this.#cancel = this.world.after(TICK, this.#tick);
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

export class Clock {
  #skew: number | null = null; // seconds that the server's clock is ahead
  readonly #subscribe: () => void;

  constructor(private readonly world: World) {
    const ticker = new Ticker(world);
    this.#subscribe = createSubscriber((update) => ticker.listen(update));
  }

  /** Seconds since the epoch by the server's clock. Reactive: read in a component it moves once a second. */
  get now(): number {
    this.#subscribe();
    return this.server();
  }

  /** The same, not reactive. */
  server(): number {
    return this.world.now() / 1000 + (this.#skew ?? 0);
  }

  /** The server has just said what time it is. The answer that was quickest on its way tells best. */
  sync(now: number): void {
    if (!Number.isFinite(now)) return;
    const seen = now - this.world.now() / 1000;
    if (this.#skew === null || seen > this.#skew || this.#skew - seen > ON_THE_WAY) this.#skew = seen;
  }
}

export const clock = new Clock(browser);
