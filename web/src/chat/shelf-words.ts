/** The words of a search in what it found, as the server finds them: case does not count, and ё is е. Pure. */

export interface Piece {
  text: string;
  hit: boolean;
}

const fold = (text: string): string => text.toLowerCase().replaceAll('ё', 'е');

/** The text cut at the words looked for. */
export function pieces(text: string, query: string): Piece[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const folded = fold(text);
  // Letters whose small form is longer than they are would shift every place after them.
  if (!words.length || folded.length !== text.length) return [{ text, hit: false }];
  const hit = new Uint8Array(text.length);
  for (const word of words)
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) hit.fill(1, at, at + word.length);
  return cut(text, hit);
}

function cut(text: string, hit: Uint8Array): Piece[] {
  const found: Piece[] = [];
  for (let from = 0, to = 0; from < text.length; from = to) {
    while (to < text.length && hit[to] === hit[from]) to++;
    found.push({ text: text.slice(from, to), hit: hit[from] === 1 });
  }
  return found;
}

/** An excerpt of an answer without the marks of its Markdown. */
export function unmarked(excerpt: string): string {
  return excerpt
    .replace(/(^|\s)(?:#{1,6}|>|[-*+]|\|)(?=\s)/g, '$1')
    .replace(/\*\*|__|`/g, '')
    .replace(/\s*\[\d+\]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
