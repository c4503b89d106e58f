/** What the chat asks the panel to show. */

import { ApiError } from '../lib/api';
import type { Source, Verdict } from '../lib/types';
import { texts } from '../texts';
import { editionOf, inAct } from './address';

export interface PanelRequest {
  /** null: the answer does not say which act it means. */
  act: string | null;
  /** Number of the article (point). */
  article: string | null;
  /** Where the part stands: `ru/zozpp@2023-08-04/st18/p1` or `st18/p1`. */
  address: string | null;
  citation: { verdict: Verdict | null; text: string; quotes: string[] } | null;
  source: Source | null;
}

/** What to ask the server for; null when the act or the place is not known. */
export function wished({ act, article, address, source }: PanelRequest): { act: string; place: string } | null {
  const from = address ?? (article ? null : (source?.address ?? null));
  const known = act ?? source?.act ?? null;
  const place = from ? inAct(from) : (article ?? source?.article ?? null);
  return known && place ? { act: known, place } : null;
}

/** The whole article, for when the part meant is not there. */
export function wholeOf({ article, source }: PanelRequest): string | null {
  return article ?? source?.article ?? null;
}

/** What is not found is called as the answer calls it; a bare `[7]` is no name. */
export function named({ citation }: PanelRequest): string | null {
  const words = citation?.text.trim() ?? '';
  return words && !words.startsWith('[') ? words.charAt(0).toUpperCase() + words.slice(1) : null;
}

/** ISO date of the edition that the answer was written from. */
export function editionRead({ address, source }: PanelRequest): string | null {
  return (address && editionOf(address)) || source?.edition_date || null;
}

/** What a verdict says to a person. */
export function verdictText(verdict: Verdict): { label: string; explanation: string } | null {
  return (texts.verdicts as Partial<Record<Verdict, { label: string; explanation: string }>>)[verdict] ?? null;
}

/** Whether the article is there and only the part of it is not. */
export function lacksPart(error: ApiError | null, place: string | null, whole: string | null): boolean {
  return error?.code === 'no_such_provision' && whole !== null && place !== whole;
}
