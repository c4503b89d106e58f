/** Keeps the end of a text that grows in sight, as long as the reader wants it. */

/** Pixels that the end may be below the edge and still be where the reader reads. */
const NEAR = 48;
/** Nobody reads half a window a second: a text that comes faster is left to be read from its beginning. */
const SECOND = 1_000;
const MOST = 0.5;

/** Follow the end `tip` of a text in the page, whose lowest visible line is `floor()` pixels from the top of the window.
 *
 * The reader who scrolls up is left alone; who comes back to the end is followed again. `behind` is told when it
 * changes. Returns how to stop.
 */
export function followTip(tip: Element, floor: () => number, tell: (behind: boolean) => void): () => void {
  const left = new AbortController();
  const below = (): number => tip.getBoundingClientRect().bottom - floor();
  let following = below() <= NEAR;
  let behind = false;
  let last = scrollY;
  const say = (now: boolean): void => {
    if (now !== behind) tell((behind = now));
  };
  const scrolled = (): void => {
    if (scrollY < last) following = false;
    last = scrollY;
    if (below() <= NEAR) following = true;
    say(below() > NEAR);
  };
  let moved = { since: 0, by: 0 };
  const tooFast = (rest: number): boolean => {
    const now = performance.now();
    if (now - moved.since > SECOND) moved = { since: now, by: 0 };
    moved.by += rest;
    return moved.by > innerHeight * MOST;
  };
  const grown = (): void => {
    const rest = below();
    if (following && rest > 0) following = !tooFast(rest);
    if (following && rest > 0) {
      scrollBy({ top: rest, behavior: 'instant' });
      last = scrollY;
    }
    say(below() > NEAR);
  };
  addEventListener('scroll', scrolled, { passive: true, signal: left.signal });
  const size = new ResizeObserver(grown);
  size.observe(tip.parentElement ?? tip);
  return () => {
    left.abort();
    size.disconnect();
    say(false);
  };
}
