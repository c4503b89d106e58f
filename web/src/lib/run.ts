/** A run's view and the events that move it on. Pure; times are seconds by the server's clock. */

import type { Citation, Notice, Plan, RunView, Source, Stage, Status } from './types';

export interface RunEvent {
  type: string;
  sequence_number: number;
  [fact: string]: unknown;
}

/** What became of an event.
 *
 * - `applied`: the view stands at its number;
 * - `repeat`: it was known; nothing changed;
 * - `fault`: events are missing before it, or it cannot be understood. The view is as it was before, and must be
 *   had anew from the server.
 */
export type Outcome = 'applied' | 'repeat' | 'fault';

interface WireResponse {
  status: Status;
  error?: { message?: string; advakod_code?: string; code?: string } | null;
  incomplete_details?: { reason?: string; message?: string } | null;
  usage?: { input_tokens: number; output_tokens: number } | null;
  completed_at?: number | null;
  conversation?: { id: string } | null;
}

/** Nothing follows: the log has its last event. */
export function isOver(view: { status: Status }): boolean {
  return view.status !== 'queued' && view.status !== 'in_progress';
}

/** A question just taken by the server, none of whose events is known yet. */
export function beginning(id: string, question: string, conversation: string | null, now: number): RunView {
  return {
    ...{ id, question, conversation, status: 'queued', reason: null, message: null, continues: null },
    ...{ text: '', sources: [], summary: false, citations: null, notices: [], stage: null, plan: null },
    ...{ created_at: now, started_at: null, first_text_at: null, finished_at: null, now },
    ...{ input_tokens: 0, output_tokens: 0, can_continue: false, last_seq: -1, feedback: null },
  };
}

/** Move `view` on by one event, in place: text is appended, every other fact that changes is a new value. */
export function reduce(view: RunView, event: RunEvent, now: number): Outcome {
  const seq = event.sequence_number;
  if (!Number.isInteger(seq) || typeof event.type !== 'string') return 'fault';
  if (seq <= view.last_seq) return 'repeat';
  if (seq > view.last_seq + 1) return 'fault';
  try {
    CHANGES[event.type]?.(view, event, now); // a type unknown here is of a newer server: it counts and says nothing
  } catch {
    return 'fault';
  }
  view.last_seq = seq;
  return 'applied';
}

type Change = (view: RunView, event: RunEvent, now: number) => void;

const CHANGES: Record<string, Change> = Object.assign(Object.create(null) as Record<string, Change>, {
  'response.created': takenOn,
  'response.queued': takenOn,
  'response.in_progress': (view, event, now) => {
    takenOn(view, event, now);
    view.started_at ??= now;
  },
  'response.output_text.delta': (view, event, now) => {
    view.text += text(event['delta']);
    view.first_text_at ??= now;
  },
  'response.output_text.done': (view, event) => {
    view.text = text(event['text']);
  },
  'advakod.stage': (view, event) => {
    const { type: _, sequence_number: __, ...facts } = event;
    view.stage = facts as unknown as Stage;
  },
  'advakod.plan': (view, event) => {
    const { type: _, sequence_number: __, ...facts } = event;
    view.plan = facts as unknown as Plan;
  },
  'advakod.sources': (view, event) => {
    const sources = list<Source>(event['sources']);
    view.sources = sources;
    view.summary = event['summary'] === true;
  },
  'advakod.notice': (view, event) => {
    view.notices = [...view.notices, { code: text(event['code']), message: text(event['message']) } satisfies Notice];
  },
  'advakod.citations': (view, event) => {
    view.citations = list<Citation>(event['citations']);
  },
  'response.completed': ended,
  'response.failed': ended,
  'response.incomplete': ended, // stopped by its owner, too: the status says which
} satisfies Record<string, Change>);

function takenOn(view: RunView, event: RunEvent, _: number): void {
  const response = event['response'] as WireResponse;
  view.status = response.status;
  view.conversation = response.conversation?.id ?? view.conversation;
}

function ended(view: RunView, event: RunEvent, now: number): void {
  const { status, error, incomplete_details: details, usage, completed_at: at } = event['response'] as WireResponse;
  view.reason = error?.advakod_code ?? error?.code ?? details?.reason ?? null;
  view.message = error?.message ?? details?.message ?? null;
  if (usage) {
    view.input_tokens = usage.input_tokens;
    view.output_tokens = usage.output_tokens;
  }
  view.finished_at = at ? Math.max(at, view.created_at) : now; // `at` is in whole seconds
  view.status = status;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not text');
  return value;
}

function list<T>(value: unknown): T[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value as T[];
}
