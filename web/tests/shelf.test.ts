import { describe, expect, test } from 'vitest';
import { isBeginning, verdictsOf } from '../src/chat/printed';
import { longer, renamed, renewed, without } from '../src/chat/shelf-page';
import { pieces, unmarked } from '../src/chat/shelf-words';
import type { Citation, ConversationFacts, ConversationList } from '../src/lib/types';

const item = (id: string, updated_at: number): ConversationFacts => ({
  id,
  updated_at,
  title: id,
  leaf: null,
  metadata: {},
  created_at: 0,
  running: false,
  snippet: null,
});
const page = (next: string | null, ...data: [string, number][]): ConversationList => ({
  data: data.map(([id, at]) => item(id, at)),
  next,
});
const ids = ({ data }: { data: readonly ConversationFacts[] }): string => data.map(({ id }) => id).join('');

describe('pages', () => {
  const two = longer(page('2', ['a', 9], ['b', 8]), page('3', ['c', 7], ['d', 6]));

  test('one below the other', () => {
    expect(ids(two)).toBe('abcd');
    expect(two.next).toBe('3');
  });

  test('what moved up meanwhile is there once', () =>
    expect(ids(longer(page('2', ['a', 9], ['b', 8]), page(null, ['b', 8], ['c', 7])))).toBe('abc'));

  test('the top anew keeps what is below', () => {
    const now = renewed(two, page('2', ['d', 10], ['a', 9]));
    expect(ids(now)).toBe('dabc');
    expect(now.next).toBe('3');
  });

  test('what the top no longer has is gone', () =>
    expect(ids(renewed(two, page('2', ['b', 8], ['c', 7])))).toBe('bcd'));

  test('a list that is all there is replaces everything', () => {
    const now = renewed(two, page(null, ['a', 9]));
    expect(ids(now)).toBe('a');
    expect(now.next).toBeNull();
  });

  test('nothing known before', () => expect(ids(renewed(null, page('2', ['a', 9])))).toBe('a'));

  test('one deleted, one renamed', () => {
    expect(ids(without(two, 'b')!)).toBe('acd');
    expect(renamed(two, 'b', 'Иск')?.data[1]?.title).toBe('Иск');
    expect(without(null, 'b')).toBeNull();
  });
});

describe('words of a search', () => {
  const marked = (text: string, query: string): string =>
    pieces(text, query)
      .map(({ text, hit }) => (hit ? `[${text}]` : text))
      .join('');

  test.each([
    ['Возврат денег', 'ВОЗВРАТ', '[Возврат] денег'],
    ['Ещё раз о чёрном', 'еще черн', '[Ещё] раз о [чёрн]ом'],
    ['ДОГОВОР и договорная', 'договор', '[ДОГОВОР] и [договор]ная'],
    ['абвг', 'аб бв', '[абв]г'],
    ['ааа', 'аа', '[ааа]'],
    ['ст. 18 (2)', '(2)', 'ст. 18 [(2)]'],
    ['ничего', 'другое', 'ничего'],
    ['что угодно', '  ', 'что угодно'],
  ])('%s by %s', (text, query, expected) => expect(marked(text, query)).toBe(expected));

  test('a letter that folds into two spoils no text', () => expect(marked('İstanbul', 'stan')).toBe('İstanbul'));

  test('Markdown is not shown', () =>
    expect(unmarked('… ### Коротко **Можно вернуть** [1], если:  - чек; 2-3 дня')).toBe(
      '… Коротко Можно вернуть, если: чек; 2-3 дня',
    ));
});

test('verdicts on paper: each once, of this source only', () => {
  const one = (source: number | null, verdict: string) => ({ source, verdict }) as Citation;
  const all = [one(1, 'verified'), one(2, 'summary'), one(1, 'verified'), one(null, 'ambiguous'), one(1, 'repealed')];
  expect(verdictsOf({ n: 1, summary: false }, all)).toEqual(['verified', 'repealed']);
  expect(verdictsOf({ n: 2, summary: true }, all)).toEqual([]);
  expect(verdictsOf({ n: 3, summary: false }, all)).toEqual([]);
  expect(verdictsOf({ n: 1, summary: false }, null)).toEqual([]);
});

test.each([
  ['Купил телефон, а он сломался', 'Купил  телефон,\nа он сломался', true],
  ['Купил телефон…', 'Купил телефон, а он сломался', true],
  ['Спор с магазином', 'Купил телефон, а он сломался', false],
])('%s begins a conversation on «%s»: %s', (title, text, expected) => expect(isBeginning(title, text)).toBe(expected));
