/** A conversation as a file. A refusal must not take the page away, so it is had first and saved then. */

import { ApiError, refusal } from '../lib/api';
import { texts } from '../texts';

export type Format = 'docx' | 'markdown';

/** Milliseconds: a long conversation takes the server a while. */
const PATIENCE = 60_000;
/** Milliseconds after which the browser has the file for sure. */
const SAVED = 60_000;
const ENDINGS = { docx: 'docx', markdown: 'md' } as const;

export function exportPath(id: string, format: Format): string {
  return `/api/v1/conversations/${encodeURIComponent(id)}/export?format=${ENDINGS[format]}`;
}

/** Saves the file where the browser saves files. Raises ApiError. */
export async function download(id: string, format: Format): Promise<void> {
  const response = await get(exportPath(id, format));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await body(response));
  link.download = fileName(response.headers.get('Content-Disposition')) ?? texts.shelf.fileName(ENDINGS[format]);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAVED);
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE) }).catch(unreached);
  if (response.ok) return response;
  throw refusal(response, await response.text().catch(unreached));
}

async function body(response: Response): Promise<Blob> {
  return response.blob().catch(unreached);
}

function unreached(error: unknown): never {
  const late = error instanceof DOMException && error.name === 'TimeoutError';
  throw late ? new ApiError(0, 'timeout', texts.errors.timeout) : new ApiError(0, 'offline', texts.errors.offline);
}

/** The name that the server gave the file, as RFC 6266 writes names that are not ASCII. Pure. */
export function fileName(disposition: string | null): string | null {
  const [, name] = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '') ?? [];
  try {
    return name ? decodeURIComponent(name) : null;
  } catch {
    return null;
  }
}
