/** Server-sent events out of bytes (HTML standard, «Interpreting an event stream»), wherever the network cut them. */

export interface ServerEvent {
  /** The last id seen so far, as the standard has it. */
  id: string;
  event: string;
  /** Its lines joined with a line feed. */
  data: string;
}

/** A comment: nothing is said but that the other side lives. */
export const PING = 'ping';
export type Frame = ServerEvent | typeof PING;

/** Characters of one event. Nothing of ours comes near it; a peer that never ends an event must not fill the memory. */
export const LARGEST_EVENT = 8 * 1024 * 1024;

export class OversizedEvent extends Error {
  override name = 'OversizedEvent';
}

/** What `feed` returns over all calls does not depend on how the bytes were divided among them. */
export class SseParser {
  #decoder = new TextDecoder(); // drops a byte order mark, waits for the rest of a character
  #tail = '';
  #afterReturn = false; // the last piece ended in \r: a \n that begins the next one belongs to it
  #id = '';
  #event = '';
  #data: string[] = [];
  #size = 0;

  /** What `chunk` completes, in order. Raises OversizedEvent; the parser is of no use after that. */
  feed(chunk: Uint8Array): Frame[] {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (!text) return [];
    if (this.#afterReturn && text.startsWith('\n')) text = text.slice(1);
    this.#afterReturn = text.endsWith('\r');
    const frames: Frame[] = [];
    const rest = this.#lines(text, frames);
    this.#tail += text.slice(rest);
    if (this.#size + this.#tail.length > LARGEST_EVENT) throw new OversizedEvent();
    return frames;
  }

  /** Returns where the line begins that has no end yet. */
  #lines(text: string, frames: Frame[]): number {
    const returns = text.includes('\r');
    let from = 0;
    for (;;) {
      const feed = text.indexOf('\n', from);
      const back = returns ? text.indexOf('\r', from) : -1;
      const end = back >= 0 && (feed < 0 || back < feed) ? back : feed;
      if (end < 0) return from;
      this.#line(this.#tail + text.slice(from, end), frames);
      this.#tail = '';
      from = end + (end === back && feed === back + 1 ? 2 : 1);
    }
  }

  #line(line: string, frames: Frame[]): void {
    if (!line) return this.#dispatch(frames);
    const colon = line.indexOf(':');
    if (colon === 0) {
      frames.push(PING);
      return;
    }
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') this.#add(value);
    else if (name === 'event') this.#event = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
  }

  #add(value: string): void {
    this.#data.push(value);
    this.#size += value.length + 1;
    if (this.#size > LARGEST_EVENT) throw new OversizedEvent();
  }

  #dispatch(frames: Frame[]): void {
    if (this.#data.length) frames.push({ id: this.#id, event: this.#event, data: this.#data.join('\n') });
    this.#event = '';
    this.#data = [];
    this.#size = 0;
  }
}
