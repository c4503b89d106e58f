/** The runs that are open on this page: one stream each, however many components look at it. */

import { untrack } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import type { ApiError } from './api';
import { clock } from './clock';
import { follow, type Connection, type Follower } from './follow';
import { beginning, isOver } from './run';
import { session } from './session.svelte';
import { tabs } from './tabs';
import type { RunView } from './types';
import { browser, type World } from './world';

/** Runs that are remembered after nobody looks at them, so that going back to them shows them at once. */
const REMEMBERED = 30;
const SILENCE = 37.5; // seconds; 2.5 heartbeats of the usual 15 s, until the server's own number is known
/** Milliseconds between two publications: a text that grows a dozen times a second still flows, and a frame is not cheap. */
const PACE = 80;
const LIVE: Connection = { state: 'live' };

/** What there is to see of a run. */
interface Known {
  /** null: not heard of yet. A new object a dozen times a second at most; parts of it that did not change are the same objects. */
  view: RunView | null;
  connection: Connection;
  /** Why nothing (more) will come: 404 the run is gone. */
  failure: ApiError | null;
}

export class OpenRun implements Readonly<Known> {
  /** What the follower changes in place. */
  draft: RunView | null = null;
  follower: Follower | null = null;
  lookers = 0;
  /** A publication waits for the next frame. */
  due = false;
  /** Over, and all is known of it. */
  settled = false;

  /** Not reactive. */
  readonly known: Known = { view: null, connection: LIVE, failure: null };
  #changed: () => void = () => {};
  // Not `$state`: a `$derived` does not see what it has made itself change, and the first to ask for a run makes it.
  readonly #subscribe = createSubscriber((changed) => void (this.#changed = changed));

  constructor(readonly id: string) {}

  get view(): RunView | null {
    return this.#seen.view;
  }

  get connection(): Connection {
    return this.#seen.connection;
  }

  get failure(): ApiError | null {
    return this.#seen.failure;
  }

  know(facts: Partial<Known>): void {
    Object.assign(this.known, facts);
    this.#changed();
  }

  get #seen(): Known {
    this.#subscribe();
    return this.known;
  }
}

export class Runs {
  readonly #open = new Map<string, OpenRun>();
  #owner: string | undefined;

  constructor(
    private readonly world: World,
    private readonly frame: (work: () => void) => void,
  ) {}

  /** The run as far as it is known; it moves while somebody holds it. */
  get(id: string): OpenRun {
    this.#newcomer();
    let run = this.#open.get(id);
    if (!run) this.#open.set(id, (run = new OpenRun(id)));
    return run;
  }

  /** Follow the run from now on. Returns how to let go; the last one to do so ends its stream. */
  hold(id: string): () => void {
    const run = this.get(id);
    if (run.lookers++ === 0) run.know({ failure: null });
    this.#follow(run);
    let held = true;
    return () => {
      if (held && --run.lookers === 0) this.#rest(run);
      held = false;
    };
  }

  /** A question that the server has just taken: its view stands before its first event has come. */
  begin({ run: id, question, conversation }: { run: string; question: string | null; conversation: string | null }) {
    const run = this.get(id);
    if (run.draft || question === null) return;
    run.draft = beginning(id, question, conversation, clock.server());
    this.#publish(run);
  }

  /** Something about a run that is not in its log has changed: the feedback on it. */
  patch(id: string, facts: Partial<Pick<RunView, 'feedback'>>): void {
    const run = this.#open.get(id);
    if (!run?.draft) return;
    Object.assign(run.draft, facts);
    this.#publish(run);
  }

  /** Ask again for a run that could not be had. */
  retry(id: string): void {
    const run = this.get(id);
    run.know({ failure: null });
    if (run.lookers) this.#follow(run);
  }

  /** Everything is forgotten and every stream ended. */
  clear(): void {
    for (const run of this.#open.values()) run.follower?.stop();
    this.#open.clear();
  }

  /** Who has signed in with another key must not see what the last one saw. */
  #newcomer(): void {
    const owner = untrack(() => session.current?.name);
    if (owner !== this.#owner) this.clear();
    this.#owner = owner;
  }

  #follow(run: OpenRun): void {
    if (run.follower || run.settled || run.known.failure) return;
    const silence = 1000 * untrack(() => session.current?.limits.client_silence ?? SILENCE);
    const handlers = {
      changed: (view: RunView) => this.#changed(run, view),
      connection: (connection: Connection) => run.know({ connection }),
      settled: () => void (run.settled = true),
      refused: (error: ApiError) => this.#refused(run, error),
    };
    run.follower = follow(run.draft ?? run.id, handlers, silence, this.world);
  }

  /** Published with the next frame. A hidden page has no frames, and nobody waits for them at the end. */
  #changed(run: OpenRun, view: RunView): void {
    const shown = run.known.view;
    const ended = isOver(view) && shown !== null && !isOver(shown);
    run.draft = view;
    if (shown === null || isOver(view) || !this.world.visible()) this.#publish(run);
    else if (!run.due) {
      run.due = true;
      this.frame(() => run.due && this.#publish(run));
    }
    if (ended) tabs.tell({ conversation: view.conversation });
  }

  #publish(run: OpenRun): void {
    run.due = false;
    run.know({ view: run.draft && { ...run.draft } });
  }

  #refused(run: OpenRun, error: ApiError): void {
    run.follower = null;
    run.know({ connection: LIVE, failure: error.status === 401 ? null : error });
  }

  #rest(run: OpenRun): void {
    run.follower?.stop();
    run.follower = null;
    run.know({ connection: LIVE });
    if (run.due) this.#publish(run);
    // Those looked at last are at the end. What nobody has looked at yet may be waited for.
    if (this.#open.get(run.id) !== run) return;
    this.#open.delete(run.id);
    this.#open.set(run.id, run);
    const idle = [...this.#open.values()].filter(({ lookers, draft }) => !lookers && draft);
    for (const { id } of idle.slice(0, -REMEMBERED)) this.#open.delete(id);
  }
}

/** With a frame, and not too soon after the last. */
function paced(): (work: () => void) => void {
  let last = -PACE;
  const draw = (work: () => void): void => {
    requestAnimationFrame(() => {
      last = performance.now();
      work();
    });
  };
  return (work) => {
    const wait = last + PACE - performance.now();
    if (wait > 0) setTimeout(() => draw(work), wait);
    else draw(work);
  };
}

export const runs = new Runs(browser, paced());
tabs.listen(({ feedback }) => feedback && runs.patch(feedback.run, { feedback: feedback.given }));
