/** References in an answer as buttons: by the server's verdicts, or by the numbers alone until it has checked. Pure. */

import { texts } from '../texts';
import { escape } from './markdown/html';
import { MOST_MARKS, type Cleaned, type Mark } from './markdown/source';
import type { Citation, Source, Verdict } from './types';

export interface Cited {
  act: string | null;
  article: string | null;
  address: string | null;
  /** The number of the source; null: of none that was found. */
  source: number | null;
  /** Null: not checked yet. */
  verdict: Verdict | null;
  text: string;
}

interface Placed extends Cited {
  start: number;
  end: number;
}

// As the server reads them: `[1]`, `[1, 3]`, `[2–4]`; but not `\[1]` and not the text of a link.
const GROUP = /(?<!\\)\[[ \t]{0,3}\d{1,3}(?:[ \t]{0,3}[,;–—-][ \t]{0,3}\d{1,3}){0,30}[ \t]{0,3}\](?!\((?:https?:|\/))/g;
const NUMBERS = /(\d{1,3})(?:\s*[–—-]\s*(\d{1,3}))?/g;
const LONGEST_RANGE = 20;

// What Markdown may read as its own stays outside of a button.
const SPECIAL = /[*_`~|\\<>[\]!&\n]+/;
// A button does not break over lines: of longer words only those up to the last number that fits.
const LONGEST_WORDS = 28;
const TO_NUMBER = new RegExp(`^.{0,${LONGEST_WORDS - 2}}\\d(?:[\\d.]*\\d)?`);

const BOND = '\u2060'; // word joiner
// What stands on one line in every browser: no longer than a button may be, with no more buttons.
const LONGEST_LINE = LONGEST_WORDS;
const MOST_BUTTONS = 3;
// A word that Markdown takes for nothing else, and what else may touch a number from either side.
const PLAIN_WORD = /^[^*_`~|\\<>[\]!&/@"'\s]*\p{L}[^*_`~|\\<>[\]!&/@"'\s]* ?$/u;
const OPENING = /[(«„]$/;
const CLOSING = /^(?:[)».,:;?…]|!(?!\[))+/;

/** Remembers what its buttons stand for. */
export class Citer {
  #ids = new Map<string, number>();
  #cited: Cited[] = [];

  /** What the button with this `data-cite` stands for. */
  cited(id: string | undefined): Cited | undefined {
    return this.#cited[Number(id)];
  }

  /** In the order of the text, none over another; `settled` are those that lie before `from`. */
  marks(
    { text, at }: Cleaned,
    citations: readonly Citation[] | null,
    sources: readonly Source[],
    settled: readonly Mark[] = [],
    from = 0,
  ): Mark[] {
    const placed = citations?.map((c) => ({ ...c, start: at(c.start), end: at(c.end) })) ?? null;
    const known = new Map(sources.map((source) => [source.n, source]));
    const marks: Mark[] = [];
    const left = new Set<Placed>(placed);
    GROUP.lastIndex = from;
    for (const { 0: raw, index: start } of text.matchAll(GROUP)) {
      const end = start + raw.length;
      const items = placed ? placed.filter((c) => c.start >= start && c.end <= end) : provisional(raw, known);
      for (const item of items) left.delete(item as Placed);
      if (items.length) marks.push({ start, end, raw, words: '', html: this.#numbers(items, known) });
    }
    for (const item of left) {
      const mark = this.#words(text, item);
      if (mark) marks.push(mark);
    }
    marks.sort((a, b) => a.start - b.start || b.end - a.end);
    return [...settled, ...tied(text, apart(marks), from)].slice(0, MOST_MARKS);
  }

  #numbers(items: readonly Cited[], known: ReadonlyMap<number, Source>): string {
    const buttons = items.map((item) => {
      const label = `${item.source ?? item.text.replace(/[[\]\s]/g, '')}`;
      const source = known.get(item.source ?? -1);
      const name = [
        source && item.article && source.address.includes('/st') ? texts.verdicts.article(item.article) : source?.title,
        source?.act_title,
      ];
      const words = texts.verdicts.source(label, name.filter(Boolean).join(', '), verdictOf(item).label);
      return this.#button(item, words, `<span>[</span>${escape(label)}<span>]</span>`);
    });
    return [...new Set(buttons)].join('');
  }

  #words(text: string, item: Placed): Mark | null {
    const runs = text.slice(item.start, item.end).split(SPECIAL);
    const run = runs.reduce((longest, next) => (next.length > longest.length ? next : longest), '');
    const trimmed = run.trim();
    const raw = trimmed.length > LONGEST_WORDS ? (TO_NUMBER.exec(trimmed)?.[0] ?? trimmed) : trimmed;
    if (!raw) return null;
    const start = text.indexOf(raw, item.start);
    const label = texts.verdicts.reference(item.text, verdictOf(item).label);
    const end = start + raw.length;
    return { start, end, raw, words: raw, html: this.#button(item, label, escape(raw)) };
  }

  #button(item: Cited, label: string, inner: string): string {
    const { act, article, address, source, verdict, text } = item;
    const key = JSON.stringify([act, article, address, source, verdict, text]);
    const id = this.#ids.get(key) ?? this.#cited.push({ act, article, address, source, verdict, text }) - 1;
    this.#ids.set(key, id);
    const said = escape(label);
    const mark = verdict ? ` data-verdict="${verdict}"` : '';
    return `<button data-cite="${id}"${mark} aria-label="${said}" title="${said}">${inner}</button>`;
  }
}

/** Numbers together with what they stand behind: no line begins with one. `from` is where a block begins. */
function tied(text: string, marks: readonly Mark[], from: number): Mark[] {
  const rows: Mark[] = [];
  for (const mark of marks) {
    const last = rows.at(-1);
    const gap = last && !mark.words ? text.slice(last.end, mark.start) : null;
    if (last && (gap === '' || gap === ' ')) rows.splice(-1, 1, onOneLine(last, gap + mark.raw, gap + mark.html));
    else rows.push(mark);
  }
  for (const [at, mark] of rows.entries()) {
    const free = text.slice(0, rows[at + 1]?.start ?? text.length);
    rows[at] = tie(free, mark, rows[at - 1]?.end ?? from);
  }
  return rows;
}

function onOneLine(mark: Mark, raw: string, html: string): Mark {
  return { ...mark, end: mark.end + raw.length, raw: mark.raw + raw, words: '', html: mark.html + html };
}

/** In one piece with the word before it, at `from` or behind, and the punctuation after it, where they are no Markdown. */
function tie(text: string, mark: Mark, from: number): Mark {
  const before = text.slice(Math.max(from, mark.start - LONGEST_LINE), mark.start);
  const word = OPENING.exec(before)?.[0] ?? (mark.raw[0] === '[' ? wordAtEnd(before) : '');
  const behind = CLOSING.exec(text.slice(mark.end, mark.end + LONGEST_LINE))?.[0] ?? '';
  const raw = word + mark.raw + behind;
  const buttons = mark.html.split('<button').length - 1;
  const isLink = /[()]/.test(word + behind) && inLink(text, mark.start);
  const alone = raw === mark.raw && buttons === 1;
  if (alone || raw.length > LONGEST_LINE || buttons > MOST_BUTTONS || isLink) return bound(text, mark);
  const html = `<span data-tied="">${escape(word)}${mark.html}${escape(behind)}</span>`;
  return { start: mark.start - word.length, end: mark.end + behind.length, raw, words: '', html };
}

/** With the space after it; empty: none that may go with a number. */
function wordAtEnd(text: string): string {
  const word = /(?<=\s|^)\S+ ?$/.exec(text)?.[0] ?? '';
  return word.length < LONGEST_LINE && PLAIN_WORD.test(word) && !word.includes('www.') ? word : '';
}

/** Whether a bracket here may close the address of a link. */
function inLink(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf('\n', at) + 1, at).includes('](');
}

/** Bound to the punctuation it touches: else a line might break on either side of a button. */
function bound(text: string, mark: Mark): Mark {
  const [before, after] = [/[(«„]/.test(text[mark.start - 1] ?? ''), /[)».,:;!?…]/.test(text[mark.end] ?? '')];
  return { ...mark, html: (before ? BOND : '') + mark.html + (after ? BOND : '') };
}

/** What is said of it in plain words. */
export function verdictOf({ verdict }: Pick<Cited, 'verdict'>): { label: string; explanation: string } {
  return texts.verdicts[verdict ?? 'unchecked'];
}

/** «…» in a paragraph, without the guillemets; for what is highlighted in the article. */
export function quotesIn(paragraph: string): string[] {
  return [...paragraph.matchAll(/«((?:[^«»]|«[^«»]*»)+)»/g)].map(([, quoted]) => (quoted ?? '').trim());
}

function provisional(group: string, known: ReadonlyMap<number, Source>): Cited[] {
  const numbers = [...group.matchAll(NUMBERS)].flatMap(([, first, last]) =>
    range(Number(first), Number(last ?? first)),
  );
  const found = numbers.flatMap((n) => known.get(n) ?? []);
  if (found.length < numbers.length) return [];
  return found.map(({ n, act, article, address }) => ({
    act,
    article: article || null,
    address,
    source: n,
    verdict: null,
    text: `[${n}]`,
  }));
}

function range(first: number, last: number): number[] {
  if (last < first || last - first >= LONGEST_RANGE) return first === last ? [first] : [first, last];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function apart(marks: readonly Mark[]): Mark[] {
  let end = 0;
  return marks.filter((mark) => mark.start >= end && ((end = mark.end), true));
}
