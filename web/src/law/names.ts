/** How acts and articles are called on the page. Pure. */

/** Number and heading apart: [«Статья 18», «Права потребителя…»]; what has no number is all heading. */
export function splitTitle(title: string): [string, string] {
  const match = /^((?:Статья|Глава|Подраздел|Раздел|Приложение|§)\s+\S+?)\.\s+(.+)$/su.exec(title);
  return match ? [match[1] ?? '', match[2] ?? ''] : ['', title];
}
