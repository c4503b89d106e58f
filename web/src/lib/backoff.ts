/** How long to wait before the next try. Jittered, so that many pages do not come back at the same moment. */

import type { World } from './world';

/** Milliseconds. The first retry is almost at once: most breaks are a proxy's or a restarted server's. */
const FIRST = 300;
/** Milliseconds; while the break is young, so that a server that is back is found within 1.5 s … */
const YOUNG = 1_000;
/** … and after that many milliseconds of trouble … */
const AGE = 30_000;
/** … this. */
const OLD = 5_000;

export class Backoff {
  #tries = 0;
  #since = 0;

  constructor(private readonly world: World) {}

  /** There was progress. */
  reset(): void {
    this.#tries = 0;
  }

  /** Milliseconds to wait now. Without a network always the longest: the event `online` ends the wait. */
  next(): number {
    if (this.#tries === 0) this.#since = this.world.now();
    const tries = this.#tries++;
    if (tries === 0) return FIRST * this.world.random();
    if (!this.world.online()) return OLD;
    const most = this.world.now() - this.#since < AGE ? YOUNG : OLD;
    return Math.min(most, FIRST * 2 ** Math.min(tries, 10)) * (0.5 + this.world.random() / 2);
  }
}
