/** Who is here. Every request that meets a 401 ends in the sign-in view. */

import { api, ApiError, whenKeyless } from './api';
import type { Session } from './types';

class SessionState {
  /** undefined: not asked yet; null: a key is needed. */
  current: Session | null | undefined = $state.raw(undefined);
  /** Why it is not known whether a key is needed: the server does not answer. */
  failure: ApiError | null = $state.raw(null);

  /** A key is being tried: that it is not known says nothing of the session there is. */
  #entering = false;

  constructor() {
    whenKeyless(() => this.#entering || this.ended());
  }

  async load(): Promise<void> {
    this.failure = null;
    try {
      this.current = await api.get<Session | null>('/api/v1/session');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failure = error;
    }
  }

  /** Raises ApiError when the key is not known. */
  async signIn(key: string): Promise<void> {
    this.#entering = true;
    try {
      this.current = await api.post<Session>('/api/v1/session', { key });
    } finally {
      this.#entering = false;
    }
  }

  /** Raises ApiError: then it is not known whether the session has ended. */
  async signOut(): Promise<void> {
    await api.delete('/api/v1/session');
    this.current = null;
    await this.load(); // on this machine no key is needed
  }

  /** A request was refused for want of a key: the session has ended. */
  ended(): void {
    this.current = null;
  }
}

export const session = new SessionState();
