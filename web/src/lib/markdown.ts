/** The text of an answer as DOM that grows with it: only what can still change is lexed again. */

import { Citer, quotesIn, type Cited } from './citations';
import { append, container, elements, morph, places } from './markdown/dom';
import { Markdown, type Block } from './markdown/html';
import { clean, encode, NOTHING, type Cleaned, type Mark } from './markdown/source';
import type { Citation, Source } from './types';

export interface Shown {
  text: string;
  citations: readonly Citation[] | null;
  sources: readonly Source[];
  busy: boolean;
}

interface Live {
  tag: Block['tag'];
  start: number;
  element: Element;
  /** Where its parts are, in their order. */
  places: HTMLCollection;
  /** The HTML that each part was made from. */
  parts: string[];
}

// Characters lexed at once: what is longer, or checked at the end, is drawn over several frames.
const SLICE = 2500;
// HTML made into nodes at once, a character of the text lexed.
const HTML_A_CHARACTER = 6;
// The last blocks (of a list items, of a table rows) may still change with what comes after them.
const UNSETTLED = 2;
// Blocks before the last settled one that the page draws even when they are out of sight.
const NEAR = 12;
// A drawing is followed by this many times its cost of rest, while the text is being written.
const REST = 6;
const MOST_REST = 1000; // ms
const QUOTING = 'p, li, td, th, h3, h4, blockquote';

/** Draws into `root` at most once a frame. What it has drawn at the end depends on the last `show` alone; what one
 * drawing costs depends on what is new, not on how long the text has become. */
export class AnswerView {
  #root: HTMLElement;
  #markdown = new Markdown();
  #citer = new Citer();
  #shown: Shown = { text: '', citations: null, sources: [], busy: false };
  #drawn = this.#shown;
  #source: Cleaned = NOTHING;
  #marks: Mark[] = [];
  #lives: Live[] = [];
  // Settled: the text up to #settled; the blocks before #block; of that block #parts, whose rest is lexed behind #lead.
  #settled = 0;
  #block = 0;
  #parts = 0;
  #lead = '';
  #budget = 0;
  #timer: ReturnType<typeof setTimeout> | 0 = 0;
  #frame = 0;
  #rested = 0;

  constructor(
    root: HTMLElement,
    private readonly slice = SLICE,
  ) {
    this.#root = root;
  }

  /** Draw what is bounded at once, unless the last drawing was just now, and the rest soon. */
  show(shown: Shown): void {
    this.#shown = shown;
    if (!this.#timer && !this.#frame && (!this.#lives.length || performance.now() >= this.#rested)) this.#paint();
    else this.#soon();
  }

  /** Draw now, as much as is bounded; whether that was all. */
  draw(most = this.slice): boolean {
    this.#read();
    const { text } = this.#source;
    this.#budget = most * HTML_A_CHARACTER;
    let blocks: Block[];
    let settling: number;
    let all: boolean;
    do {
      const end = Math.min(text.length, this.#settled + most);
      all = end === text.length;
      blocks = this.#markdown.blocks(encode(text, this.#settled, end, this.#marks), this.#marks, this.#lead);
      settling = blocks.reduce((sum, { lengths }) => sum + lengths.length, -UNSETTLED);
      most *= 2; // one block that long
    } while (!all && settling <= 0);
    return this.#place(blocks, Math.max(0, settling), all) && all;
  }

  /** What the button that was hit stands for, and the quotations beside it. */
  cited(target: EventTarget | null): (Cited & { quotes: string[] }) | null {
    const button = target instanceof Element ? target.closest<HTMLElement>('button.cite') : null;
    const cited = this.#citer.cited(button?.dataset['cite']);
    return cited ? { ...cited, quotes: quotesIn(button?.closest(QUOTING)?.textContent ?? '') } : null;
  }

  stop(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#timer = this.#frame = 0;
  }

  #soon(): void {
    const wait = this.#shown.busy ? this.#rested - performance.now() : 0;
    if (this.#frame || (this.#timer && wait > 0)) return;
    this.stop();
    if (wait > 0) this.#timer = setTimeout(() => this.#request(), wait);
    else this.#request();
  }

  #request(): void {
    this.#timer = 0;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint(): void {
    const began = performance.now();
    this.#rested = began + MOST_REST; // until it is known
    const all = this.draw();
    setTimeout(() => {
      // After the frame, so that layout and painting count.
      const now = performance.now();
      this.#rested = now + Math.min(MOST_REST, REST * (now - began));
    });
    if (!all) this.#request();
  }

  /** What has changed in `#shown` since the last drawing. */
  #read(): void {
    const { text, citations, sources } = this.#shown;
    const [was, before] = [this.#drawn, this.#source.text];
    if (was === this.#shown) return;
    this.#drawn = this.#shown;
    if (text !== was.text) this.#source = clean(text, was.text, this.#source);
    const goesOn = this.#source.text.startsWith(before.slice(0, this.#settled));
    if (!goesOn || citations !== was.citations || sources !== was.sources) {
      this.#settled = this.#block = this.#parts = 0;
      this.#lead = '';
      this.#markdown.forget();
    }
    const settled = this.#marks.filter(({ end }) => end <= this.#settled);
    this.#marks = this.#citer.marks(
      this.#source,
      citations,
      sources,
      citations ? [] : settled,
      citations ? 0 : this.#settled,
    );
  }

  // -- blocks into their places ---------------------------------------------------------------------

  /** Whether everything has found its place; else what has stays, and the same blocks are to be placed again. */
  #place(blocks: readonly Block[], settling: number, all: boolean): boolean {
    const first = this.#block;
    let left = settling;
    for (const [index, block] of blocks.entries()) {
      const settled = Math.min(left, block.lengths.length);
      left -= settled;
      const kept = index ? 0 : this.#parts;
      const whole = all || settled === block.lengths.length;
      if (!whole && !settled) return true;
      if (!this.#patch(first + index, block, kept, whole ? block.parts.length : settled)) return false;
      if (settled) this.#settle(block, first + index, kept, settled);
      if (all || (whole && index < blocks.length - 1)) this.#trim(first + index, kept + block.parts.length);
    }
    if (all) for (const live of this.#lives.splice(first + blocks.length)) live.element.remove();
    return true;
  }

  #settle({ lengths, lead }: Block, index: number, kept: number, settled: number): void {
    const whole = settled === lengths.length;
    this.#settled += lengths.slice(0, settled).reduce((sum, length) => sum + length, 0);
    this.#block = whole ? index + 1 : index;
    this.#parts = whole ? 0 : kept + settled;
    this.#lead = whole ? '' : lead;
    this.#lives[index - NEAR]?.element.classList.add('far');
  }

  #patch(index: number, block: Block, kept: number, count: number): boolean {
    const live = this.#live(index, block, kept);
    const changed = block.parts.flatMap((html, at) => (at < count && live.parts[kept + at] !== html ? [at] : []));
    if (!changed.length) return true;
    const now = changed.filter((at, nth) => !nth || (this.#budget -= block.parts[at]?.length ?? 0) > 0);
    const fresh = elements(now.map((at) => block.parts[at]).join(''), block.tag);
    now.forEach((at, nth) => {
      const element = fresh[nth];
      live.parts[kept + at] = block.parts[at] ?? '';
      if (!element) return;
      const there = block.tag ? live.places[kept + at] : live.element;
      if (!there) append(live.element, element);
      else if (!block.tag) live.element = morph(there, element) as Element;
      else morph(there, element);
    });
    return now.length === changed.length;
  }

  /** The block in this place; another if that is of another kind. */
  #live(index: number, { tag, start }: Block, kept: number): Live {
    const there = this.#lives[index];
    if (there && there.tag === tag && (kept || there.start === start)) return there;
    const element = container(tag || 'p');
    if (start !== 1) element.setAttribute('start', `${start}`);
    if (there) there.element.replaceWith(element);
    else this.#root.append(element);
    return (this.#lives[index] = { tag, start, element, places: places(element), parts: [] });
  }

  #trim(index: number, count: number): void {
    const live = this.#lives[index];
    if (!live || live.parts.length <= count) return;
    live.parts.length = count;
    while (live.places.length > count) live.places[count]?.remove();
  }
}
