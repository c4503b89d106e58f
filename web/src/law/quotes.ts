/** Where the words of a quotation stand in a text, whatever its ё, case, spaces, quotes and dashes are. Pure. */

/** Half-open, in UTF-16 units of the text. */
export interface Range {
  start: number;
  end: number;
}

/** A piece of a text: plain or marked. */
export interface Piece {
  text: string;
  marked: boolean;
}

/** Letters below this are a word by chance, not a quotation. */
const SHORTEST = 5;
/** «залог» is «залогами», and not «залогодержатель». */
const LONGEST_ENDING = 3;
const ELLIPSIS = /…|\.{3}/; // the brackets and spaces around it are no letters
const LETTER = /[\p{L}\p{N}]/u;

interface Folded {
  letters: string;
  /** For each letter: which text it is from, and where in it. */
  text: number[];
  at: number[];
}

/**
 * Ranges to mark in each of the texts, in order, none overlapping. A quotation may begin in one text and end in
 * another, and may leave words out («…»). One that is not there word for word marks nothing.
 */
export function findQuotes(texts: readonly string[], quotes: readonly string[]): Range[][] {
  const folded = fold(texts);
  const found: Range[][] = texts.map(() => []);
  for (const quote of quotes) {
    for (const piece of quote.split(ELLIPSIS)) {
      for (const [from, to] of occurrences(folded, texts, fold([piece]).letters)) spread(found, folded, from, to);
    }
  }
  return found.map(merged);
}

/** Marks the words that begin like a word looked for: endings differ in Russian, and the server finds them all. */
export function findWords(text: string, query: string): Range[] {
  const wanted = (query.match(/[\p{L}\p{N}]+/gu) ?? [])
    .map((word) => simple(word))
    .filter((word) => word.length > 2 || /\d/.test(word));
  if (!wanted.length) return [];
  const words = [...text.matchAll(/[\p{L}\p{N}]+/gu)];
  const hits = words.filter(([word]) => wanted.some((other) => isSameWord(simple(word), other)));
  return hits.map((hit) => ({ start: hit.index, end: hit.index + hit[0].length }));
}

/** The text cut at its ranges. */
export function pieces(text: string, ranges: readonly Range[]): Piece[] {
  const cut: Piece[] = [];
  let position = 0;
  for (const { start, end } of ranges) {
    if (start > position) cut.push({ text: text.slice(position, start), marked: false });
    cut.push({ text: text.slice(start, end), marked: true });
    position = end;
  }
  if (position < text.length) cut.push({ text: text.slice(position), marked: false });
  return cut;
}

function isSameWord(word: string, wanted: string): boolean {
  const stem = wanted.length > 5 ? wanted.slice(0, -2) : wanted.length > 3 ? wanted.slice(0, -1) : wanted;
  return word.startsWith(stem) && word.length <= wanted.length + LONGEST_ENDING;
}

function simple(text: string): string {
  return text.toLowerCase().replaceAll('ё', 'е');
}

function fold(texts: readonly string[]): Folded {
  const letters: string[] = [];
  const folded: Folded = { letters: '', text: [], at: [] };
  texts.forEach((text, index) => {
    // A unit at a time: a letter's index stays its index. Russian and Latin letters are one unit each.
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charAt(at);
      if (!LETTER.test(unit)) continue;
      const plain = simple(unit);
      letters.push(plain.length === 1 ? plain : unit);
      folded.text.push(index);
      folded.at.push(at);
    }
  });
  folded.letters = letters.join('');
  return folded;
}

/** First and last letter of each place where the letters stand as whole words. */
function* occurrences(folded: Folded, texts: readonly string[], wanted: string): Generator<[number, number]> {
  if (wanted.length < SHORTEST) return;
  for (let from = folded.letters.indexOf(wanted); from >= 0; from = folded.letters.indexOf(wanted, from + 1)) {
    const to = from + wanted.length - 1;
    if (isEdge(folded, texts, from, -1) && isEdge(folded, texts, to, 1)) yield [from, to];
  }
}

function isEdge(folded: Folded, texts: readonly string[], letter: number, step: number): boolean {
  const text = texts[folded.text[letter] ?? 0] ?? '';
  return !LETTER.test(text.charAt((folded.at[letter] ?? 0) + step));
}

function spread(found: Range[][], folded: Folded, from: number, to: number): void {
  const first = folded.text[from] ?? 0;
  const last = folded.text[to] ?? 0;
  for (let index = first; index <= last; index += 1) {
    const inside = folded.text.indexOf(index, from);
    if (inside < 0 || folded.text[inside] !== index || inside > to) continue;
    const end = Math.min(to, folded.text.lastIndexOf(index));
    found[index]?.push({ start: folded.at[inside] ?? 0, end: (folded.at[end] ?? 0) + 1 });
  }
}

function merged(ranges: Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges.sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && range.start <= last.end) last.end = Math.max(last.end, range.end);
    else result.push({ ...range });
  }
  return result;
}
