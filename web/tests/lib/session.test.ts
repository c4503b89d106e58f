import { afterEach, describe, expect, it, vi } from 'vitest';
import { api } from '../../src/lib/api';
import { session } from '../../src/lib/session.svelte';
import type { Session } from '../../src/lib/types';

const ANNA = { name: 'anna', role: 'user' } as Session;

function answers(status: number, body: unknown): void {
  vi.stubGlobal('fetch', async () => Response.json(body, { status }));
}

describe('who is here', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is nobody once any request meets a 401', async () => {
    session.current = ANNA;
    answers(401, { error: { code: 'key_required', message: 'Нужен ключ.' } });
    await expect(api.get('/api/v1/law')).rejects.toThrow('Нужен ключ.');
    expect(session.current).toBeNull();
  });

  it('stays who it was when another key is tried in vain', async () => {
    session.current = ANNA;
    answers(401, { error: { code: 'key_required', message: 'Ключ неизвестен.' } });
    await expect(session.signIn('нет такого')).rejects.toThrow('Ключ неизвестен.');
    expect(session.current).toBe(ANNA);
  });
});
