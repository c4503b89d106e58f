/** marked's grammar, bounded: whatever the text is, neither the stack nor the time runs away. */

import { Lexer, Tokenizer, type Token } from 'marked';
import { IN_MARK } from './source';

// Quotes and lists one in another; deeper ones are text. marked's time may double with each.
const DEEPEST = 8;
// Emphasis and links one in another.
const DEEPEST_INLINE = 16;

// A paragraph longer than this is lexed in pieces, so that its end can grow without lexing it all again.
const LONG = 2000;
const SOFT = 700;
const HARD = 1800;

/** No raw HTML, no reference definitions (they would change what stands above them). */
export class BoundedTokenizer extends Tokenizer {
  #depth = 0;

  override blockquote(source: string): ReturnType<Tokenizer['blockquote']> {
    return this.#deeper(() => super.blockquote(source));
  }

  override list(source: string): ReturnType<Tokenizer['list']> {
    return this.#deeper(() => super.list(source));
  }

  override html(): undefined {}
  override tag(): undefined {}
  override def(): undefined {}
  override reflink(): undefined {}

  #deeper<T>(lex: () => T): T | undefined {
    if (this.#depth >= DEEPEST) return undefined;
    this.#depth += 1;
    try {
      return lex();
    } finally {
      this.#depth -= 1;
    }
  }
}

export interface Piece {
  type: 'piece';
  raw: string;
  tokens: Token[];
  html?: string;
}

/** Pieces that can change no more are kept in `pieces` from one lexing to the next. */
export class BoundedLexer extends Lexer {
  #depth = 0;
  pieces = new Map<string, Piece>();

  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    if (this.#depth >= DEEPEST_INLINE) tokens.push({ type: 'text', raw: source, text: source });
    else if (source.length > LONG) for (const raw of cut(source)) tokens.push(this.#piece(raw));
    else this.#deeper(source, tokens);
    return tokens;
  }

  #piece(raw: string): Piece {
    let piece = this.pieces.get(raw);
    if (!piece) {
      piece = { type: 'piece', raw, tokens: this.#deeper(raw, []) };
      if (raw.length > SOFT) this.pieces.set(raw, piece);
    }
    return piece;
  }

  #deeper(source: string, tokens: Token[]): Token[] {
    this.#depth += 1;
    try {
      return super.inlineTokens(source, tokens);
    } finally {
      this.#depth -= 1;
    }
  }
}

/** A long text in pieces, each cut where nothing is open; only the last one changes when the text grows. */
export function* cut(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > LONG) {
    const end = start + endOfPiece(text.slice(start, start + LONG));
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

function endOfPiece(text: string): number {
  let last = 0;
  for (const { index } of text.matchAll(/[^\s\\] (?=\S)/g)) {
    const end = index + 2;
    if (end > HARD) break;
    last = end;
    if (end >= SOFT && !isOpen(text.slice(0, end))) return end;
  }
  return last || HARD;
}

function isOpen(text: string): boolean {
  const count = (mark: string) => text.split(mark).length - 1;
  return (
    '*_`~'.split('').some((mark) => count(mark) % 2) ||
    count('[') !== count(']') ||
    /\]\([^)\n]*$/.test(text) ||
    IN_MARK.test(text)
  );
}
