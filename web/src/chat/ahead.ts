/** Two at a time: what is not needed yet must not stand in the way of what is. */

const AT_ONCE = 2;
const waiting = new Set<() => void>();
const begun = new Set<() => void>();

/** `begin` is called when its turn comes. Returns how to say that it is done, or wanted no more; then the next one's has. */
export function inTurn(begin: () => void): () => void {
  waiting.add(begin);
  next();
  return () => {
    waiting.delete(begin);
    if (begun.delete(begin)) next();
  };
}

function next(): void {
  for (const begin of waiting) {
    if (begun.size >= AT_ONCE) return;
    waiting.delete(begin);
    begun.add(begin);
    begin();
  }
}
