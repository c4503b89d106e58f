import { describe, expect, it } from 'vitest';
import { findQuotes, findWords, pieces } from '../src/law/quotes';

/** The words marked in each text. */
function marked(texts: string[], ...quotes: string[]): string[][] {
  return findQuotes(texts, quotes).map((ranges, index) =>
    ranges.map(({ start, end }) => (texts[index] ?? '').slice(start, end)),
  );
}

describe('quoted words in a text', () => {
  it.each([
    ['case and ё', 'Перерасчёт Покупной цены', 'перерасчет покупной ЦЕНЫ'],
    ['spaces and line breaks', 'покупной\u00a0цены  товара', 'покупной цены\nтовара'],
    ['quotes and dashes', 'договор «купли-продажи» — сделка', 'договор "купли–продажи" - сделка'],
  ])('are found whatever the %s', (_, text, quote) => {
    expect(marked([text], quote)).toEqual([[text]]);
  });

  it('are not found in the midst of a word', () => {
    expect(marked(['непотребительский товар'], 'потребительский')).toEqual([[]]);
    expect(marked(['залогодатель'], 'залог')).toEqual([[]]);
  });

  it('are marked in every place', () => {
    expect(marked(['цена товара и цена товара'], 'цена товара')).toEqual([['цена товара', 'цена товара']]);
  });

  it('may go on in the next paragraph', () => {
    const texts = ['Потребитель вправе:', 'потребовать замены;', 'отказаться'];
    expect(marked(texts, 'вправе: потребовать замены')).toEqual([['вправе'], ['потребовать замены'], []]);
    expect(marked(['Суд вправе', '', 'отказать в иске'], 'вправе отказать')).toEqual([['вправе'], [], ['отказать']]);
  });

  it.each(['Потребитель … вправе', 'Потребитель [...] вправе', 'Потребитель... вправе'])(
    'may leave words out: %s',
    (quote) => {
      expect(marked(['Потребитель, купивший товар, вправе'], quote)).toEqual([['Потребитель', 'вправе']]);
    },
  );

  it('mark nothing when another word stands there', () => {
    expect(marked(['Продавец обязан'], 'Продавец не обязан')).toEqual([[]]);
  });

  it('of a word or two letters mark nothing', () => {
    expect(marked(['а и б'], 'и', '', '…', '«»')).toEqual([[]]);
  });

  it('that overlap become one', () => {
    expect(marked(['один два три четыре'], 'один два три', 'два три четыре')).toEqual([['один два три четыре']]);
  });

  it('cost little in a long text', () => {
    const text = 'право '.repeat(20_000);
    expect(marked([text], 'право право')[0]).toEqual([text.trim()]);
  });
});

describe('words of a search', () => {
  const found = (text: string, query: string) => findWords(text, query).map(({ start, end }) => text.slice(start, end));

  it('are marked in another form, and other words are not', () => {
    expect(found('Предмет залога. Залогодержатель', 'залог')).toEqual(['залога']);
    expect(found('расчёты с потребителями', 'расчет потребителю')).toEqual(['расчёты', 'потребителями']);
  });

  it('leave short words alone, but not numbers', () => {
    expect(found('не с и 18', 'с не 18')).toEqual(['18']);
    expect(found('что угодно', '')).toEqual([]);
  });
});

describe('a text cut at its ranges', () => {
  it('is the same text', () => {
    const cut = pieces('один два три', [
      { start: 0, end: 4 },
      { start: 9, end: 12 },
    ]);
    expect(cut).toEqual([
      { text: 'один', marked: true },
      { text: ' два ', marked: false },
      { text: 'три', marked: true },
    ]);
    expect(pieces('', [])).toEqual([]);
  });
});
