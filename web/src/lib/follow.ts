/** Reads a run from the server until its end, however often the connection breaks. */

import { ApiError } from './api';
import { Backoff } from './backoff';
import { clock } from './clock';
import { isOver, reduce, type RunEvent } from './run';
import { OversizedEvent, PING, type Frame } from './sse';
import { Dropped, readEvents, readJson } from './stream';
import type { RunView } from './types';
import { browser, type Signal, type World } from './world';

/** `reconnecting`: there has been no connection for a while; `since`: ms of the wall clock. `paused`: the page is hidden. */
export type Connection = { state: 'live' } | { state: 'reconnecting'; since: number } | { state: 'paused' };

export interface Handlers {
  /** Once for each piece of the stream; always the same object, changed in place. */
  changed(view: RunView): void;
  connection(state: Connection): void;
  /** The run is over, and the view says all there is to say of it. Nothing follows. */
  settled(): void;
  /** The server will not tell (any more): 404 it is gone, 401 a key is needed. Nothing follows. */
  refused(error: ApiError): void;
}

/** Milliseconds without a connection that are worth a word. */
const LASTING = 700;
/** Milliseconds that a hidden page keeps its stream: a browser has six connections a server, over all tabs. */
const HIDDEN = 5_000;
/** Tries for what only the server's own view of an ended run says (whether it can be continued). */
const LAST_WORD = 3;

/** Follow a run: from a view of it, or, by its id, from the server's view of now.
 *
 * Every event is applied once and in order. Ends by itself after the run's last event; `stop` ends it at once, and no
 * handler is called after that. `silence`: ms without a byte after which a connection counts as dropped.
 */
export function follow(run: string | RunView, handlers: Handlers, silence: number, world: World = browser): Follower {
  return new Follower(run, handlers, silence, world);
}

export class Follower {
  readonly #id: string;
  #view: RunView | null;
  /** The view is to be had from the server before anything else. */
  #stale: boolean;
  /** The end is known with all that only the server's view says of it. */
  #settled = false;
  #stopped = false;
  #asleep = false;
  /** What is under way: a connection, or a wait that something may cut short. */
  #attempt: AbortController | null = null;
  #skip: (() => void) | null = null;
  /** When the last byte came, or the connection was begun. */
  #heard = 0;
  #down: { since: number; cancel: () => void } | null = null;
  #told: Connection['state'] = 'live';
  #cancelHiding: (() => void) | null = null;
  readonly #backoff: Backoff;
  readonly #unlisten: () => void;

  constructor(
    run: string | RunView,
    private readonly handlers: Handlers,
    private readonly silence: number,
    private readonly world: World,
  ) {
    this.#id = typeof run === 'string' ? run : run.id;
    this.#view = typeof run === 'string' ? null : run;
    this.#stale = this.#view === null;
    this.#backoff = new Backoff(world);
    this.#unlisten = world.listen((signal) => this.#signal(signal));
    if (!world.visible()) this.#hide();
    void this.#live();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#unlisten();
    this.#cancelHiding?.();
    this.#down?.cancel();
    this.#interrupt();
  }

  // -- the life of a follower ----------------------------------------------------------------------

  async #live(): Promise<void> {
    while (!this.#stopped) {
      const failure = this.#asleep ? null : await this.#connect();
      if (this.#stopped) return;
      if (this.#view && !this.#stale && isOver(this.#view)) break;
      if (this.#asleep) await this.#wait(Infinity);
      else if (failure instanceof ApiError && !failure.passing) return this.#refuse(failure);
      else if (failure) await this.#pause(failure);
    }
    if (!this.#stopped) await this.#finish();
  }

  /** One connection, from its beginning to its end. Returns why it failed; null when we ended it ourselves. */
  async #connect(): Promise<Error | null> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#heard = this.world.now();
    this.#fall();
    try {
      if (this.#stale) await this.#fetch(attempt.signal);
      if (!isOver(this.#view as RunView)) await this.#read(attempt.signal);
      return this.#stale ? new Dropped('events are missing') : null;
    } catch (error) {
      return attempt.signal.aborted ? null : (error as Error);
    } finally {
      this.#attempt = null;
      if (!this.#stopped) this.#fall();
    }
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const view = await readJson<RunView>(this.world, `/api/v1/responses/${this.#id}`, this.silence, signal);
    if (signal.aborted || view?.id !== this.#id) throw new Dropped('given up, or not from the server');
    clock.sync(view.now);
    this.#view = this.#view ? Object.assign(this.#view, view) : view;
    this.#stale = false;
    this.#settled = isOver(view);
    this.handlers.changed(this.#view);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const path = `/v1/responses/${this.#id}?stream=true&starting_after=${(this.#view as RunView).last_seq}`;
    const listener = {
      opened: () => this.#rise(),
      alive: () => (this.#heard = this.world.now()),
      // A piece may come after the connection was given up.
      hear: (frames: Frame[]) => !signal.aborted && this.#hear(frames),
    };
    try {
      await readEvents(this.world, path, this.silence, signal, listener);
    } catch (error) {
      const unknown = error instanceof ApiError && error.status === 400; // a position that its log does not have
      if (!unknown && !(error instanceof OversizedEvent)) throw error;
      this.#stale = true; // the server's view leads past it
      throw new Dropped(String(error), { cause: error });
    }
  }

  /** Returns false when there is nothing more to hear. */
  #hear(frames: Frame[]): boolean {
    const view = this.#view as RunView;
    const before = view.last_seq;
    for (const frame of frames) {
      if (frame === PING) this.#backoff.reset();
      else if (reduce(view, parsed(frame.data), clock.server()) === 'fault') this.#stale = true;
      if (this.#stale || isOver(view)) break;
    }
    if (view.last_seq > before) {
      this.#backoff.reset();
      this.handlers.changed(view);
    }
    return !this.#stale && !isOver(view);
  }

  /** The run is over. Whether it can be continued only the server's view says; without it the answer is whole, too. */
  async #finish(): Promise<void> {
    this.#rise();
    const { status } = this.#view as RunView;
    this.#settled ||= status !== 'incomplete' && status !== 'cancelled';
    for (let tries = LAST_WORD; !this.#settled && tries > 0 && !this.#stopped; tries--) {
      this.#attempt = new AbortController();
      try {
        await this.#fetch(this.#attempt.signal);
      } catch {
        await this.#wait(this.#backoff.next());
      }
    }
    if (this.#settled && !this.#stopped) this.handlers.settled();
    this.stop();
  }

  #refuse(error: ApiError): void {
    this.stop();
    this.handlers.refused(error);
  }

  // -- waiting -------------------------------------------------------------------------------------

  /** Before the next try. What the server asks for is kept whatever happens; our own wait ends when there is hope. */
  async #pause(failure: Error): Promise<void> {
    const asked = failure instanceof ApiError ? failure.retryAfter * 1000 : 0;
    const own = this.#backoff.next();
    if (asked > own) await this.#wait(asked, false);
    else await this.#wait(own);
  }

  #wait(milliseconds: number, skippable = true): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#skip = null;
        resolve();
      };
      const cancel = milliseconds === Infinity ? () => {} : this.world.after(milliseconds, done);
      if (this.#stopped) done();
      else this.#skip = () => (skippable || this.#stopped) && done();
    });
  }

  #interrupt(): void {
    this.#attempt?.abort();
    this.#skip?.();
  }

  #signal(signal: Signal): void {
    if (signal === 'hidden') this.#hide();
    else if (signal === 'frozen') this.#sleep();
    else if (signal === 'shown') this.#show();
    else if (!this.#asleep) this.#interrupt(); // online: what is open went over the network that is gone
  }

  #hide(): void {
    this.#cancelHiding ??= this.world.after(HIDDEN, () => this.#sleep());
  }

  #sleep(): void {
    if (this.#asleep) return;
    this.#asleep = true;
    this.#interrupt();
    this.#down?.cancel();
    this.#down = null;
    this.#tell({ state: 'paused' });
  }

  #show(): void {
    this.#cancelHiding?.();
    this.#cancelHiding = null;
    const overdue = this.world.now() - this.#heard > this.silence / 2; // a heartbeat has not come
    if (this.#asleep) this.#asleep = false;
    else if (this.#attempt && !overdue) return;
    this.#interrupt();
  }

  // -- the connection's state ----------------------------------------------------------------------

  #rise(): void {
    this.#down?.cancel();
    this.#down = null;
    this.#tell({ state: 'live' });
  }

  /** There is no connection; may be said again while there is none. */
  #fall(): void {
    if (this.#down || this.#asleep) return;
    const since = this.world.now();
    const cancel = this.world.after(LASTING, () => this.#tell({ state: 'reconnecting', since }));
    this.#down = { since, cancel };
  }

  #tell(state: Connection): void {
    if (this.#stopped || state.state === this.#told) return;
    this.#told = state.state;
    this.handlers.connection(state);
  }
}

function parsed(data: string): RunEvent {
  try {
    return (JSON.parse(data) ?? {}) as RunEvent;
  } catch {
    return { type: '', sequence_number: NaN };
  }
}
