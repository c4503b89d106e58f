/** A world for the stream client whose clock, network and page are moved by hand. */

import type { Signal, World } from '../../src/lib/world';

const ENCODER = new TextEncoder();

/** One request that was made; the test answers it. */
export class Call {
  readonly aborted: Promise<void>;
  #resolve!: (response: Response) => void;
  #reject!: (error: unknown) => void;
  #body: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly response: Promise<Response>;

  constructor(
    readonly path: string,
    readonly init: RequestInit,
  ) {
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.response.catch(() => {});
    this.aborted = new Promise((resolve) => init.signal?.addEventListener('abort', () => resolve()));
    void this.aborted.then(() => this.break());
  }

  get isAborted(): boolean {
    return this.init.signal?.aborted === true;
  }

  json(body: unknown, status = 200, headers: Record<string, string> = {}): void {
    const all = { 'Content-Type': 'application/json', ...headers };
    this.#resolve(new Response(JSON.stringify(body), { status, headers: all }));
  }

  refuse(status: number, code = 'refused', headers: Record<string, string> = {}): void {
    this.json({ error: { code, message: `Отказ ${status}` } }, status, headers);
  }

  /** Answer with a stream; then `send`. */
  open(): this {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.#body = controller) });
    this.#resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } }));
    return this;
  }

  send(...events: { type: string; sequence_number: number }[]): this {
    return this.raw(events.map(framed).join(''));
  }

  raw(text: string): this {
    this.#body?.enqueue(ENCODER.encode(text));
    return this;
  }

  end(): void {
    this.#body?.close();
    this.#body = null;
  }

  /** The network is gone. */
  break(): void {
    const error = new TypeError('network error');
    this.#reject(error);
    this.#body?.error(error);
    this.#body = null;
  }
}

export function framed(event: { type: string; sequence_number: number }): string {
  return `id: ${event.sequence_number}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

export class FakeWorld implements World {
  time = 1_700_000_000_000;
  isVisible = true;
  isOnline = true;
  chance = 0;
  readonly calls: Call[] = [];
  readonly listeners = new Set<(signal: Signal) => void>();
  readonly timers = new Set<{ at: number; work: () => void }>();

  async fetch(path: string, init: RequestInit): Promise<Response> {
    const call = new Call(path, init);
    if (init.signal?.aborted) throw new TypeError('aborted');
    this.calls.push(call);
    return call.response;
  }

  now(): number {
    return this.time;
  }

  after(milliseconds: number, work: () => void): () => void {
    const timer = { at: this.time + milliseconds, work };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  random(): number {
    return this.chance;
  }

  visible(): boolean {
    return this.isVisible;
  }

  online(): boolean {
    return this.isOnline;
  }

  listen(hear: (signal: Signal) => void): () => void {
    this.listeners.add(hear);
    return () => this.listeners.delete(hear);
  }

  // -- what a test does with it --------------------------------------------------------------------

  /** The request made last. */
  get last(): Call {
    const call = this.calls.at(-1);
    if (!call) throw new Error('nothing was asked');
    return call;
  }

  async signal(signal: Signal): Promise<void> {
    if (signal === 'shown') this.isVisible = true;
    if (signal === 'hidden') this.isVisible = false;
    if (signal === 'online') this.isOnline = true;
    for (const hear of [...this.listeners]) hear(signal);
    await settled();
  }

  /** Let time pass, timer by timer. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      await settled();
      const next = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.time = Math.max(this.time, next.at);
      this.timers.delete(next);
      next.work();
    }
    this.time = end;
    await settled();
  }

  /** The machine sleeps: the clock goes on, no timer does. */
  sleep(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of this.timers) timer.at += milliseconds;
  }
}

/** Everything that can happen without time passing has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve));
}
