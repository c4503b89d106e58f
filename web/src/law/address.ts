/** Addresses of the law: `/law/zozpp/18`, a part of it `#st18/p1`, and what an answer's citation carries. Pure. */

/** The path of an act's contents, or of a place in it. */
export function lawPath(act: string, place?: string | null, on?: string | null): string {
  return `/law/${stepsTo(act, place)}${on ? `?on=${encodeURIComponent(on)}` : ''}`;
}

/** An act and a place as steps of a path. What stands in the address bar is anybody's: `..` must not lead out of here. */
export function stepsTo(act: string, place?: string | null): string {
  const steps = place ? [act, ...place.split('/')] : [act];
  return steps.map((step) => (/^\.+$/.test(step) ? '' : encodeURIComponent(step))).join('/');
}

/** `st18/p1` of `ru/zozpp@2023-08-04/st18/p1`; what is already an address in the act stays. */
export function inAct(address: string): string {
  return address.startsWith('ru/') ? address.split('/').slice(2).join('/') : address;
}

/** The ISO date of the edition that an address names. */
export function editionOf(address: string): string | null {
  return /^ru\/[^/@]+@(\d{4}-\d\d-\d\d)(?:\/|$)/.exec(address)?.[1] ?? null;
}

/** Whether an address in the act is the part meant or stands in it: `st18/p1/abz2` in `st18/p1`, never `st18/p10`. */
export function isWithin(address: string, part: string): boolean {
  return address === part || address.startsWith(`${part}/`);
}

/** The part that a fragment names, when it is one of this article. */
export function partOfHash(hash: string, article: string): string | null {
  let part: string;
  try {
    part = decodeURIComponent(hash.replace(/^#/, ''));
  } catch {
    return null;
  }
  return part !== article && isWithin(part, article) ? part : null;
}

/** Splits what is in reading order into what stands before the part meant, the part, and what follows. */
export function aroundPart<T extends { address: string }>(items: readonly T[], part: string | null): [T[], T[], T[]] {
  const first = part === null ? -1 : items.findIndex((item) => isWithin(item.address, part));
  if (part === null || first < 0) return [[...items], [], []];
  const after = items.findIndex((item, index) => index > first && !isWithin(item.address, part));
  const end = after < 0 ? items.length : after;
  return [items.slice(0, first), items.slice(first, end), items.slice(end)];
}
