import { describe, expect, it } from 'vitest';
import { all, nest, span, startsOpen, wayTo, type Branch } from '../src/law/tree';
import type { ContentsEntry } from '../src/lib/types';

function entry(level: number, kind: string, number: string): ContentsEntry {
  const place = kind === 'st' ? number : null;
  return { place, address: kind + number, kind, number, title: '', level, repealed: false, document: 'zozpp' };
}

const ENTRIES = [
  entry(0, 'pre', ''),
  entry(0, 'gl', '1'),
  entry(1, 'st', '1'),
  entry(1, 'par', '1'),
  entry(2, 'st', '2'),
  entry(2, 'st', '2.1'),
  entry(0, 'gl', '2'),
  entry(1, 'st', '3'),
  entry(0, 'gl', '3'),
];

function drawn(branches: readonly Branch[]): unknown[] {
  return branches.map(({ entry: { address }, children }) => (children.length ? [address, drawn(children)] : address));
}

describe('a table of contents', () => {
  const tree = nest(ENTRIES);

  it('nests by level', () => {
    expect(drawn(tree)).toEqual(['pre', ['gl1', ['st1', ['par1', ['st2', 'st2.1']]]], ['gl2', ['st3']], 'gl3']);
    expect(nest([])).toEqual([]);
  });

  it('keeps every entry, in order', () => {
    expect(all(tree).map((branch) => branch.entry)).toEqual(ENTRIES);
  });

  it('takes a level that is left out', () => {
    expect(drawn(nest([entry(0, 'razd', '1'), entry(3, 'st', '1'), entry(1, 'gl', '1')]))).toEqual([
      ['razd1', ['st1', 'gl1']],
    ]);
  });

  it('knows the way to a place', () => {
    const way = (place: string) => wayTo(tree, (one) => one.place === place).map((branch) => branch.entry.address);
    expect(way('2.1')).toEqual(['gl1', 'par1', 'st2.1']);
    expect(way('99')).toEqual([]);
  });

  it('says which articles a chapter holds', () => {
    expect(tree.map(span)).toEqual(['', '1–2.1', '3', '']);
  });

  it('opens a long act as chapters and a short one as a whole', () => {
    const [, first, second] = tree;
    expect(first && startsOpen(first, 2_000)).toBe(true); // it holds a paragraph
    expect(second && startsOpen(second, 2_000)).toBe(false);
    expect(second && startsOpen(second, 9)).toBe(true);
  });
});
