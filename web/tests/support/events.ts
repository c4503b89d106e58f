/** Events as the server sends them, and the views they make. */

import { beginning } from '../../src/lib/run';
import type { RunView, Status } from '../../src/lib/types';

export const RUN = 'resp_1';

export function view(facts: Partial<RunView> = {}): RunView {
  const now = 1_700_000_000;
  return { ...beginning(RUN, 'Можно ли вернуть сапоги?', 'conv_1', now), last_seq: 1, ...facts };
}

export function event(seq: number, type: string, facts: Record<string, unknown> = {}) {
  return { type, sequence_number: seq, ...facts };
}

export function delta(seq: number, text: string) {
  return event(seq, 'response.output_text.delta', { item_id: 'msg_1', output_index: 0, delta: text, logprobs: [] });
}

export function begun(seq: number) {
  return event(seq, 'response.in_progress', { response: { id: RUN, status: 'in_progress' } });
}

export function end(seq: number, status: Status = 'completed', facts: Record<string, unknown> = {}) {
  const type = status === 'cancelled' ? 'incomplete' : status;
  const usage = { input_tokens: 12, output_tokens: 34 };
  const response = { id: RUN, status, error: null, incomplete_details: null, usage, completed_at: 1_700_000_060 };
  return event(seq, `response.${type}`, { response: { ...response, ...facts } });
}
