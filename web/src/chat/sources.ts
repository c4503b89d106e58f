/** What is said of the provisions found. Pure. */

import type { Citation, RunView, Source } from '../lib/types';
import { texts } from '../texts';

/** «Статья 18»; «Пункт 10.3» of an act that has no articles. */
export function nameOf({ address, article }: Pick<Source, 'address' | 'article'>): string {
  return !address || address.includes('/st') ? texts.sources.article(article) : texts.sources.point(article);
}

export interface Edition {
  act: string;
  title: string;
  /** ISO; empty: not known. */
  date: string;
}

/** The numbers of the sources that the text refers to. */
export function cited(citations: readonly Citation[] | null): Set<number> {
  return new Set(citations?.flatMap(({ source }) => (source === null ? [] : [source])));
}

/** The editions an answer rests on: those of the provisions cited, else of all that were found; once each. */
export function editions({ sources, citations }: Pick<RunView, 'sources' | 'citations'>): Edition[] {
  const numbers = cited(citations);
  const used = sources.filter(({ n }) => numbers.has(n));
  const found = new Map<string, Edition>();
  for (const { act, act_title, edition_date } of used.length ? used : sources)
    found.set(`${act}@${edition_date}`, { act, title: act_title, date: edition_date });
  return [...found.values()];
}

/** References that nothing read for the answer bears out, and those to what is law no more; once each. */
export function doubts(citations: readonly Citation[] | null): { unconfirmed: Citation[]; repealed: Citation[] } {
  const seen = new Map<string, Citation>();
  for (const citation of citations ?? []) {
    if (citation.verdict === 'verified' || citation.verdict === 'summary') continue;
    const key = `${citation.verdict === 'repealed'} ${citation.address ?? citation.text}`;
    if (!seen.has(key)) seen.set(key, citation);
  }
  const all = [...seen.values()];
  return {
    unconfirmed: all.filter(({ verdict }) => verdict !== 'repealed'),
    repealed: all.filter(({ verdict }) => verdict === 'repealed'),
  };
}
