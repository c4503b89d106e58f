import { describe, expect, it } from 'vitest';
import { around, hasAct, isDoubted, placed } from '../src/law/doubt';
import { named, type PanelRequest } from '../src/law/request';
import type { ContentsEntry, LawList, Verdict } from '../src/lib/types';

function request(verdict: Verdict | null, text = 'ст. 999'): PanelRequest {
  return { act: 'zozpp', article: '999', address: null, citation: { verdict, text, quotes: [] }, source: null };
}

function entry(kind: string, number: string, place: string | null = number): ContentsEntry {
  return { place, address: kind + number, kind, number, title: number, level: 0, repealed: false, document: 'zozpp' };
}

const CONTENTS = [entry('gl', '1', null), ...['1', '18', '18.1', '18.2', '19'].map((number) => entry('st', number))];
const LAWS = { acts: [{ id: 'zozpp' }], guide: [{ id: 'tk' }] } as unknown as LawList;

describe('what the verdict says is not there', () => {
  it('is known by the verdict', () => {
    expect((['no_such_provision', 'act_not_loaded'] as const).map((verdict) => isDoubted(request(verdict)))).toEqual([
      true,
      true,
    ]);
    expect((['verified', 'repealed', null] as const).map((verdict) => isDoubted(request(verdict)))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('is looked for in an act that can be opened', () => {
    expect(hasAct(request('no_such_provision'), 'zozpp', null)).toBe(true);
    expect(hasAct(request('act_not_loaded'), 'tk', null)).toBeNull();
    expect(['zozpp', 'tk', 'nk'].map((act) => hasAct(request('act_not_loaded'), act, LAWS))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('may be a part of an article that is there', () => {
    expect(placed(CONTENTS, '18.1')?.address).toBe('st18.1');
    expect(placed(CONTENTS, '18.3')).toBeNull();
    expect(placed(CONTENTS, null)).toBeNull();
    expect(placed(null, '18')).toBeNull();
  });

  it.each([
    ['between two', '18.3', '18.2', '19'],
    ['before a number above', '18.1.5', '18.1', '18.2'],
    ['past the end', '999', '19', undefined],
    ['before the beginning', '0', undefined, '1'],
  ])('would stand %s', (_, number, previous, next) => {
    const beside = around(CONTENTS, number);
    expect([beside.previous?.place, beside.next?.place]).toEqual([previous, next]);
  });

  it('stands nowhere without a number', () => {
    expect(around(CONTENTS, null)).toEqual({ previous: null, next: null });
    expect(around(CONTENTS, 'pre')).toEqual({ previous: null, next: null });
  });

  it('is called as the answer calls it', () => {
    expect(named(request('no_such_provision', 'ст. 999 ЗоЗПП'))).toBe('Ст. 999 ЗоЗПП');
    expect(named(request('no_such_provision', '[7]'))).toBeNull();
  });
});
