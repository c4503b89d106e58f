/** What the tabs of one browser tell each other, and who of them does what only one may do. */

import type { Feedback } from './types';

const CHANNEL = 'advakod';

/** A conversation was changed, by whomever: asked in, renamed, deleted; null: any. Lists of them are to be had anew. */
export interface Change {
  conversation: string | null;
  /** The order that was taken. */
  order?: string;
  /** What is thought of an answer now. */
  feedback?: { run: string; given: Feedback | null };
}

const listeners = new Set<(change: Change) => void>();
// Old browsers and some private modes have none: lists are then as new as their last look at the server.
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);
channel?.addEventListener('message', ({ data }: MessageEvent<Change>) => here(data));

export const tabs = {
  /** Tell every tab, this one as well. */
  tell(change: Change): void {
    channel?.postMessage(change);
    here(change);
  },
  /** Returns how to stop listening. */
  listen(hear: (change: Change) => void): () => void {
    listeners.add(hear);
    return () => listeners.delete(hear);
  },
};

function here(change: Change): void {
  for (const hear of [...listeners]) hear(change);
}

/** Runs `work` while no other tab holds `name`; it is free again when `work` is done or its tab is gone. Raises when
 * `signal` ends the waiting. */
export type Lock = (name: string, signal: AbortSignal, work: () => Promise<void>) => Promise<void>;

/** null where tabs cannot agree: old browsers, and http other than on this machine. */
export const lock: Lock | null =
  typeof navigator !== 'undefined' && 'locks' in navigator
    ? async (name, signal, work) => navigator.locks.request(name, { signal }, work)
    : null;

/** A name that nobody else will think of. `crypto.randomUUID` is not there on http. */
export function unique(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
