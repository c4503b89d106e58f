// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { quotesIn } from '../src/lib/citations';
import { AnswerView } from '../src/lib/markdown';
import type { Citation, Source } from '../src/lib/types';

const SOURCES: Source[] = [1, 2, 3, 4].map((n) => ({
  n,
  act: 'zozpp',
  act_title: 'Закон «О защите прав потребителей»',
  article: `${17 + n}`,
  title: 'Права потребителя',
  address: `ru/zozpp@2023-08-04/st${17 + n}`,
  edition_date: '2023-08-04',
  score: 1,
  summary: false,
  excerpt: '',
}));

/** The verdict on `words` in `text`; positions in code points, as the server counts. */
function citation(text: string, words: string, facts: Partial<Citation> = {}): Citation {
  const start = [...text.slice(0, text.indexOf(words))].length;
  return {
    act: 'zozpp',
    article: '18',
    address: 'ru/zozpp@2023-08-04/st18',
    verdict: 'verified',
    text: words,
    start,
    end: start + [...words].length,
    source: null,
    title: '',
    edition_date: '',
    ...facts,
  };
}

function drawn(text: string, citations: Citation[] | null = null): { root: HTMLElement; view: AnswerView } {
  const root = document.createElement('div');
  const view = new AnswerView(root);
  view.show({ text, citations, sources: SOURCES, busy: false });
  view.draw(Infinity);
  view.stop();
  return { root, view };
}

const labels = (root: Element) => [...root.querySelectorAll('button')].map((button) => button.textContent);

describe('before the answer is checked', () => {
  it.each([
    ['Можно [1].', ['[1]']],
    ['Можно [1, 3] и [2–4].', ['[1]', '[3]', '[2]', '[3]', '[4]']],
    ['# Права [1]', ['[1]']],
    ['- пункт [1][2]', ['[1]', '[2]']],
    ['**[1]** и *слово [2]*', ['[1]', '[2]']],
    ['|а|б|\n|-|-|\n|в [1]|г|', ['[1]']],
    ['> цитата [1]', ['[1]']],
    ['нет такого [9] и [1, 9]', []],
    ['`[1]` и \\[1]', []],
    ['```\n[1]\n```', []],
    ['[1](https://a.example/)', []],
    ['[см. [1] там](https://a.example/)', []],
  ])('%s', (text, expected) => {
    expect(labels(drawn(text).root)).toEqual(expected);
  });

  it('what has no button keeps its text', () => {
    expect(drawn('`[1]` [см. [1] там](https://a.example/[1]) [9]').root.textContent).toBe('[1] см.\u202F[1] там [9]');
    expect(drawn('```\nа [1]\n```').root.textContent).toBe('а [1]');
    expect(drawn('[т](https://a.example/?a=[1])').root.querySelector('a')?.href).toBe('https://a.example/?a=[1]');
  });

  it('says what it is and that it is not checked', () => {
    const button = drawn('Можно [2].').root.querySelector('button');
    expect(button?.getAttribute('aria-label')).toBe(
      'Источник 2: статья 19, Закон «О защите прав потребителей», ещё не проверено',
    );
    expect(button?.type).toBe('button');
  });
});

describe('a number stands on one line', () => {
  it.each([
    ['Можно вернуть [1].', ['вернуть [1].']],
    ['Можно вернуть[1][2], а ещё [3] [4]', ['вернуть[1][2],', 'ещё [3] [4]']],
    ['по Закону (статья 18) [1]', []], // no letter: may be the number of a list
    ['возврата) [2];', ['возврата) [2];']],
    ['вот [1]),так [2]', ['вот [1]),', 'так [2]']],
    ['без **замены** [1] нельзя', []],
    ['- [1]\n1. [2]', []],
    ['на https://a.example/б [1]', []],
    ['[туда](https://a.example/ "да") [1]', []],
    ['много [1, 2, 3, 4]', []],
    ['`слово [1]`', []],
  ])('with what is beside it: %s', (text, expected) => {
    const { root } = drawn(text);
    expect([...root.querySelectorAll('[data-tied]')].map(({ textContent }) => textContent)).toEqual(expected);
  });

  it('also behind words that are a reference themselves', () => {
    const text = 'Это ст. 18 ЗоЗПП [1], да.';
    const { root } = drawn(text, [citation(text, 'ст. 18 ЗоЗПП'), citation(text, '[1]', { source: 1 })]);
    expect(labels(root)).toEqual(['ст. 18 ЗоЗПП', '[1]']);
    expect(root.querySelector('[data-tied]')?.textContent).toBe('ст. 18 ЗоЗПП [1],');
  });

  it('and no link or code is taken apart for it', () => {
    const { root } = drawn('[т](https://a.example/ "да") [1] и `слово [1].`');
    expect(root.querySelector('a')?.getAttribute('href')).toBe('https://a.example/');
    expect(root.querySelector('code')?.textContent).toBe('слово [1].');
  });
});

describe('after it', () => {
  it('a list inside a list keeps its numbers', () => {
    expect(drawn('- а\n\n  5. б').root.querySelector('ol')?.start).toBe(5);
  });

  it('words become buttons by code points, behind astral and stripped characters too', () => {
    const text = '𝒜\u0000\uE100 по ст. 18 ЗоЗПП можно [1].';
    const { root } = drawn(text, [citation(text, 'ст. 18 ЗоЗПП'), citation(text, '[1]', { source: 1 })]);
    expect(labels(root)).toEqual(['ст. 18 ЗоЗПП', '[1]']);
    expect(root.textContent).toBe('𝒜 по ст. 18 ЗоЗПП можно [1].');
  });

  it('each number of a group has its own', () => {
    const text = 'Можно [1, 9].';
    const { root } = drawn(text, [
      citation(text, '1', { source: 1 }),
      citation(text, '9', { verdict: 'no_such_provision', address: null }),
    ]);
    expect(labels(root)).toEqual(['[1]', '[9]']);
    const [, second] = root.querySelectorAll('button');
    expect(second?.dataset['verdict']).toBe('no_such_provision');
    expect(second?.title).toBe('Источник 9: такой нормы не нашлось');
  });

  it.each([
    ['**статья 18** ЗоЗПП говорит', 'статья 18** ЗоЗПП', '<strong>', 'статья 18'],
    ['по *ст. 18 ЗоЗПП* можно', 'ст. 18 ЗоЗПП', '<em>', 'ст. 18 ЗоЗПП'],
    ['ст. **18** ЗоЗПП', 'ст. **18** ЗоЗПП', '<strong>18', 'ЗоЗПП'],
  ])('never breaks the emphasis: %s', (text, words, inside, button) => {
    const { root } = drawn(text, [citation(text, words)]);
    expect(root.innerHTML).toContain(inside);
    expect(root.textContent).toBe(text.replaceAll('*', ''));
    expect(labels(root)).toEqual([button]);
  });

  it('of those that lie over one another the longer stands', () => {
    const text = 'по п. 1 ст. 18 ЗоЗПП можно';
    const { root } = drawn(text, [citation(text, 'ст. 18 ЗоЗПП'), citation(text, 'п. 1 ст. 18 ЗоЗПП')]);
    expect(labels(root)).toEqual(['п. 1 ст. 18 ЗоЗПП']);
  });

  it('long words are cut behind the number', () => {
    const text = 'по статье 18 Закона Российской Федерации о защите прав потребителей';
    expect(labels(drawn(text, [citation(text, text.slice(3))]).root)).toEqual(['статье 18']);
  });

  it('draws again only the blocks it touches', () => {
    const text = 'Первый абзац.\n\nВторой [1].\n\n- а\n- б ст. 18\n- в\n\nПоследний.';
    const { root, view } = drawn(text);
    const before = [...root.querySelectorAll('p, li')];
    const states = before.map((element) => element.outerHTML);
    const citations = [citation(text, '[1]', { source: 1 }), citation(text, 'ст. 18')];
    view.show({ text, citations, sources: SOURCES, busy: false });
    view.draw(Infinity);
    view.stop();
    expect([...root.querySelectorAll('p, li')]).toEqual(before);
    expect(before.map((element, index) => element.outerHTML !== states[index])).toEqual([
      false,
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  it('a click tells what was meant and what is quoted beside it', () => {
    const text = 'По закону «потребитель вправе» и «потребовать «замены»» [1].';
    const { root, view } = drawn(text, [citation(text, '[1]', { source: 1 })]);
    expect(view.cited(root.querySelector('button span'))).toEqual({
      act: 'zozpp',
      article: '18',
      address: 'ru/zozpp@2023-08-04/st18',
      source: 1,
      verdict: 'verified',
      text: '[1]',
      quotes: ['потребитель вправе', 'потребовать «замены»'],
    });
    expect(view.cited(root)).toBeNull();
  });
});

it('quotations without guillemets of their own are not lost to one left open', () => {
  expect(quotesIn('«открыта и «слова закона» дальше')).toEqual(['слова закона']);
});
