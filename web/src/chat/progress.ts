/** How far an answer is, from what is known of its run. Pure. */

import type { RunView } from '../lib/types';
import { texts } from '../texts';

export type Doing = 'queued' | 'loading' | 'searching' | 'reading' | 'thinking' | 'writing' | 'checking';

export interface Progress {
  doing: Doing;
  label: string;
  /** 0..1, of the whole; null: nothing is known. */
  share: number | null;
  /** Seconds since it was begun; while it waits, since it was asked. */
  elapsed: number;
  /** Seconds that such an answer takes (while it waits: that it may have to wait); null: not known. */
  expected: number | null;
  /** Seconds from the beginning to the first word; null: not known, or it is there. */
  firstWord: number | null;
}

// Shares of the whole where only the stage is known. Reading and writing share the middle by what they take on a CPU.
const SEARCHED = 0.05;
const READ = 0.35;
const WRITTEN = 0.95;
/** From here on the bar slows down and never arrives: what was expected is not what will be. */
const SURE = 0.8;
/** Characters of Russian a token: for the bar alone. */
const TOKEN = 4;
/** Tokens of an answer when nothing is expected: the bar is then at two thirds of the writing. */
const USUAL = 700;
/** Seconds to the first word from which on they are worth telling. */
const PATIENCE = 10;
/** What takes more than so many times as long as expected, was expected wrongly. */
const LATE = 1.25;

export function progress(view: RunView, now: number): Progress {
  const doing = doingOf(view);
  const since = view.started_at ?? view.created_at;
  const elapsed = Math.max(0, now - since);
  const queued = view.stage?.stage === 'queued' ? view.stage.expected_wait : null;
  const plan = doing === 'loading' ? null : view.plan; // it knows of no second loading
  const expected = doing === 'queued' ? queued : (plan?.expected_seconds ?? null);
  const firstWord = doing === 'queued' || view.text ? null : (readBy(view) ?? plan?.expected_first_word ?? null);
  return { doing, label: label(doing, view), share: share(doing, view, elapsed), elapsed, expected, firstWord };
}

/** «прошло 12 с, до первых слов около 30 с». */
export function times(at: Progress): string {
  return [texts.progress.elapsed(at.elapsed), ahead(at)].filter(Boolean).join(', ');
}

function ahead({ doing, elapsed, expected, firstWord }: Progress): string {
  const words = texts.progress;
  if (doing === 'queued') return expected === null ? '' : words.wait(expected);
  if (firstWord !== null && firstWord - elapsed >= PATIENCE) return words.firstWord(firstWord - elapsed);
  if (expected === null) return '';
  return elapsed > expected * LATE ? words.longer : words.expected(expected);
}

/** What the engine's own pace tells, once it reads. */
function readBy({ stage }: RunView): number | null {
  return stage?.stage === 'reading' ? (stage.expected_first_word ?? null) : null;
}

/** Never back: what was shown stays until more is known. */
export function forward(before: number | null, now: number | null): number | null {
  return before === null ? now : Math.max(before, now ?? 0);
}

function doingOf(view: RunView): Doing {
  const stage = view.stage?.stage;
  if (stage === 'checking' || stage === 'loading') return stage; // it may load amid a text: after a crash
  if (view.text) return 'writing';
  if (stage === 'thinking') return 'thinking';
  if (stage === 'writing' || stage === 'reading' || view.sources.length) return 'reading';
  if (stage === 'searching' || view.status === 'in_progress') return 'searching';
  return 'queued';
}

function label(doing: Doing, { stage, sources }: RunView): string {
  if (doing === 'queued') return texts.progress.queued(stage?.stage === 'queued' ? stage.position : null);
  if (doing !== 'reading') return texts.progress[doing];
  const read = stage?.stage === 'reading' && stage.total > 0 ? stage : null;
  return texts.progress.reading(sources.length, read);
}

function share(doing: Doing, view: RunView, elapsed: number): number | null {
  if (doing === 'queued' || doing === 'loading') return null;
  const seconds = view.plan?.expected_seconds;
  if (seconds) return slowing(elapsed / seconds);
  if (doing === 'checking') return WRITTEN;
  if (doing === 'writing') {
    const tokens = view.text.length / TOKEN / (view.plan?.expected_tokens ?? USUAL);
    return READ + (WRITTEN - READ) * slowing(tokens);
  }
  if (doing === 'thinking') return READ;
  const { stage } = view;
  if (doing !== 'reading' || stage?.stage !== 'reading' || !stage.total) return null;
  return SEARCHED + (READ - SEARCHED) * Math.min(1, stage.done / stage.total);
}

/** x, and beyond SURE ever slower towards 1. */
function slowing(x: number): number {
  const rest = 1 - SURE;
  return x <= SURE ? Math.max(0, x) : 1 - rest * Math.exp((SURE - x) / rest);
}
