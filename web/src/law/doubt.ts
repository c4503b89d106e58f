/** What the answer names and the server has said is not there: the page looks for it in what is there, and does not
 * ask for it. Pure. */

import type { ContentsEntry, LawList, Neighbour } from '../lib/types';
import type { PanelRequest } from './request';

/** What has been had of the server so far; null: not yet. */
export interface Known {
  acts: Pick<LawList, 'acts' | 'guide'> | null;
  contents: readonly ContentsEntry[] | null;
}

export interface Beside {
  previous: Neighbour | null;
  next: Neighbour | null;
}

/** Kinds that a reference names by a number: articles, and points of acts that have none. */
const READ = new Set(['st', 'p']);

/** Whether the provision, or the text of its act, is not there by the verdict. */
export function isDoubted({ citation }: PanelRequest): boolean {
  return citation?.verdict === 'no_such_provision' || citation?.verdict === 'act_not_loaded';
}

/** Whether the act can be opened: loaded, or known by the guide. Null: not known yet. */
export function hasAct({ citation }: PanelRequest, act: string, acts: Known['acts']): boolean | null {
  if (citation?.verdict === 'no_such_provision') return true;
  return acts && [...acts.acts, ...acts.guide].some(({ id }) => id === act);
}

/** The place in the contents. */
export function placed(contents: Known['contents'], place: string | null): ContentsEntry | null {
  return contents?.find((entry) => entry.place !== null && entry.place === place) ?? null;
}

/** The articles, or points, between which a number would stand. */
export function around(contents: readonly ContentsEntry[], number: string | null): Beside {
  if (!number || !/^\d/.test(number)) return { previous: null, next: null };
  const wanted = parts(number);
  const all = contents.flatMap(({ kind, place, number, title }) =>
    place && READ.has(kind) ? [{ place, title, parts: parts(number) }] : [],
  );
  return {
    previous: all.findLast((one) => compare(one.parts, wanted) < 0) ?? null,
    next: all.find((one) => compare(one.parts, wanted) > 0) ?? null,
  };
}

/** «312.1», «348.11-1» as numbers. */
function parts(number: string): number[] {
  return number.split(/[.-]/).map(Number);
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const difference = (one[at] ?? -1) - (other[at] ?? -1);
    if (difference) return difference;
  }
  return 0;
}
