/** Conversations under the days they were last spoken in, by the reader's own calendar. Pure. */

export type When = 'today' | 'yesterday' | 'week' | 'earlier';

export interface Group<T> {
  when: When;
  items: T[];
}

/** Groups that have something in them, the newest first; items keep their order. `now` is in seconds, as theirs are. */
export function byDay<T extends { updated_at: number }>(items: readonly T[], now: number): Group<T>[] {
  const groups: Group<T>[] = [];
  const today = midnight(now, 0);
  // A week begins on Monday.
  const bounds = { today, yesterday: midnight(now, 1), week: midnight(now, (new Date(now * 1000).getDay() + 6) % 7) };
  const when = (at: number): When =>
    at >= bounds.today ? 'today' : at >= bounds.yesterday ? 'yesterday' : at >= bounds.week ? 'week' : 'earlier';
  for (const item of items) {
    const name = when(item.updated_at);
    const group = groups.find((one) => one.when === name);
    if (group) group.items.push(item);
    else groups.push({ when: name, items: [item] });
  }
  return groups;
}

/** When a day began, in seconds: days are not all 24 hours long. */
function midnight(now: number, daysAgo: number): number {
  const date = new Date(now * 1000);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - daysAgo).getTime() / 1000;
}
