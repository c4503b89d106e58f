/** The one way to the server: JSON in, JSON out, every failure an ApiError. */

import { texts } from '../texts';

export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    /** 0: no answer at all (see `code`). */
    readonly status: number,
    /** The server's stable code; `offline` when nobody answered, `timeout` when nobody answered in time. */
    readonly code: string,
    /** Russian, for the person. */
    message: string,
    /** Seconds after which it may be tried again; 0: not told. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  /** Worth trying again with the same request: nothing was decided. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500 || [408, 425, 429].includes(this.status);
  }
}

export interface Options {
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

let keyless = (): void => {};

/** `work` is done whenever the server says that it does not know the key: with any request, of whichever part. */
export function whenKeyless(work: () => void): void {
  keyless = work;
}

/** Longest wait for an answer, in ms. No route of these is slow: what takes long is a stream. */
const PATIENCE = 20_000;

export const api = {
  get: <T>(path: string, options?: Options) => send<T>('GET', path, undefined, options),
  post: <T>(path: string, body?: unknown, options?: Options) => send<T>('POST', path, body, options),
  put: <T>(path: string, body: unknown, options?: Options) => send<T>('PUT', path, body, options),
  patch: <T>(path: string, body: unknown, options?: Options) => send<T>('PATCH', path, body, options),
  delete: <T>(path: string, options?: Options) => send<T>('DELETE', path, undefined, options),
};

async function send<T>(method: string, path: string, body: unknown, options: Options = {}): Promise<T> {
  const patience = AbortSignal.timeout(PATIENCE);
  const signal = options.signal ? AbortSignal.any([patience, options.signal]) : patience;
  const headers = { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...options.headers };
  const request = { method, headers, signal, body: body === undefined ? null : JSON.stringify(body) };
  let said: string;
  let response: Response;
  try {
    response = await fetch(path, request);
    said = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw patience.aborted
      ? new ApiError(0, 'timeout', texts.errors.timeout)
      : new ApiError(0, 'offline', texts.errors.offline);
  }
  if (!response.ok) throw refusal(response, said);
  return (said ? parse(said) : null) as T;
}

/** The error that a response of the server stands for. */
export function refusal(response: Response, said: string): ApiError {
  if (response.status === 401) keyless();
  const told = (parse(said) as { error?: { code?: string; message?: string } } | null)?.error;
  const message = told?.message ?? texts.errors.unexpected(response.status);
  const retryAfter = Number(response.headers.get('Retry-After')) || 0;
  return new ApiError(response.status, told?.code ?? 'unknown', message, retryAfter);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's page; the status says enough
  }
}
