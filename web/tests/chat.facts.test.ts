import { describe, expect, it } from 'vitest';
import { requestFor, requestOf } from '../src/chat/cited';
import { asText, saysSo } from '../src/chat/copy';
import { roomLeft } from '../src/chat/room';
import { doubts, editions, nameOf } from '../src/chat/sources';
import type { Citation, Source, Verdict } from '../src/lib/types';
import { roughly } from '../src/texts';

const source = (n: number, facts: Partial<Source> = {}): Source => ({
  ...{ n, act: 'zozpp', act_title: 'Закон о защите прав потребителей', article: '18', title: 'Права потребителя' },
  ...{ address: 'ru/zozpp@2023-08-04/st18', edition_date: '2023-08-04', score: 1, summary: false, excerpt: '…' },
  ...facts,
});
const citation = (verdict: Verdict, facts: Partial<Citation> = {}): Citation => ({
  ...{ act: 'zozpp', article: '18', address: 'ru/zozpp@2023-08-04/st18', verdict, text: 'ст. 18', start: 0, end: 6 },
  ...{ source: 1, title: '', edition_date: '' },
  ...facts,
});

describe('nameOf', () => {
  it('tells articles from points', () => {
    expect(nameOf(source(1))).toBe('Статья 18');
    expect(nameOf(source(1, { address: 'ru/tk@2023-10-24/st81/ch1/p6' }))).toBe('Статья 18');
    expect(nameOf(source(1, { address: 'ru/pdd@2023-01-01/p10.3', article: '10.3' }))).toBe('Пункт 10.3');
  });
});

describe('editions', () => {
  const sources = [source(1), source(2), source(3, { act: 'tk', act_title: 'ТК', edition_date: '' })];

  it('are those of what is cited, once each', () => {
    const cited = [citation('verified'), citation('verified', { source: 2 })];
    expect(editions({ sources, citations: cited }).map(({ act }) => act)).toEqual(['zozpp']);
  });

  it('are those of all that was found until the references are known', () => {
    expect(editions({ sources, citations: null })).toHaveLength(2);
    expect(editions({ sources: [], citations: [] })).toEqual([]);
  });
});

describe('doubts', () => {
  it('names what is not borne out, once, and what is repealed apart', () => {
    const { unconfirmed, repealed } = doubts([
      citation('verified'),
      citation('summary'),
      citation('no_such_provision', { address: 'ru/tk@x/st999' }),
      citation('no_such_provision', { address: 'ru/tk@x/st999', start: 40 }),
      citation('act_not_loaded', { address: null, text: 'ст. 15 НК' }),
      citation('repealed', { address: 'ru/tk@x/st1' }),
    ]);
    expect(unconfirmed.map(({ text }) => text)).toEqual(['ст. 18', 'ст. 15 НК']);
    expect(repealed).toHaveLength(1);
    expect(doubts(null).unconfirmed).toEqual([]);
  });
});

describe('the panel', () => {
  it('is asked for what is cited, with its source and the words quoted', () => {
    const wanted = requestOf({ ...citation('verified'), quotes: ['в течение пятнадцати дней'] }, [source(1)]);
    expect(wanted).toMatchObject({ act: 'zozpp', article: '18', source: { n: 1 } });
    expect(wanted.citation).toEqual({ verdict: 'verified', text: 'ст. 18', quotes: ['в течение пятнадцати дней'] });
    expect(requestOf(citation('act_not_loaded', { source: null }), [source(1)]).source).toBeNull();
    expect(requestFor(source(2))).toMatchObject({ act: 'zozpp', citation: null, source: { n: 2 } });
  });
});

describe('the copy', () => {
  it('has the sources, what to know of them, and what it is not', () => {
    const notices = [{ code: 'old_edition', message: 'Показаны старые редакции.' }];
    const text = asText({ question: 'Можно?', text: 'Да [1].', sources: [source(1)], notices });
    expect(text.split('\n\n')).toEqual([
      '# Можно?',
      'Да [1].',
      '> Показаны старые редакции.',
      '## Источники',
      '1. Статья 18, Закон о защите прав потребителей, редакция от 04.08.2023',
      'Это не консультация адвоката.\n',
    ]);
  });

  it('does not say twice that it is no advice', () => {
    const text = 'Да. *Это не консультация адвоката.*';
    expect(saysSo(text)).toBe(true);
    expect(asText({ question: 'Можно?', text, sources: [], notices: [] }).match(/адвоката/g)).toHaveLength(1);
  });
});

describe('roomLeft', () => {
  it('counts as the server does', () => {
    expect(roomLeft('привет', 10)).toBe(4);
    expect(roomLeft('😀'.repeat(10), 10)).toBe(0);
    expect(roomLeft('а'.repeat(12), 10)).toBe(-2);
    expect(roomLeft('а', Infinity)).toBeNull();
  });
});

describe('roughly', () => {
  it('says no more than is known', () => {
    expect([4, 38, 119, 200, 3700].map(roughly)).toEqual([
      'несколько секунд',
      'около 40\u00a0с',
      'около 2\u00a0мин',
      'около 3\u00a0мин\u00a030\u00a0с',
      'около 1\u00a0ч\u00a02\u00a0мин',
    ]);
  });
});
