/** What was asked, on its way to the server: kept over lost connections and reloads, sent once.
 *
 * An order is stored before it is sent and erased once the server has decided on it. The Idempotency-Key made with it
 * lets the server see a repetition; a lock named after it lets one tab at a time send it: the one where it was given
 * or, when that is gone, any other.
 */

import { createSubscriber } from 'svelte/reactivity';
import { api, ApiError, type Options } from './api';
import { Backoff } from './backoff';
import { keep, type Keep } from './keep';
import { lock, tabs, unique, type Lock } from './tabs';
import { browser, type World } from './world';

const PREFIX = 'advakod.outbox.';
/** Milliseconds that a tab has to take the lock of what was asked in it: others may hear of the order before. */
const HEAD_START = 1_000;

export type Kind = 'ask' | 'continue' | 'again' | 'stop';

/** As it is stored. */
export interface Order {
  key: string;
  kind: Kind;
  /** Whose it is: never sent with another's key. */
  owner: string;
  path: string;
  body: unknown;
  question: string | null;
  conversation: string | null;
  /** The run that is stopped, continued, asked again, or followed up. */
  run: string | null;
  /** Seconds, by this machine's clock. */
  created_at: number;
}

/** An order as a person sees it. */
export interface Pending extends Order {
  /** `refused`: by the server, after the page that gave it was gone; it stays until it is withdrawn. */
  state: 'sending' | 'waiting' | 'refused';
  /** Why it waits or was refused. */
  failure: ApiError | null;
}

export interface Asked {
  /** Of the order. */
  key: string;
  run: string;
  conversation: string | null;
  question: string | null;
}

export interface Question {
  question: string;
  conversation?: string | null;
  previous_response_id?: string | null;
}

/** What the outbox stands on; the browser's by default. */
export interface Ground {
  world: World;
  keep: Keep;
  lock: Lock | null;
  post(path: string, body: unknown, options: Options): Promise<unknown>;
  /** An order was taken. */
  taken(asked: Asked): void;
}

const ground: Ground = {
  world: browser,
  keep,
  lock,
  post: (path, body, options) => api.post(path, body, options),
  taken: ({ conversation, key }) => tabs.tell({ conversation, order: key }),
};

/** null: it was withdrawn. */
type Answer = Asked | null;

class Entry {
  state: Pending['state'] = 'waiting';
  failure: ApiError | null = null;
  stored = false;
  readonly left = new AbortController();
  /** Of who waits for it in this page; null when an earlier page gave the order. */
  asker: { resolve(answer: Answer): void; reject(error: ApiError): void } | null = null;

  constructor(readonly order: Order) {}
}

export class Outbox {
  readonly #entries = new Map<string, Entry>();
  #owner: string | null = null;
  #pending: readonly Pending[] = [];
  #lanes: Record<'questions' | 'stops', Promise<void>> = { questions: Promise.resolve(), stops: Promise.resolve() };
  #skips = new Set<(signedIn: boolean) => void>();
  #update: () => void = () => {};
  readonly #subscribe = createSubscriber((update) => {
    this.#update = update;
  });

  constructor(private readonly ground: Ground) {}

  /** Begin, as `owner`, with what earlier pages left; to be called before anything is asked. Again after each sign-in:
   * what waited for it goes out. */
  start(owner: string): void {
    if (this.#owner === null) {
      this.ground.world.listen((signal) => (signal === 'online' || signal === 'shown') && this.#hurry(false));
      this.ground.keep.watch((name, value) => this.#elsewhere(name, value));
    } else if (this.#owner !== owner) for (const entry of [...this.#entries.values()]) this.#forget(entry);
    this.#owner = owner;
    const left = [...this.ground.keep.load(PREFIX)].map(([name, value]) => read(name, value));
    const known = left.filter((order) => order !== null).sort((a, b) => a.created_at - b.created_at);
    for (const order of known) this.#adopt(order);
    this.#hurry(true);
  }

  /** What is on its way or was refused, oldest first. Reactive; a new list after each change. */
  get pending(): readonly Pending[] {
    this.#subscribe();
    return this.#pending;
  }

  /** The answer's run, as soon as the server has taken the question, be that after hours; null when it was withdrawn.
   * Rejects with ApiError when the server decides against it. The same holds for all that follow. */
  ask({ question, conversation = null, previous_response_id = null }: Question): Promise<Answer> {
    const where = previous_response_id ? { previous_response_id } : conversation ? { conversation } : {};
    const body = { model: 'advakod', input: question, background: true, stream: false, ...where };
    return this.#give('ask', '/v1/responses', body, { question, conversation, run: previous_response_id });
  }

  /** Go on with an unfinished answer, in a run of its own. */
  continue_(run: string, conversation: string | null = null): Promise<Answer> {
    return this.#give('continue', `/api/v1/responses/${run}/continue?stream=false`, undefined, { run, conversation });
  }

  /** The same question once more, or an edited one, beside the first. */
  again(run: string, question: string | null = null, conversation: string | null = null): Promise<Answer> {
    const body = { input: question, stream: false };
    return this.#give('again', `/api/v1/responses/${run}/again`, body, { run, question, conversation });
  }

  /** Stop a run. Its words stay. Never rejects: a run that is over or gone is as good as stopped. */
  async stop(run: string): Promise<void> {
    if (this.#pending.some((order) => order.kind === 'stop' && order.run === run)) return;
    await this.#give('stop', `/v1/responses/${run}/cancel`, undefined, { run }).catch(() => null);
  }

  /** Take an order back, or a refused one off the list; its question, to be edited. If its sending was under way the
   * server may have it nevertheless. */
  withdraw(key: string): string | null {
    const entry = this.#entries.get(key);
    if (!entry) return null;
    this.#settle(entry, null);
    return entry.order.question;
  }

  // -- the way of an order -------------------------------------------------------------------------

  #give(kind: Kind, path: string, body: unknown, facts: Partial<Order>): Promise<Answer> {
    const made = { key: unique(), owner: this.#owner ?? '', created_at: this.ground.world.now() / 1000 };
    const order: Order = { question: null, conversation: null, run: null, ...facts, ...made, kind, path, body };
    const entry = new Entry(order);
    return new Promise((resolve, reject) => {
      entry.asker = { resolve, reject };
      this.#take(entry); // before other tabs hear of it, so that it is ours; sent in a later turn, so after it is stored
      entry.stored = this.ground.keep.save(PREFIX + order.key, JSON.stringify(order));
    });
  }

  #adopt(order: Order, after = 0): void {
    if (order.owner !== this.#owner || this.#entries.has(order.key)) return;
    const entry = new Entry(order);
    entry.stored = true;
    this.#take(entry, after);
  }

  #take(entry: Entry, after = 0): void {
    this.#entries.set(entry.order.key, entry);
    this.#changed();
    const { signal } = entry.left;
    const carry = () => this.#carry(entry);
    const begin = () => {
      const carried = this.ground.lock ? this.ground.lock(PREFIX + entry.order.key, signal, carry) : carry();
      carried.catch(() => {}); // withdrawn while another tab had it
    };
    if (after) this.ground.world.after(after, begin);
    else begin();
  }

  /** This tab alone has the order now. Questions go one after another, as they were asked; stops do not wait for them. */
  #carry(entry: Entry): Promise<void> {
    if (entry.stored && !this.ground.keep.load(PREFIX + entry.order.key).size) this.#forget(entry); // it was sent
    const lane = entry.order.kind === 'stop' ? 'stops' : 'questions';
    return (this.#lanes[lane] = this.#lanes[lane].then(() => this.#deliver(entry)));
  }

  /** Never rejects. */
  async #deliver(entry: Entry): Promise<void> {
    const { order, left } = entry;
    const backoff = new Backoff(this.ground.world);
    while (!left.signal.aborted) {
      this.#mark(entry, 'sending', entry.failure);
      try {
        const headers = { 'Idempotency-Key': order.key };
        const said = await this.ground.post(order.path, order.body, { headers, signal: left.signal });
        return this.#settle(entry, answer(order, said));
      } catch (error) {
        if (left.signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(0, 'offline', String(error));
        if (!failure.passing && failure.status !== 401) return this.#refuse(entry, failure);
        this.#mark(entry, 'waiting', failure);
        await this.#wait(entry, failure, backoff.next());
      }
    }
  }

  /** Signals of hope end our own wait, not the one that the server asked for; after a 401 only a sign-in does. */
  #wait(entry: Entry, failure: ApiError, own: number): Promise<void> {
    const asked = failure.retryAfter * 1000;
    const forKey = failure.status === 401;
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#skips.delete(skip);
        entry.left.signal.removeEventListener('abort', done);
        resolve();
      };
      const skip = (signedIn: boolean) => {
        if (forKey ? signedIn : asked <= own) done();
      };
      const cancel = forKey ? () => {} : this.ground.world.after(Math.max(asked, own), done);
      this.#skips.add(skip);
      entry.left.signal.addEventListener('abort', done);
    });
  }

  #hurry(signedIn: boolean): void {
    for (const skip of [...this.#skips]) skip(signedIn);
  }

  #settle(entry: Entry, answer: Answer): void {
    this.ground.keep.erase(PREFIX + entry.order.key);
    entry.asker?.resolve(answer);
    this.#drop(entry);
    if (answer) this.ground.taken(answer);
  }

  /** Decided against. Who waits for it is told; else it stays in the list, and its words with it. */
  #refuse(entry: Entry, failure: ApiError): void {
    if (!entry.asker && entry.order.question !== null) return this.#mark(entry, 'refused', failure);
    this.ground.keep.erase(PREFIX + entry.order.key);
    entry.asker?.reject(failure);
    this.#drop(entry);
  }

  /** No longer ours to send; what is stored stays. */
  #forget(entry: Entry): void {
    entry.asker?.resolve(null);
    this.#drop(entry);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.order.key);
    entry.left.abort();
    this.#changed();
  }

  /** Another tab has stored an order, or erased one: it was sent there, or withdrawn. */
  #elsewhere(name: string, value: string | null): void {
    if (!name.startsWith(PREFIX) || !this.ground.lock) return; // without locks each tab sends what is its own
    const entry = this.#entries.get(name.slice(PREFIX.length));
    const order = value === null ? null : read(name, value);
    if (order) this.#adopt(order, HEAD_START);
    else if (entry && value === null) this.#forget(entry);
  }

  #mark(entry: Entry, state: Pending['state'], failure: ApiError | null): void {
    entry.state = state;
    entry.failure = failure;
    this.#changed();
  }

  #changed(): void {
    this.#pending = [...this.#entries.values()].map(({ order, state, failure }) => ({ ...order, state, failure }));
    this.#update();
  }
}

/** The run that the server made of an order. Raises ApiError for what cannot be from our server. */
function answer(order: Order, said: unknown): Asked {
  const { id, conversation } = (said ?? {}) as { id?: unknown; conversation?: { id?: string } | null };
  if (typeof id !== 'string') throw new ApiError(0, 'offline', '');
  const { key, question } = order;
  return { key, run: id, conversation: conversation?.id ?? order.conversation, question };
}

/** A stored order; null for what cannot be one. */
function read(name: string, value: string): Order | null {
  try {
    const order = JSON.parse(value) as Order;
    const sound = PREFIX + order.key === name && typeof order.path === 'string' && typeof order.owner === 'string';
    return sound ? order : null;
  } catch {
    return null;
  }
}

export const outbox = new Outbox(ground);
