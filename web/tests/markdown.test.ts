// @vitest-environment jsdom
import { describe, expect, it, vi } from 'vitest';
import { AnswerView, type Shown } from '../src/lib/markdown';
import { Markdown } from '../src/lib/markdown/html';
import { clean } from '../src/lib/markdown/source';
import type { Source } from '../src/lib/types';

vi.setConfig({ testTimeout: 60_000 }); // jsdom on a busy machine

/** All of a text, lexed and drawn in one go. */
function whole(text: string, shown: Partial<Shown> = {}): HTMLElement {
  const root = document.createElement('div');
  const view = new AnswerView(root);
  view.show({ text, citations: null, sources: [], busy: false, ...shown });
  view.draw(Infinity);
  view.stop();
  return root;
}

const NO_SOURCES: Shown['sources'] = [];

/** The same text as it arrives. */
function streamed(text: string, step: () => number, slice = 4000, sources = NO_SOURCES): HTMLElement {
  const root = document.createElement('div');
  const view = new AnswerView(root, slice);
  for (let end = 0; end < text.length;) {
    end += step();
    view.show({ text: text.slice(0, end), citations: null, sources, busy: true });
    view.draw(slice);
  }
  while (!view.draw(slice)); // what is longer than a slice
  view.stop();
  return root;
}

/** The same choices every time. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SCRAPS = [
  ...['абзац текста', 'второй', '# Заголовок', '#', '#нет', '## ', '===', '---', '--', '-', '***', '* * *', '* ', '- '],
  ...[
    '- пункт',
    '* пункт',
    '+ пункт',
    '1. первый',
    '2. второй',
    '2',
    '3)',
    '3) третий',
    '10. десятый',
    '1.',
    '    код',
  ],
  ...[
    '  - вложенный',
    '   продолжение',
    '\tтаб',
    ' - косой',
    '  текст',
    '- [ ] дело',
    '- [x] сделано',
    '> цитата',
    '>',
  ],
  ...[
    '> - в цитате',
    '```',
    '```js',
    '~~~',
    '`',
    '`код`',
    '|',
    'а|б',
    '-|-',
    '|а|б|',
    '|---|---|',
    '|1|2|',
    '**жирно**',
  ],
  ...[
    '**',
    '*',
    '_кур',
    'сив_',
    '~~',
    '[1]',
    '[1, 2]',
    '[1](https://a.ru)',
    '[текст]',
    '[1]: https://a.ru',
    '<div>',
    '</div>',
  ],
  ...[
    '<!--',
    '-->',
    '<b>',
    '&amp;',
    '&nbsp;',
    '&#60;',
    '\\',
    '\\[1]',
    'https://a.ru/б',
    'www.a.ru',
    'а@б.ру',
    '![рис](https://a.ru/x.png)',
  ],
];
const GLUE = ['\n', '\n', '\n', '\n\n', '\n\n', ' ', '', '\n\n\n', '  \n'];

function rubbish(pick: (below: number) => number, scraps: number): string {
  const of = (list: readonly string[]) => list[pick(list.length)] ?? '';
  return Array.from({ length: scraps }, () => of(SCRAPS) + of(GLUE)).join('');
}

describe('a text that arrives in pieces', () => {
  it.each(Array.from({ length: 80 }, (_, seed) => seed))('is drawn as it is drawn at once (%i)', (seed) => {
    const pick = dice(seed);
    const text = rubbish(pick, 1 + pick(40));
    const most = 1 + pick(12);
    expect(streamed(text, () => 1 + pick(most)).innerHTML, JSON.stringify(text)).toBe(whole(text).innerHTML);
  });

  it.each(Array.from({ length: 30 }, (_, seed) => seed))('also by slices (%i)', (seed) => {
    const pick = dice(seed + 1000);
    const text = rubbish(pick, 120);
    expect(streamed(text, () => text.length, 1 + pick(300)).innerHTML, JSON.stringify(text)).toBe(
      whole(text).innerHTML,
    );
  });
});

describe('a text with references', () => {
  const sources = [1, 2].map((n) => ({ n, act: 'zozpp', act_title: 'Закон', article: '18', address: '' }) as Source);
  const scraps = ['вправе [1].', 'слово [2]', '[1][2], ', '([1])', '«[2]»', ' [1, 2]!', '[9]', '**да** [1]'];

  it.each(Array.from({ length: 20 }, (_, seed) => seed))('is drawn as it is drawn at once (%i)', (seed) => {
    const pick = dice(seed + 2000);
    const text = Array.from({ length: 20 }, () => scraps[pick(scraps.length)] + rubbish(pick, 1)).join('');
    const expected = whole(text, { sources }).innerHTML;
    expect(streamed(text, () => 1 + pick(20), 4000, sources).innerHTML, JSON.stringify(text)).toBe(expected);
  });
});

describe('a long text', () => {
  const sentence = 'Потребитель вправе потребовать **замены** товара и возмещения убытков. ';

  it.each([
    ['one paragraph', sentence.repeat(120)],
    ['one paragraph that never closes what it opens', `**${sentence.replaceAll('*', '')}`.repeat(100)],
    ['one word', 'а'.repeat(9000)],
    ['one list', Array.from({ length: 90 }, (_, n) => `${n + 1}. ${sentence}\n`).join('')],
    ['one table', `|а|б|\n|-|-|\n${`|${sentence}|${sentence}|\n`.repeat(50)}`],
    ['a table that text follows', `|а|\n|-|\n${`|${sentence}\n`.repeat(40)}\n${sentence}`],
    ['code', `~~~~js\n${'если (а) {\n\n  б();\n```\n'.repeat(90)}~~~~\n\n${sentence}`],
    ['code that never ends', `  \`\`\`\n${'  строка\n    ещё\n'.repeat(150)}`],
    ['blank lines before a list', `\n\n${`- ${sentence}\n`.repeat(40)}`],
    ['a paragraph that becomes a heading', `${sentence.repeat(60)}\n===`],
  ])('is drawn as at once: %s', (_, text) => {
    const expected = whole(text).innerHTML;
    expect(streamed(text, () => 997).innerHTML).toBe(expected);
    expect(streamed(text, () => text.length, 500).innerHTML).toBe(expected);
  });

  it.each([
    ['rows', 'tr', `|а|б|\n|-|-|\n${`|${sentence}|${sentence}|\n`.repeat(50)}`],
    ['pieces of code', 'code', `\`\`\`\n${'строка\n'.repeat(400)}`],
    ['items', 'li', `${`- ${sentence}\n`.repeat(50)}`],
  ])('that is one block keeps its %s, and lexes only the last ones', (_, part, text) => {
    const root = document.createElement('div');
    const view = new AnswerView(root);
    const lexed = vi.spyOn(Markdown.prototype, 'blocks');
    let kept: Element[] = [];
    for (let end = 200; end < text.length; end += 200) {
      view.show({ text: text.slice(0, end), citations: null, sources: NO_SOURCES, busy: true });
      view.draw();
      expect([...root.querySelectorAll(part)].slice(0, kept.length)).toEqual(kept);
      kept = [...root.querySelectorAll(part)];
    }
    view.stop();
    expect(kept.length).toBeGreaterThan(8);
    expect(Math.max(...lexed.mock.calls.map(([encoded]) => encoded.length))).toBeLessThan(2000);
  });

  it('keeps the nodes of what is settled', () => {
    const root = document.createElement('div');
    const view = new AnswerView(root);
    const show = (text: string) => {
      view.show({ text, citations: null, sources: NO_SOURCES, busy: true });
      view.draw();
    };
    show('1. один\n2. два\n3. тр');
    const before = [...root.querySelectorAll('li')];
    show('1. один\n2. два\n3. три\n4. четыре\n\nКонец.');
    view.stop();
    expect([...root.querySelectorAll('li')].slice(0, 3)).toEqual(before);
    expect(root.querySelectorAll('ol')).toHaveLength(1);
    expect(root.lastElementChild?.textContent).toBe('Конец.');
  });
});

describe('what would overflow or never end', () => {
  it.each([
    ['> '.repeat(10_000) + 'а'],
    ['>'.repeat(10_000)],
    ['- '.repeat(10_000) + 'а'],
    ['1. '.repeat(5_000) + 'а'],
    ['> - '.repeat(5_000) + 'а'],
    [Array.from({ length: 150 }, (_, n) => `${'  '.repeat(n)}- а`).join('\n')],
    [Array.from({ length: 60 }, (_, n) => `${'>'.repeat(60 - n)} а\nб`).join('\n')],
    ['*'.repeat(5_000) + 'а' + '*'.repeat(5_000)],
    ['*а '.repeat(5_000)],
    ['**а _б '.repeat(3_000)],
    ['['.repeat(10_000)],
    ['[а]('.repeat(4_000)],
    ['!['.repeat(5_000)],
    ['`'.repeat(9_999)],
    ['<'.repeat(10_000)],
    ['<a '.repeat(5_000)],
    ['&#'.repeat(5_000)],
    ['|'.repeat(10_000)],
    ['~'.repeat(10_000)],
    ['\\'.repeat(9_999)],
    ['www.'.repeat(3_000)],
    ['a@'.repeat(5_000)],
    ['[1]'.repeat(3_000)],
    ['\t'.repeat(9_000) + 'а'],
    ['# '.repeat(5_000)],
  ])('is drawn: %.12s', (text) => {
    let depth = 0;
    for (let node: Element | null = whole(text); node; node = node.lastElementChild) depth += 1;
    expect(depth).toBeLessThan(60);
  });
});

describe('a text that goes on', () => {
  it.each(['Да\uD83D', 'Да\u0000', '', 'Да', 'Не то', '\uD83D'])('is cleaned as a whole one: %j first', (was) => {
    const text = 'Да\uD83D\uDE00\uE100 нет\uD83D \u0000и\uFEFF всё';
    const { text: whole, at } = clean(text);
    const later = clean(text, was, clean(was));
    expect(later.text).toBe(whole);
    expect([...text].map((_, point) => later.at(point))).toEqual([...text].map((_, point) => at(point)));
  });
});
