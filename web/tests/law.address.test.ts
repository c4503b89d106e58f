import { describe, expect, it } from 'vitest';
import { aroundPart, editionOf, inAct, isWithin, lawPath, partOfHash } from '../src/law/address';
import { lawApi } from '../src/law/loaded.svelte';

describe('addresses of the law', () => {
  it.each([
    [['zozpp'], '/law/zozpp'],
    [['zozpp', '18'], '/law/zozpp/18'],
    [['zozpp', 'st18/p1'], '/law/zozpp/st18/p1'],
    [['gk', '312.1', '2023-08-04'], '/law/gk/312.1?on=2023-08-04'],
    [['странный акт/1', '5?'], '/law/%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%BD%D1%8B%D0%B9%20%D0%B0%D0%BA%D1%82%2F1/5%3F'],
  ] as [[string, string?, string?], string][])('%j is %s', (given, path) => {
    expect(lawPath(...given)).toBe(path);
  });

  it.each(['../session', '../../../v1/models', 'st18/../..', './p1', '..', '..\\..\\x'])(
    '%j leads nowhere else',
    (place) => {
      for (const act of ['zozpp', '..']) {
        for (const path of [lawPath(act, place), lawApi.place(act, place, null), lawApi.act(act, null)]) {
          expect(new URL(path, 'http://here').pathname).toBe(path);
          expect(path).toMatch(/^(?:\/api\/v1)?\/law\//);
        }
      }
    },
  );

  it('leaves out the act and the edition of a citation', () => {
    expect(inAct('ru/zozpp@2023-08-04/st18/p1')).toBe('st18/p1');
    expect(inAct('ru/pdd/p10.3')).toBe('p10.3');
    expect(inAct('st18/p1')).toBe('st18/p1');
  });

  it('knows the edition that was read', () => {
    expect(editionOf('ru/zozpp@2023-08-04/st18')).toBe('2023-08-04');
    expect(editionOf('ru/pdd/p10.3')).toBeNull();
    expect(editionOf('st18')).toBeNull();
  });

  it('tells a part from one whose number begins alike', () => {
    expect(isWithin('st18/p1/abz2', 'st18/p1')).toBe(true);
    expect(isWithin('st18/p10', 'st18/p1')).toBe(false);
  });

  it('takes from a fragment only a part of this article', () => {
    expect(partOfHash('#st18/p1', 'st18')).toBe('st18/p1');
    expect(partOfHash('#st18%2Fp1', 'st18')).toBe('st18/p1');
    expect(partOfHash('#st18', 'st18')).toBeNull();
    expect(partOfHash('#st19/p1', 'st18')).toBeNull();
    expect(partOfHash('#%', 'st18')).toBeNull();
    expect(partOfHash('', 'st18')).toBeNull();
  });

  it('sets off the part and what stands in it', () => {
    const items = ['st18', 'st18/p1', 'st18/p1/abz2', 'st18/p10', 'st18/p2'].map((address) => ({ address }));
    const cut = (part: string | null) => aroundPart(items, part).map((group) => group.map(({ address }) => address));
    expect(cut('st18/p1')).toEqual([['st18'], ['st18/p1', 'st18/p1/abz2'], ['st18/p10', 'st18/p2']]);
    expect(cut('st18/p2')).toEqual([['st18', 'st18/p1', 'st18/p1/abz2', 'st18/p10'], ['st18/p2'], []]);
    expect(cut('st18/p7')).toEqual([items.map(({ address }) => address), [], []]);
    expect(cut(null)).toEqual([items.map(({ address }) => address), [], []]);
  });
});
