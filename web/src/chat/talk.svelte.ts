/** The conversation on the page. It outlives the view: what was asked goes on while the reader is among the laws. */

import { api, ApiError } from '../lib/api';
import { outbox, type Asked, type Pending } from '../lib/outbox';
import { router } from '../lib/router.svelte';
import { isOver } from '../lib/run';
import { runs } from '../lib/runs';
import { tabs } from '../lib/tabs';
import type { ConversationTree } from '../lib/types';
import { Drafts } from './drafts';
import { shown, type Outgoing, type ShownTurn } from './shown';
import { deepest } from './tree';

class Talk {
  id: string | null = $state(null);
  tree: ConversationTree | null = $state.raw(null);
  /** Why there is no tree. */
  failure: ApiError | null = $state.raw(null);
  /** What is being typed. */
  text = $state('');
  /** Why the last question was not taken. */
  refusal = $state('');
  /** How often something was asked here: the thread goes to it. */
  asked = $state(0);
  /** Taken by the server, and not in the tree yet. */
  #taken: Outgoing[] = $state.raw([]);
  /** Orders given for a conversation that has no id yet. */
  #firsts: ReadonlySet<string> = $state.raw(new Set());
  /** Those of them that an earlier page gave, before it was reloaded. */
  #adopted: string[] = [];
  #keys = new Map<string, string>();
  /** What a run goes on with: the run before it. */
  #continued = new Map<string, string>();
  #owner: string | undefined;
  #drafts = new Drafts('');
  #loads = 0;

  readonly pending: readonly Pending[] = $derived(outbox.pending.filter((order) => this.#isHere(order)));
  readonly turns: ShownTurn[] = $derived.by(() => {
    const waiting = this.pending.map(({ key, kind, question, run }) => ({
      key,
      kind,
      question,
      before: run,
      run: null,
    }));
    const there = new Set(this.tree?.messages.map(({ run }) => run?.id));
    const taken = this.#taken.filter(({ run }) => !there.has(run ?? ''));
    return shown(this.tree, [...taken, ...(waiting as Outgoing[])], this.#keys);
  });

  /** Which of the turns are being answered. */
  readonly running: boolean[] = $derived(
    this.turns.map(({ answer, run }) => {
      const told = answer?.message.run;
      if (run === null || (told && isOver(told))) return false;
      const { view, failure } = runs.get(run);
      return Boolean(view && !isOver(view) && !failure);
    }),
  );

  constructor() {
    tabs.listen(({ conversation, order }) => {
      if (this.id && (conversation === null || conversation === this.id)) void this.load();
      else if (conversation && order && this.#isLast(order)) this.#settle(conversation);
    });
    addEventListener('visibilitychange', () => {
      if (this.id && document.visibilityState === 'visible') void this.load(); // another device may have asked
    });
  }

  /** Show a conversation, or with null the beginning of one. What is shown already stays as it is. */
  open(id: string | null, owner: string): void {
    if (id === this.id && owner === this.#owner) return;
    if (owner !== this.#owner) {
      this.#owner = owner;
      this.#drafts = new Drafts(owner);
      this.#keys.clear();
    }
    this.id = id;
    this.tree = null;
    this.#taken = [];
    this.#adopt();
    this.refusal = '';
    this.text = this.#drafts.load(id);
    void this.load();
  }

  async load(): Promise<void> {
    const { id } = this;
    const load = ++this.#loads;
    this.failure = null;
    if (!id) return;
    try {
      const tree = await api.get<ConversationTree>(`/api/v1/conversations/${encodeURIComponent(id)}`);
      if (load === this.#loads) this.tree = tree;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (load !== this.#loads) return;
      this.failure = error;
      if (error.status === 404) this.tree = null; // deleted elsewhere
    }
  }

  ask = (question: string): void => {
    const first = this.id === null;
    const sent = outbox.ask({ question, conversation: this.id });
    if (first) this.#remember([...this.#firsts, outbox.pending.at(-1)?.key ?? '']);
    this.#follow(sent, { kind: 'ask', question, before: null });
    this.text = '';
    this.#drafts.keep(this.id, '');
  };

  again = (run: string, question: string | null = null): void =>
    this.#follow(outbox.again(run, question, this.id), { kind: 'again', question, before: run });

  continue_ = (run: string): void =>
    this.#follow(outbox.continue_(run, this.id), { kind: 'continue', question: null, before: run });

  stop = (run: string): void => void outbox.stop(run);

  /** Take back what is not sent: its words return to the box. */
  withdraw = (key: string): void => this.#giveBack(outbox.withdraw(key));

  /** Show another question or answer in the place of one, with all that follows it. */
  choose = (message: string): void => {
    if (!this.tree) return;
    const leaf = deepest(this.tree.messages, message);
    this.tree = { ...this.tree, leaf };
    // Which variant is shown is no fact worth a word when it could not be kept.
    const kept = api.patch(`/api/v1/conversations/${this.tree.id}`, { leaf });
    this.#loads++; // a tree that is on its way has the old leaf
    kept.then(
      () => this.load(),
      () => {},
    );
  };

  /** The run whose words this one begins with. */
  before(run: string | null): string | null {
    return this.#continued.get(run ?? '') ?? null;
  }

  type(text: string): void {
    this.text = text;
    this.#drafts.keep(this.id, text);
  }

  #isHere({ key, kind, conversation }: Pending): boolean {
    if (kind === 'stop') return false;
    return this.id === null ? this.#firsts.has(key) : conversation === this.id;
  }

  #follow(sent: Promise<Asked | null>, what: Pick<Outgoing, 'kind' | 'question' | 'before'>): void {
    const { id } = this;
    this.refusal = '';
    this.asked++;
    sent.then(
      (answer) => answer && this.#arrived(answer, { ...what, key: answer.key, run: answer.run }, id),
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        if (id === this.id) this.refusal = error.message;
        this.#giveBack(what.question, id);
      },
    );
  }

  #arrived(answer: Asked, taken: Outgoing, from: string | null): void {
    this.#keys.set(answer.run, taken.key);
    if (taken.kind === 'continue' && taken.before) this.#continued.set(answer.run, taken.before);
    runs.begin(answer);
    if (this.id !== from) return; // the reader has gone elsewhere
    this.#taken = [...this.#taken, taken];
    if (this.id === null && answer.conversation) this.#settle(answer.conversation);
    else void this.load();
  }

  /** First questions of this tab that still wait, from before a reload. */
  #adopt(): void {
    const own = this.id === null ? this.#drafts.firsts() : [];
    this.#adopted = outbox.pending.flatMap(({ key }) => (own.includes(key) ? [key] : []));
    this.#firsts = new Set(this.#adopted);
  }

  /** Whether this order, just taken, is the last of them. */
  #isLast(order: string): boolean {
    if (!this.#adopted.includes(order)) return false;
    this.#adopted = this.#adopted.filter((key) => key !== order && outbox.pending.some((one) => one.key === key));
    return !this.#adopted.length;
  }

  #remember(firsts: string[]): void {
    this.#firsts = new Set(firsts);
    this.#drafts.keepFirsts(firsts);
  }

  /** The conversation has its address. */
  #settle(id: string): void {
    this.id = id;
    this.#adopted = [];
    this.#drafts.keepFirsts([]);
    this.#drafts.keep(null, '');
    this.#drafts.keep(id, this.text);
    const { current } = router;
    if (current.view === 'chat' && current.conversation === null) router.go(`/chat/${id}`);
    void this.load();
  }

  /** The words go back to the box of their conversation, before what has been typed since. */
  #giveBack(question: string | null, id = this.id): void {
    if (question === null) return;
    const typed = id === this.id ? this.text : this.#drafts.load(id);
    const text = typed.trim() ? `${question}\n\n${typed}` : question;
    if (id === this.id) this.type(text);
    else this.#drafts.keep(id, text);
  }
}

export const talk = new Talk();
