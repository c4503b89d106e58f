/** How an article's parts stand on the page. Pure. */

import type { Article } from '../lib/types';

export type Part = Article['provisions'][number];

export interface Line extends Part {
  /** How many numbered parts it stands in: its paragraphs line up with the text of their point. */
  depth: number;
}

/** What is to be read, in order; units that only hold others are left out. */
export function outline(parts: readonly Part[]): Line[] {
  const numbered: { level: number; depth: number }[] = [];
  const lines: Line[] = [];
  for (const part of parts) {
    while (numbered.length && (numbered.at(-1)?.level ?? 0) >= part.level) numbered.pop();
    const depth = numbered.length;
    if (part.label) numbered.push({ level: part.level, depth });
    if (part.text || part.label || part.notes.length || part.repealed) lines.push({ ...part, depth });
  }
  return lines;
}

/** Marks of amendment that one may ask for; those of a repealed part are shown anyway. */
export function countNotes(lines: readonly Line[]): number {
  return lines.filter((line) => line.notes.length && !line.repealed).length;
}
