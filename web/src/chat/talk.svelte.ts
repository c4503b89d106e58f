/** The conversation on the page. It outlives the view: what was asked goes on while the reader is among the laws. */

import { api, ApiError } from '../lib/api';
import { outbox, type Asked, type Pending } from '../lib/outbox';
import { router } from '../lib/router.svelte';
import { isOver } from '../lib/run';
import { runs, type OpenRun } from '../lib/runs.svelte';
import { tabs } from '../lib/tabs';
import type { ConversationTree } from '../lib/types';
import { drafts } from './drafts';
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

  /** The runs of the turns. By itself: what creates a run's state does not see it change. */
  readonly runs: (OpenRun | null)[] = $derived(this.turns.map(({ run }) => (run === null ? null : runs.get(run))));
  readonly running: boolean[] = $derived(
    this.runs.map((run) => Boolean(run?.view && !isOver(run.view) && !run.failure)),
  );

  constructor() {
    tabs.listen(({ conversation }) => {
      if (this.id && (conversation === null || conversation === this.id)) void this.load();
      else if (conversation && this.#isTaken()) this.#settle(conversation);
    });
    addEventListener('visibilitychange', () => {
      if (this.id && document.visibilityState === 'visible') void this.load(); // another device may have asked
    });
  }

  /** Show a conversation, or with null the beginning of one. What is shown already stays as it is. */
  open(id: string | null, owner: string): void {
    if (id === this.id && owner === this.#owner) return;
    if (owner !== this.#owner) this.#keys.clear();
    this.#owner = owner;
    this.id = id;
    this.tree = null;
    this.#taken = [];
    this.#adopt();
    this.refusal = '';
    this.text = drafts.load(id);
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
      if (load === this.#loads) this.failure = error;
    }
  }

  ask = (question: string): void => {
    const first = this.id === null;
    const sent = outbox.ask({ question, conversation: this.id });
    if (first) this.#remember([...this.#firsts, this.#last()]);
    this.#follow(sent, { kind: 'ask', question, before: null });
    this.text = '';
    drafts.keep(this.id, '');
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
    api.patch(`/api/v1/conversations/${this.tree.id}`, { leaf }).catch(() => {});
  };

  /** The run whose words this one begins with. */
  before(run: string | null): string | null {
    return this.#continued.get(run ?? '') ?? null;
  }

  type(text: string): void {
    this.text = text;
    drafts.keep(this.id, text);
  }

  #isHere({ key, kind, conversation }: Pending): boolean {
    if (kind === 'stop') return false;
    return this.id === null ? this.#firsts.has(key) : conversation === this.id;
  }

  #last(): string {
    return outbox.pending.at(-1)?.key ?? '';
  }

  #follow(sent: Promise<Asked | null>, what: Pick<Outgoing, 'kind' | 'question' | 'before'>): void {
    const { id } = this;
    const key = this.#last();
    this.refusal = '';
    this.asked++;
    sent.then(
      (answer) => answer && this.#arrived(answer, { ...what, key, run: answer.run }, id),
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        if (id !== this.id) return;
        this.refusal = error.message;
        this.#giveBack(what.question);
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
    const own = this.id === null ? drafts.firsts() : [];
    this.#adopted = outbox.pending.flatMap(({ key }) => (own.includes(key) ? [key] : []));
    this.#firsts = new Set(this.#adopted);
  }

  /** Whether the last of these has just been taken. */
  #isTaken(): boolean {
    return this.#adopted.length > 0 && !outbox.pending.some(({ key }) => this.#adopted.includes(key));
  }

  #remember(firsts: string[]): void {
    this.#firsts = new Set(firsts);
    drafts.keepFirsts(firsts);
  }

  /** The conversation has its address. */
  #settle(id: string): void {
    this.id = id;
    this.#adopted = [];
    drafts.keepFirsts([]);
    drafts.keep(null, '');
    drafts.keep(id, this.text);
    const { current } = router;
    if (current.view === 'chat' && current.conversation === null) router.go(`/chat/${id}`);
    void this.load();
  }

  #giveBack(question: string | null): void {
    if (question === null) return;
    this.type(this.text.trim() ? `${question}\n\n${this.text}` : question);
  }
}

export const talk = new Talk();
