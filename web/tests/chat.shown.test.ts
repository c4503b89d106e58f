import { describe, expect, it } from 'vitest';
import { shown, type Outgoing } from '../src/chat/shown';
import type { MessageFacts } from '../src/lib/types';

let clock = 0;
const asked = (id: string, parent: string | null): MessageFacts => {
  return { id, parent, role: 'user', text: `${id}?`, run: null, created_at: clock++ };
};
const answered = (id: string, parent: string, run: string): MessageFacts => {
  const facts = { id: run, status: 'completed' as const, reason: null, message: null };
  return { id, parent, role: 'assistant', text: `${id}.`, run: facts, created_at: clock++ };
};
const tree = {
  leaf: 'a2',
  messages: [asked('q1', null), answered('a1', 'q1', 'r1'), asked('q2', 'a1'), answered('a2', 'q2', 'r2')],
};
const sent = (facts: Partial<Outgoing>): Outgoing => {
  return { key: 'k', kind: 'ask', question: null, before: null, run: null, ...facts };
};
const seen = (...outgoing: Outgoing[]) =>
  shown(tree, outgoing, new Map()).map(({ text, run, sending }) => [text, run, sending?.key]);

describe('shown', () => {
  it('is the path of the tree', () => {
    expect(seen()).toEqual([
      ['q1?', 'r1', undefined],
      ['q2?', 'r2', undefined],
    ]);
    expect(shown(null, [], new Map())).toEqual([]);
  });

  it('has a new question at the end, before and after the server has taken it', () => {
    expect(seen(sent({ question: 'q3?' })).at(-1)).toEqual(['q3?', null, 'k']);
    expect(seen(sent({ question: 'q3?', run: 'r3' })).at(-1)).toEqual(['q3?', 'r3', undefined]);
    expect(shown(null, [sent({ question: 'q1?' })], new Map())).toHaveLength(1);
  });

  it('puts an edited question in the place of the old one and of all that followed', () => {
    expect(seen(sent({ kind: 'again', question: 'q1!', before: 'r1' }))).toEqual([['q1!', null, 'k']]);
  });

  it('keeps the question whose answer is asked again or continued', () => {
    expect(seen(sent({ kind: 'again', before: 'r1' }))).toEqual([['q1?', null, 'k']]);
    expect(seen(sent({ kind: 'continue', before: 'r2', run: 'r3' }))).toEqual([
      ['q1?', 'r1', undefined],
      ['q2?', 'r3', undefined],
    ]);
  });

  it('keeps the key of a question when it arrives in the tree', () => {
    const before = shown(null, [sent({ question: 'q1?' })], new Map())[0]?.key;
    const keys = new Map([['r1', 'k']]);
    expect(before).toBe('k');
    expect(shown(null, [sent({ question: 'q1?', run: 'r1' })], keys)[0]?.key).toBe('k');
    expect(shown(tree, [], keys)[0]?.key).toBe('k');
  });

  it('does not give the key of another try to the question', () => {
    const again = { ...tree, leaf: 'a2b', messages: [...tree.messages, answered('a2b', 'q2', 'r3')] };
    expect(shown(again, [], new Map([['r3', 'k']])).at(-1)).toMatchObject({ key: 'q2', run: 'r3' });
  });
});
