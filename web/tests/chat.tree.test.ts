import { describe, expect, it } from 'vitest';
import { deepest, path, turns } from '../src/chat/tree';
import type { MessageFacts } from '../src/lib/types';

let clock = 0;
const said = (id: string, parent: string | null, role: 'user' | 'assistant'): MessageFacts => {
  const run =
    role === 'assistant' ? { id: `run-${id}`, status: 'completed' as const, reason: null, message: null } : null;
  return { id, parent, role, text: id, run, created_at: clock++ };
};

// q1 ─ a1 ─ q2 ─ a2     and beside a1: a1b; beside q2: q2b ─ a2b
const tree = [
  said('q1', null, 'user'),
  said('a1', 'q1', 'assistant'),
  said('q2', 'a1', 'user'),
  said('a2', 'q2', 'assistant'),
  said('a1b', 'q1', 'assistant'),
  said('q2b', 'a1', 'user'),
  said('a2b', 'q2b', 'assistant'),
];
const ids = (leaf: string | null, messages = tree): string[] => path(messages, leaf).map(({ message }) => message.id);

describe('path', () => {
  it('goes from the root to the leaf', () => {
    expect(ids('a2')).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(ids('a1b')).toEqual(['q1', 'a1b']);
    expect(ids('q2b')).toEqual(['q1', 'a1', 'q2b']);
  });

  it('takes the last message for a leaf that is not there', () => {
    expect(ids(null)).toEqual(['q1', 'a1', 'q2b', 'a2b']);
    expect(ids('nobody')).toEqual(['q1', 'a1', 'q2b', 'a2b']);
    expect(ids(null, [])).toEqual([]);
  });

  it('knows the siblings of each step in the order of writing', () => {
    const [, answer, question] = path(tree, 'a2b');
    expect(answer?.siblings.map(({ id }) => id)).toEqual(['a1', 'a1b']);
    expect(answer?.at).toBe(0);
    expect(question?.siblings.map(({ id }) => id)).toEqual(['q2', 'q2b']);
    expect(question?.at).toBe(1);
  });

  it('counts first questions as siblings, too', () => {
    const two = [...tree, said('q1b', null, 'user')];
    expect(path(two, 'q1b')[0]?.siblings.map(({ id }) => id)).toEqual(['q1', 'q1b']);
  });

  it('ends in a circle and at a parent that is not there', () => {
    expect(ids('b', [said('a', 'b', 'user'), said('b', 'a', 'assistant')])).toEqual(['a', 'b']);
    expect(ids('c', [said('c', 'gone', 'user')])).toEqual(['c']);
  });
});

describe('turns', () => {
  const pairs = (messages: MessageFacts[]) =>
    turns(path(messages, null)).map(({ question, answer }) => [question?.message.id, answer?.message.id]);

  it('puts a question and its answer together', () => {
    expect(pairs(tree)).toEqual([
      ['q1', 'a1'],
      ['q2b', 'a2b'],
    ]);
  });

  it('leaves room where one of them is missing', () => {
    const odd = [said('a', null, 'assistant'), said('q', 'a', 'user'), said('q+', 'q', 'user')];
    expect(pairs(odd)).toEqual([
      [undefined, 'a'],
      ['q', undefined],
      ['q+', undefined],
    ]);
  });
});

describe('deepest', () => {
  it('goes down by what was written last', () => {
    expect(deepest(tree, 'q1')).toBe('a1b');
    expect(deepest(tree, 'a1')).toBe('a2b');
    expect(deepest(tree, 'q2')).toBe('a2');
    expect(deepest(tree, 'a2')).toBe('a2');
  });

  it('ends in a circle', () => {
    expect(deepest([said('a', 'b', 'user'), said('b', 'a', 'assistant')], 'a')).toBe('b');
  });
});
