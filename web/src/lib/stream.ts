/** One connection to the server, watched for silence. */

import { ApiError, refusal } from './api';
import { OversizedEvent, SseParser, type Frame } from './sse';
import type { World } from './world';

/** Milliseconds until an answer must begin. Every route here begins at once; behind a dead network nothing does. */
const REACH = 10_000;
/** Milliseconds between two looks at the clock: a machine that has slept notices soon after it wakes. */
const LOOK = 5_000;

/** Bytes of a piece that only comes when there is much to catch up with: each gets a turn of its own, lest many of them
 * in a row hold the page up. */
const MUCH = 16 * 1024;

/** The connection is of no more use; what is at its other end may well go on. */
export class Dropped extends Error {
  override name = 'Dropped';
}

export interface Listener {
  /** The server has answered; events follow. */
  opened(): void;
  /** What one piece of the stream completes, never empty. Returns false to end the reading. */
  hear(frames: Frame[]): boolean;
  /** A byte came. */
  alive(): void;
}

/** Read events until the listener has enough. Raises ApiError for a refusal, OversizedEvent, else Dropped: at the
 * stream's end, too. */
export async function readEvents(
  world: World,
  path: string,
  silence: number,
  signal: AbortSignal,
  to: Listener,
): Promise<void> {
  await request(world, path, 'text/event-stream', silence, signal, async (response, alive) => {
    to.opened();
    const parser = new SseParser();
    for await (const chunk of pieces(response)) {
      alive();
      to.alive();
      const frames = parser.feed(chunk);
      if (frames.length && !to.hear(frames)) return;
      if (chunk.length > MUCH) await new Promise<void>((resolve) => void world.after(0, resolve));
    }
    throw new Dropped('the end without a last event');
  });
}

/** A JSON document. Raises ApiError for a refusal, else Dropped. */
export async function readJson<T>(world: World, path: string, silence: number, signal: AbortSignal): Promise<T> {
  return request(world, path, 'application/json', silence, signal, async (response) => (await response.json()) as T);
}

/** `read` the answer to a GET while bytes come; the connection is closed on every way out. */
async function request<T>(
  world: World,
  path: string,
  kind: string,
  silence: number,
  signal: AbortSignal,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const connection = new AbortController();
  const close = () => connection.abort();
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  const watch = new Watch(world, Math.min(REACH, silence), close);
  try {
    const headers = { Accept: kind };
    const response = await world.fetch(path, { headers, cache: 'no-store', signal: connection.signal });
    watch.heard(silence);
    if (!response.ok) throw refusal(response, await response.text());
    // A hotel's log-in page answers anything with 200.
    if (!response.headers.get('Content-Type')?.startsWith(kind)) throw new Dropped('not from the server');
    return await read(response, () => watch.heard(silence));
  } catch (error) {
    if (error instanceof ApiError || error instanceof Dropped || error instanceof OversizedEvent) throw error;
    throw new Dropped(String(error), { cause: error });
  } finally {
    watch.stop();
    signal.removeEventListener('abort', close);
    close();
  }
}

async function* pieces(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) return;
    yield piece.value;
  }
}

/** Calls `silent` once when nothing was heard for as long as was allowed last. */
class Watch {
  #heard: number;
  #cancel: () => void = () => {};

  constructor(
    private readonly world: World,
    private limit: number,
    private readonly silent: () => void,
  ) {
    this.#heard = world.now();
    this.#look();
  }

  heard(limit: number): void {
    this.#heard = this.world.now();
    if (limit !== this.limit) {
      this.limit = limit;
      this.#cancel();
      this.#look();
    }
  }

  stop(): void {
    this.#cancel();
  }

  #look = (): void => {
    this.#heard = Math.min(this.#heard, this.world.now()); // the clock was set back
    const left = this.#heard + this.limit - this.world.now();
    if (left <= 0) this.silent();
    else this.#cancel = this.world.after(Math.min(left, LOOK), this.#look);
  };
}
