/** What the panel is asked to show. Pure. */

import type { PanelRequest } from '../law/request';
import type { Cited } from '../lib/citations';
import type { Source } from '../lib/types';

/** A reference of the answer; `quotes`: the words quoted beside it. */
export type Reference = Cited & { quotes?: string[] };

export function requestOf(reference: Reference, sources: readonly Source[]): PanelRequest {
  const { act, article, address, verdict, text, quotes = [] } = reference;
  const source = sources.find(({ n }) => n === reference.source) ?? null;
  return { act, article, address, citation: { verdict, text, quotes }, source };
}

export function requestFor(source: Source): PanelRequest {
  const { act, article, address } = source;
  return { act, article, address, citation: null, source };
}
