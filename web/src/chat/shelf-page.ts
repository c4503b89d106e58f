/** A list that grows by pages and is had anew from its top. Pure. */

import type { ConversationFacts, ConversationList } from '../lib/types';

export interface Page {
  readonly data: readonly ConversationFacts[];
  /** Where the next page begins; null: this is all. */
  readonly next: string | null;
}

/** The first page has come again: what lies below it, and was there already, stays. */
export function renewed(shown: Page | null, fresh: ConversationList): Page {
  const last = fresh.data.at(-1);
  if (!shown || !last || fresh.next === null) return fresh;
  const known = new Set(fresh.data.map(({ id }) => id));
  const rest = shown.data.filter(({ id, updated_at }) => !known.has(id) && updated_at <= last.updated_at);
  return rest.length ? { data: [...fresh.data, ...rest], next: shown.next } : fresh;
}

/** Another page: those of it that moved up meanwhile are not shown twice. */
export function longer(shown: Page | null, page: ConversationList): Page {
  const known = new Set(shown?.data.map(({ id }) => id));
  return { data: [...(shown?.data ?? []), ...page.data.filter(({ id }) => !known.has(id))], next: page.next };
}

export function without(shown: Page | null, id: string): Page | null {
  return shown && { ...shown, data: shown.data.filter((item) => item.id !== id) };
}

export function renamed(shown: Page | null, id: string, title: string): Page | null {
  return shown && { ...shown, data: shown.data.map((item) => (item.id === id ? { ...item, title } : item)) };
}
