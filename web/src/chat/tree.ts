/** A conversation is a tree of messages: what is shown is one path of it, and beside each step its siblings. Pure. */

import type { MessageFacts } from '../lib/types';

/** A message of the path and those said in its place, in the order of writing; `at` is its own index there. */
export interface Step {
  message: MessageFacts;
  siblings: MessageFacts[];
  at: number;
}

/** A question and its answer; one is null where messages of one role follow each other. */
export interface Turn {
  question: Step | null;
  answer: Step | null;
}

/** Root to leaf. An unknown leaf is taken for the message written last; a circle ends where it closes. */
export function path(messages: readonly MessageFacts[], leaf: string | null): Step[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const steps: Step[] = [];
  let message = byId.get(leaf ?? '') ?? messages.at(-1);
  while (message && byId.delete(message.id)) {
    const siblings = siblingsOf(messages, message);
    steps.push({ message, siblings, at: siblings.indexOf(message) });
    message = byId.get(message.parent ?? '');
  }
  return steps.reverse();
}

function siblingsOf(messages: readonly MessageFacts[], { parent, role }: MessageFacts): MessageFacts[] {
  return messages.filter((other) => other.parent === parent && other.role === role);
}

/** The steps of a path, two by two. */
export function turns(steps: readonly Step[]): Turn[] {
  const found: Turn[] = [];
  for (const step of steps) {
    const last = found.at(-1);
    if (step.message.role === 'user') found.push({ question: step, answer: null });
    else if (last && !last.answer) last.answer = step;
    else found.push({ question: null, answer: step });
  }
  return found;
}

/** The leaf to show when a message is chosen: below it, at each fork, what was written last. */
export function deepest(messages: readonly MessageFacts[], id: string): string {
  const seen = new Set<string>();
  let leaf = id;
  for (let next: string | undefined = id; next !== undefined && !seen.has(next);) {
    leaf = next;
    seen.add(leaf);
    next = messages.findLast((message) => message.parent === leaf)?.id;
  }
  return leaf;
}
