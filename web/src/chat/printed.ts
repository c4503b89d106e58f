/** What stands on paper only. Pure. */

import type { Citation, Source, Verdict } from '../lib/types';

/** The different verdicts on the references to a source, in the order of the text. That it is a summary is said of the
 * source itself. */
export function verdictsOf(
  { n, summary }: Pick<Source, 'n' | 'summary'>,
  citations: readonly Citation[] | null,
): Verdict[] {
  const all = citations?.flatMap(({ source, verdict }) => (source === n ? [verdict] : []));
  return [...new Set<Verdict>(all)].filter((verdict) => !(summary && verdict === 'summary'));
}

/** Whether a title is no more than how the text begins, as a new conversation's is. */
export function isBeginning(title: string, text: string): boolean {
  return text.replace(/\s+/g, ' ').trim().startsWith(title.replace(/…$/, ''));
}
