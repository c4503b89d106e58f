import { describe, expect, it } from 'vitest';
import { editionRead, lacksPart, wholeOf, wished, type PanelRequest } from '../src/law/request';
import { splitTitle } from '../src/law/names';
import { ApiError } from '../src/lib/api';
import type { Source } from '../src/lib/types';

const SOURCE: Source = {
  n: 1,
  act: 'zozpp',
  act_title: 'Закон РФ «О защите прав потребителей»',
  article: '18',
  title: 'Права потребителя',
  address: 'ru/zozpp@2023-08-04/st18',
  edition_date: '2023-08-04',
  score: 1,
  summary: false,
  excerpt: '',
};

function request(given: Partial<PanelRequest>): PanelRequest {
  return { act: null, article: null, address: null, citation: null, source: null, ...given };
}

describe('what the panel asks for', () => {
  it.each([
    ['the part cited', { act: 'zozpp', article: '18', address: 'ru/zozpp@2023-08-04/st18/p1' }, 'st18/p1'],
    ['the article named', { act: 'zozpp', article: '18' }, '18'],
    ['the source', { source: SOURCE }, 'st18'],
    ['the article named rather than the source', { act: 'zozpp', article: '19', source: SOURCE }, '19'],
  ])('is %s', (_, given, place) => {
    expect(wished(request(given))).toEqual({ act: 'zozpp', place });
  });

  it('is nothing when the act or the place is not known', () => {
    expect(wished(request({ article: '18' }))).toBeNull();
    expect(wished(request({ act: 'zozpp' }))).toBeNull();
  });

  it('is the whole article when there is no such part', () => {
    const missing = new ApiError(404, 'no_such_provision', '');
    expect(lacksPart(missing, 'st18/p99', wholeOf(request({ article: '18' })))).toBe(true);
    expect(lacksPart(missing, '18', '18')).toBe(false);
    expect(lacksPart(missing, 'st18/p99', null)).toBe(false);
    expect(lacksPart(new ApiError(0, 'offline', ''), 'st18/p99', '18')).toBe(false);
  });

  it('tells which edition the answer was written from', () => {
    expect(editionRead(request({ address: 'ru/zozpp@2020-01-01/st18', source: SOURCE }))).toBe('2020-01-01');
    expect(editionRead(request({ source: SOURCE }))).toBe('2023-08-04');
    expect(editionRead(request({}))).toBeNull();
  });
});

describe('names', () => {
  it.each([
    ['Статья 312.1. Предоставление полномочий', 'Статья 312.1', 'Предоставление полномочий'],
    ['Глава II. ЗАЩИТА ПРАВ', 'Глава II', 'ЗАЩИТА ПРАВ'],
    ['§ 3. Залог', '§ 3', 'Залог'],
    ['Статья 348.11-1', '', 'Статья 348.11-1'],
    ['Преамбула', '', 'Преамбула'],
  ])('part %s', (title, number, heading) => {
    expect(splitTitle(title)).toEqual([number, heading]);
  });
});
