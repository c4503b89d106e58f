/** Codes of the wire in plain words; one that is not known here is shown as it is. Pure. */

import type { Status } from '../lib/types';
import { texts } from '../texts';

/** «оборван: модель замолчала посреди ответа». */
export function outcome(status: Status, reason: string | null): string {
  const ended = texts.admin.statuses[status] ?? status;
  return reason && reason !== status ? `${ended}: ${word(texts.admin.reasons, reason)}` : ended;
}

/** What `words` calls `code`. */
export function word(words: Record<string, string>, code: string): string {
  return Object.hasOwn(words, code) ? (words[code] ?? code) : code;
}

/** Anything that an engine may tell of itself, as text; '' when it told nothing. */
export function told(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(told).join(', ');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, inner]) => `${name}: ${told(inner)}`)
      .join(', ');
  return String(value);
}
