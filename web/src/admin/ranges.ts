/** How far back one looks, and how finely. */

export const RANGES = ['hour', 'day', 'week', 'month'] as const;
export type Range = (typeof RANGES)[number];

interface Scope {
  /** Seconds that are looked at. */
  window: number;
  /** Seconds of one point of a plot: 60 to 120 points. */
  step: number;
  /** Seconds of one row of its table: 7 to 31 rows. */
  row: number;
}

export const SCOPES: Record<Range, Scope> = {
  hour: { window: 3_600, step: 60, row: 600 },
  day: { window: 86_400, step: 900, row: 3_600 },
  week: { window: 604_800, step: 10_800, row: 21_600 },
  month: { window: 2_592_000, step: 21_600, row: 86_400 },
};

const USUAL: Range = 'day';

/** The one that an address names; a day when it names none. */
export function rangeOf(url: URL): Range {
  const named = url.searchParams.get('range');
  return RANGES.find((range) => range === named) ?? USUAL;
}

/** The address that names it. */
export function withRange(url: URL, range: Range): string {
  const next = new URL(url);
  if (range === USUAL) next.searchParams.delete('range');
  else next.searchParams.set('range', range);
  return next.pathname + next.search + next.hash;
}
