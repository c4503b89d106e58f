/** An answer as text for the clipboard: the words, the sources they rest on, and what they are not. Pure. */

import type { RunView, Source } from '../lib/types';
import { day, texts } from '../texts';
import { nameOf } from './sources';

export function asText(view: Pick<RunView, 'question' | 'text' | 'sources' | 'notices'>): string {
  const parts = [`# ${view.question.trim()}`, view.text.trim()];
  parts.push(...view.notices.map(({ message }) => `> ${message}`));
  if (view.sources.length) parts.push(`## ${texts.sources.title}`, view.sources.map(line).join('\n'));
  if (!saysSo(view.text)) parts.push(texts.answer.notAdvice);
  return parts.filter(Boolean).join('\n\n') + '\n';
}

function line(source: Source): string {
  const edition = source.edition_date && texts.sources.edition(day(source.edition_date));
  const facts = [nameOf(source), source.act_title, edition, source.summary && texts.sources.summary];
  return `${source.n}. ${facts.filter(Boolean).join(', ')}`;
}

/** Whether the text itself already says that it is no advocate's advice. */
export function saysSo(text: string): boolean {
  return /не консультаци\S+ адвоката/i.test(text);
}
