/** The browser as the stream client sees it. A plain object, so that tests bring a world of their own. */

/** `shown`: the page can be seen (again); `hidden`: it cannot; `frozen`: it is about to be put to sleep. */
export type Signal = 'online' | 'shown' | 'hidden' | 'frozen';

export interface World {
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Milliseconds by the wall clock: unlike timers it goes on while the machine sleeps. */
  now(): number;
  /** Returns how to cancel it. */
  after(milliseconds: number, work: () => void): () => void;
  random(): number;
  visible(): boolean;
  /** False on a laptop without a network, whose own server can nevertheless be reached: a hint, no more. */
  online(): boolean;
  /** Returns how to stop listening. */
  listen(hear: (signal: Signal) => void): () => void;
}

export const browser: World = {
  fetch: (path, init) => fetch(path, init),
  now: () => Date.now(),
  after: (milliseconds, work) => {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  visible: () => document.visibilityState === 'visible',
  online: () => navigator.onLine,
  listen: (hear) => {
    const left = new AbortController();
    const on = (target: EventTarget, name: string, signal: () => Signal) =>
      target.addEventListener(name, () => hear(signal()), { signal: left.signal });
    const seen = (): Signal => (browser.visible() ? 'shown' : 'hidden');
    on(window, 'online', () => 'online');
    on(window, 'pageshow', seen); // out of the back/forward cache
    on(window, 'pagehide', () => 'frozen');
    on(document, 'visibilitychange', seen);
    on(document, 'freeze', () => 'frozen');
    on(document, 'resume', seen);
    return () => left.abort();
  },
};
