/** Markdown → blocks of HTML. Nothing of the text gets into the HTML but escaped; what we write needs no attribute but
 * `href`, `start`, and those of our buttons. */

import { getDefaults, Parser, Renderer, type MarkedOptions, type Token, type Tokens } from 'marked';
import { BoundedLexer, BoundedTokenizer, type Piece } from './grammar';
import { decode, MARK_HERE, MARK_START, markOf, type Mark } from './source';

/** A block of the answer: an element whole (`tag` is empty, one part) or one in which the parts stand. */
export interface Block {
  tag: '' | 'p' | 'ol' | 'ul' | 'table' | 'pre';
  start: number;
  /** HTML, each of exactly one element: a list's items, a table's rows, a code's or a long paragraph's pieces. */
  parts: string[];
  /** How long the sources of what can be frozen are: the parts, but of a paragraph the whole. */
  lengths: number[];
  /** Before the source of the parts from any on, so that it is read as in its block. */
  lead: string;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

/** As in Markdown, where `&nbsp;` is a character. */
function escapeText(text: string): string {
  return text.replace(/[<>"']|&(?!#\d{1,7};|#x[\da-f]{1,6};|\w+;)/gi, (character) => ESCAPES[character] ?? '');
}

/** An address that a link may have; null: none. */
export function safeHref(href: string): string | null {
  if (/^\/law\/[^\\\s]*$/.test(href) && !href.includes('..')) return encodeURI(href);
  try {
    const url = new URL(href);
    return /^https?:$/.test(url.protocol) && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}

class AnswerRenderer extends Renderer {
  marks: readonly Mark[] = [];
  #inLink = false;

  override text(token: Tokens.Text | Tokens.Escape): string {
    return 'tokens' in token && token.tokens ? this.#inline(token.tokens) : escapeText(decode(token.text, this.marks));
  }

  override code({ text }: Tokens.Code): string {
    return `<pre>${this.codePiece(text)}</pre>`;
  }

  codePiece(text: string): string {
    return `<code>${escape(decode(text, this.marks))}</code>`;
  }

  override codespan({ text }: Tokens.Codespan): string {
    return `<code>${escape(decode(text, this.marks))}</code>`;
  }

  // A page has headings of its own above an answer's.
  override heading({ tokens, depth }: Tokens.Heading): string {
    const tag = depth < 4 ? 'h3' : 'h4';
    return `<${tag}>${this.#inline(tokens)}</${tag}>`;
  }

  override list({ ordered, start, items }: Tokens.List): string {
    const tag = ordered ? 'ol' : 'ul';
    return `<${tag}${ordered && start !== 1 ? ` start="${start}"` : ''}>${items.map((item) => this.listitem(item)).join('')}</${tag}>`;
  }

  // Unlike marked's, an item looks the same whatever the items after it are.
  override listitem({ tokens, task, checked }: Tokens.ListItem): string {
    const isText = ({ type }: Token) => type === 'text' || type === 'paragraph';
    const several = tokens.filter(isText).length > 1;
    const inner = tokens.map((token) => {
      if (!isText(token)) return token.type === 'checkbox' ? '' : this.parser.parse([token]);
      const text = this.#inline((token as Tokens.Text).tokens ?? []);
      return several ? `<p>${text}</p>` : text;
    });
    return `<li>${task ? (checked ? '☑ ' : '☐ ') : ''}${inner.join('')}</li>`;
  }

  override checkbox(): string {
    return '';
  }

  override table({ header, rows }: Tokens.Table): string {
    const body = rows.map((cells) => this.row(cells)).join('');
    return `<div><table><thead>${this.row(header)}</thead>${body && `<tbody>${body}</tbody>`}</table></div>`;
  }

  row(cells: Tokens.TableCell[]): string {
    const cell = ({ header, tokens }: Tokens.TableCell) => {
      const tag = header ? 'th' : 'td';
      return `<${tag}>${this.#inline(tokens)}</${tag}>`;
    };
    return `<tr>${cells.map(cell).join('')}</tr>`;
  }

  override link({ href, tokens }: Tokens.Link): string {
    const safe = safeHref(decode(href, this.marks));
    if (safe === null || this.#inLink) return this.#inline(tokens);
    this.#inLink = true;
    try {
      return `<a href="${escape(safe)}">${this.#inline(tokens)}</a>`;
    } finally {
      this.#inLink = false;
    }
  }

  // Nothing is ever loaded: the words that stand for the picture.
  override image({ text }: Tokens.Image): string {
    return escapeText(decode(text, this.marks));
  }

  cite({ open, words }: { open: string; words: string }): string {
    const mark = markOf(open, this.marks);
    return mark && !this.#inLink ? mark.html : escape(words || (mark?.raw ?? ''));
  }

  piece(piece: Piece): string {
    return (piece.html ??= `<span>${this.#inline(piece.tokens)}</span>`);
  }

  #inline(tokens: Token[]): string {
    return this.parser.parseInline(tokens);
  }
}

// Lines of code that stand in one element.
const CODE = 40;

function inPieces(lines: readonly string[]): string[] {
  const count = Math.max(1, Math.ceil(lines.length / CODE));
  return Array.from({ length: count }, (_, at) => lines.slice(at * CODE, (at + 1) * CODE).join(''));
}

/** The beginning of a table of so many columns. */
function leadOf(columns: number): string {
  return `|${'а|'.repeat(columns)}\n|${'-|'.repeat(columns)}\n`;
}

export class Markdown {
  #renderer = new AnswerRenderer();
  #options: MarkedOptions;
  #parser: Parser;
  #pieces = new Map<string, Piece>();

  constructor() {
    this.#options = {
      ...getDefaults(),
      tokenizer: new BoundedTokenizer(),
      renderer: this.#renderer,
      extensions: {
        childTokens: {},
        inline: [citeHere],
        startInline: [(source) => source.search(MARK_START)],
        renderers: {
          cite: (token) => this.#renderer.cite(token as unknown as { open: string; words: string }),
          piece: (token) => this.#renderer.piece(token as unknown as Piece),
        },
      },
    };
    this.#parser = new Parser(this.#options);
  }

  /** Before text or marks are others than those before with more at the end. */
  forget(): void {
    this.#pieces.clear();
  }

  /** What an encoded text says behind the `lead` of its first block; never raises. Their lengths are those of the text
   * decoded, and together all of it. */
  blocks(encoded: string, marks: readonly Mark[], lead = ''): Block[] {
    this.#renderer.marks = marks;
    try {
      return this.#blocks(encoded, lead);
    } catch {
      const plain = decode(encoded, marks); // what marked cannot take is shown as it stands
      return [{ tag: '', start: 1, parts: [`<p>${escape(plain)}</p>`], lengths: [plain.length], lead: '' }];
    }
  }

  #blocks(encoded: string, lead: string): Block[] {
    const lexer = new BoundedLexer(this.#options);
    lexer.pieces = this.#pieces;
    const blocks: Block[] = [];
    let blank = 0;
    let whole = -lead.length;
    for (const token of lexer.lex(lead + encoded)) {
      whole += token.raw.length;
      const length = this.#length(token.raw);
      const last = blocks.at(-1)?.lengths;
      if (token.type !== 'space') blocks.push(this.#block(token, length, blocks.length ? '' : lead));
      else if (last) last.push((last.pop() ?? 0) + length);
      else blank += length;
    }
    const first = blocks[0]?.lengths;
    if (first) first.unshift((first.shift() ?? 0) + blank);
    if (whole !== encoded.length) throw new RangeError('marked lost its place');
    return blocks;
  }

  #length(raw: string): number {
    return decode(raw, this.#renderer.marks).length;
  }

  #block(token: Token, length: number, lead: string): Block {
    const left = length - lead.length;
    if (token.type === 'list') return this.#list(token as Tokens.List, left);
    if (token.type === 'table') return this.#table(token as Tokens.Table, left, lead);
    if (token.type === 'code' && !token['codeBlockStyle']) return this.#code(token as Tokens.Code, left, lead);
    const tokens = token.type === 'paragraph' ? (token.tokens ?? []) : [];
    const isLong = tokens[0]?.type === 'piece';
    const parts = isLong ? tokens.map((piece) => this.#parser.parseInline([piece])) : [this.#parser.parse([token])];
    return { tag: isLong ? 'p' : '', start: 1, parts, lengths: [left], lead: '' };
  }

  #list({ ordered, start, items }: Tokens.List, length: number): Block {
    const lengths = this.#lengths(
      items.map(({ raw }) => raw),
      length,
    );
    const parts = items.map((item) => this.#renderer.listitem(item));
    return { tag: ordered ? 'ol' : 'ul', start: start === '' ? 1 : start, parts, lengths, lead: '' };
  }

  #table({ raw, header, rows }: Tokens.Table, length: number, lead: string): Block {
    const [first = '', second = '', ...lines] = raw.split(/(?<=\n)/);
    const all = lead ? rows : [header, ...rows];
    const parts = all.map((cells) => this.#renderer.row(cells));
    const raws = lead ? lines : [first + second, ...lines];
    const lengths = this.#lengths(raws.slice(0, parts.length), length);
    return { tag: 'table', start: 1, parts, lengths, lead: leadOf(header.length) };
  }

  #code({ raw, text }: Tokens.Code, length: number, lead: string): Block {
    const [fence = '', ...lines] = raw.split(/(?<=\n)/);
    const parts = inPieces(text.split(/(?<=\n)/)).map((piece) => this.#renderer.codePiece(piece));
    const raws = inPieces(lines).slice(0, parts.length);
    raws[0] = (lead ? '' : fence) + (raws[0] ?? '');
    return {
      tag: 'pre',
      start: 1,
      parts,
      lengths: this.#lengths(raws, length),
      lead: decode(fence, this.#renderer.marks),
    };
  }

  /** All of them together are `length`: the last one has what is left. */
  #lengths(raws: readonly string[], length: number): number[] {
    const lengths = raws.slice(0, -1).map((raw) => this.#length(raw));
    return [...lengths, lengths.reduce((left, taken) => left - taken, length)];
  }
}

function citeHere(source: string): Tokens.Generic | undefined {
  const [raw, open, words] = MARK_HERE.exec(source) ?? [];
  return raw ? { type: 'cite', raw, open, words } : undefined;
}
