/** A table of contents as it nests. Pure. */

import type { ContentsEntry } from '../lib/types';

export interface Branch {
  entry: ContentsEntry;
  children: Branch[];
}

/** Entries of an act that is shown opened from end to end; longer ones open as chapters. */
const FITS = 80;

/** Entries in reading order, each under the nearest one before it that stands higher. */
export function nest(entries: readonly ContentsEntry[]): Branch[] {
  const top: Branch[] = [];
  const open: Branch[] = [];
  for (const entry of entries) {
    const branch: Branch = { entry, children: [] };
    while (open.length && (open.at(-1)?.entry.level ?? 0) >= entry.level) open.pop();
    (open.at(-1)?.children ?? top).push(branch);
    open.push(branch);
  }
  return top;
}

/** What leads to the branch that is looked for, itself last; empty when it is not there. */
export function wayTo(branches: readonly Branch[], is: (entry: ContentsEntry) => boolean): Branch[] {
  for (const branch of branches) {
    if (is(branch.entry)) return [branch];
    const below = wayTo(branch.children, is);
    if (below.length) return [branch, ...below];
  }
  return [];
}

/** Every branch, in reading order. */
export function all(branches: readonly Branch[]): Branch[] {
  return branches.flatMap((branch) => [branch, ...all(branch.children)]);
}

/** «8–12», «312.1»: the articles that stand in a chapter; empty for one that has none. */
export function span(branch: Branch): string {
  const first = edge(branch, 0);
  const last = edge(branch, -1);
  return first === last ? first : `${first}–${last}`;
}

function edge({ entry, children }: Branch, end: 0 | -1): string {
  const ordered = end === 0 ? children : children.toReversed();
  if (!ordered.length) return entry.kind === 'st' ? entry.number : '';
  for (const child of ordered) {
    const found = edge(child, end);
    if (found) return found;
  }
  return '';
}

/** Whether a chapter is shown opened before anyone has touched it. */
export function startsOpen(branch: Branch, entries: number): boolean {
  return entries <= FITS || branch.children.some((child) => child.children.length > 0);
}
