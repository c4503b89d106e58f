/** What stands in a thread: the path of the tree, and on it what was asked and is not in the tree yet. Pure. */

import type { ConversationTree, MessageFacts } from '../lib/types';
import { path, turns, type Step } from './tree';

/** A question or another try at an answer, between the click and the tree that holds it. */
export interface Outgoing {
  key: string;
  kind: 'ask' | 'again' | 'continue';
  /** The new words; null: the old question. */
  question: string | null;
  /** The answer that is asked again, continued, or whose question is edited. */
  before: string | null;
  /** The new answer, once the server has taken the question. */
  run: string | null;
}

export interface ShownTurn {
  /** Stays when what was on its way arrives in the tree: nothing is drawn anew. */
  key: string;
  text: string;
  question: Step | null;
  answer: Step | null;
  run: string | null;
  /** Not with the server yet. */
  sending: Outgoing | null;
}

/** `keys`: the key of an outgoing question by the id of the run that came of it. */
export function shown(
  tree: Pick<ConversationTree, 'messages' | 'leaf'> | null,
  outgoing: readonly Outgoing[],
  keys: ReadonlyMap<string, string>,
): ShownTurn[] {
  let found = tree ? turns(path(tree.messages, tree.leaf)).map((turn) => inTree(tree.messages, turn, keys)) : [];
  for (const sent of outgoing) {
    const at = found.findIndex(({ run }) => run !== null && run === sent.before);
    const before = found[at];
    const sending = sent.run === null ? sent : null;
    const fresh = { key: sent.key, text: sent.question ?? '', question: null, answer: null, run: sent.run, sending };
    if (sent.kind === 'ask' || !before) found = [...found, fresh];
    else if (sent.question !== null) found = [...found.slice(0, at), fresh];
    else found = [...found.slice(0, at), { ...before, answer: null, run: sent.run, sending }];
  }
  return found;
}

function inTree(
  messages: readonly MessageFacts[],
  { question, answer }: { question: Step | null; answer: Step | null },
  keys: ReadonlyMap<string, string>,
): ShownTurn {
  const asked = question?.message;
  const first = messages.find(({ parent, run }) => run && asked && parent === asked.id);
  const key = keys.get(first?.run?.id ?? '') ?? asked?.id ?? answer?.message.id ?? '';
  const text = asked?.text ?? '';
  return { key, text, question, answer, run: answer?.message.run?.id ?? null, sending: null };
}
