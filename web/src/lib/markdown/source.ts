/** The text of an answer as it is lexed: cleaned, with its citations put in as private-use characters. Pure. */

/** A stretch of the cleaned text that stands for one or more buttons; `start` and `end` are UTF-16 offsets in it. */
export interface Mark {
  start: number;
  end: number;
  /** What stood there, for where no button can be: code, links. */
  raw: string;
  /** What of it is lexed with the text: all, or nothing. */
  words: string;
  /** The HTML in its place, already escaped. */
  html: string;
}

export interface Cleaned {
  text: string;
  /** The offset in `text` of a position counted in code points of the original. */
  at(codePoint: number): number;
}

// Control characters but line feed and tab, private use, lone surrogates, overrides of direction, invisible tags.
const UNWANTED = /[^\P{Cc}\n\t]|[\p{Co}\p{Cs}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\u{E0000}-\u{E007F}]/gu;
const ASTRAL = /[\uD800-\uDFFF]/;
/** Of a character whose other half comes with the next piece. */
const HALF = /[\uD800-\uDBFF]$/;

export const NOTHING: Cleaned = { text: '', at: () => 0 };

/** Without the characters that only mislead: what is left holds none of our own marks. Of a text that goes on from
 * `was`, whose cleaned form is `before`, only what is new is looked at. */
export function clean(original: string, was = '', before = NOTHING): Cleaned {
  const known = original.startsWith(was) ? was.replace(HALF, '') : '';
  const text = (known && before.text) + original.slice(known.length).replace(UNWANTED, '');
  let at: Cleaned['at'] | undefined;
  return { text, at: (point) => (at ??= positions(original, text))(point) };
}

function positions(original: string, text: string): Cleaned['at'] {
  if (text === original && !ASTRAL.test(text)) return (point) => point;
  const offsets = offsetsOf(original);
  return (point) => offsets[point] ?? text.length;
}

function offsetsOf(original: string): number[] {
  let offset = 0;
  return Array.from(original, (character) => {
    const here = offset;
    offset += character.replace(UNWANTED, '').length;
    return here;
  });
}

const FIRST = 0xe100;
export const MOST_MARKS = 0xf8ff - FIRST;
const CLOSE = '\uE000';
const MARKED = /([\uE100-\uF8FF])([^\uE000-\uF8FF]*)\uE000/g;
/** At the beginning of what is left to lex. */
export const MARK_HERE = new RegExp(`^${MARKED.source}`);
export const MARK_START = /[\uE100-\uF8FF]/;
/** A mark that was opened and not closed. */
export const IN_MARK = /[\uE100-\uF8FF][^\uE000]*$/;
const OURS = /[\uE000-\uF8FF]/g;

/** A space on which a number should not leave what is before it for the next line; Chromium still breaks before a button. */
const GLUE = '\u202F';
const GLUED = /\u202F(?=[\uE100-\uF8FF]\uE000)/g;

/** `text` from `from` to `to`; a mark keeps its words between its characters. */
export function encode(text: string, from: number, to: number, marks: readonly Mark[]): string {
  let out = '';
  let position = from;
  marks.forEach(({ start, end, raw, words }, index) => {
    if (start < position || end > to) return;
    const before = text.slice(position, start);
    out += raw[0] === '[' ? before.replace(/(?<=\S) $/, GLUE) : before;
    out += String.fromCharCode(FIRST + index) + words + CLOSE;
    position = end;
  });
  return out + text.slice(position, to);
}

/** The text that `encode` was given. */
export function decode(encoded: string, marks: readonly Mark[]): string {
  return encoded
    .replace(GLUED, ' ')
    .replace(MARKED, (_, open: string, words: string) => words || (markOf(open, marks)?.raw ?? ''))
    .replace(OURS, '');
}

export function markOf(open: string, marks: readonly Mark[]): Mark | undefined {
  return marks[open.charCodeAt(0) - FIRST];
}
