/** How acts and articles are called on the page. Pure. */

import type { ActFacts } from '../lib/types';

/** As the server names it; what only has a title that begins with «О» gets its type before it. */
export function actName({ name, type, title }: Pick<ActFacts, 'type' | 'title'> & { name?: string }): string {
  return name ?? (type && /^об?о?\s/i.test(title) ? `${type} «${title}»` : title);
}

/** Number and heading apart: [«Статья 18», «Права потребителя…»]; what has no number is all heading. */
export function splitTitle(title: string): [string, string] {
  const match = /^((?:Статья|Глава|Подраздел|Раздел|Приложение|§)\s+\S+?)\.\s+(.+)$/su.exec(title);
  return match ? [match[1] ?? '', match[2] ?? ''] : ['', title];
}
