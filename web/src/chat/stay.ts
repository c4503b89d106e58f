/** What is opened far down a page stays there while what is above it is still being drawn. */

/** Milliseconds in which that has come, or takes too long to be waited for. */
const SETTLING = 3_000;
const HANDS = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const;

/** Keep `target` at the top until the reader takes over. Returns how to stop. */
export function stayAt(target: Element): () => void {
  const left = new AbortController();
  const size = new ResizeObserver(() => target.scrollIntoView());
  for (let above = target.previousElementSibling; above; above = above.previousElementSibling) size.observe(above);
  const timer = setTimeout(stop, SETTLING);
  for (const name of HANDS) addEventListener(name, stop, { passive: true, signal: left.signal });
  return stop;

  function stop(): void {
    size.disconnect();
    clearTimeout(timer);
    left.abort();
  }
}
