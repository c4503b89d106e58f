import { afterEach, expect, test, vi } from 'vitest';
import { fileName } from '../src/chat/shelf-export';
import { Listing } from '../src/chat/shelf-listing.svelte';

afterEach(() => vi.unstubAllGlobals());

type Answer = (body: unknown, status?: number) => void;

/** Requests wait until the test answers them. */
function server(): { urls: string[]; answers: Answer[] } {
  const [urls, answers]: [string[], Answer[]] = [[], []];
  const fetch = (url: string, { signal }: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      urls.push(url);
      answers.push((body, status = 200) => resolve(new Response(JSON.stringify(body), { status })));
    });
  vi.stubGlobal('fetch', fetch);
  return { urls, answers };
}

const page = (ids: string, next: string | null = null) => ({
  data: [...ids].map((id, at) => ({ id, title: id, updated_at: 100 - at })),
  next,
});
const shown = (list: Listing): string | undefined => list.page?.data.map(({ id }) => id).join('');

test('an answer that was overtaken changes nothing', async () => {
  const { answers } = server();
  const list = new Listing('');
  const both = [list.refresh(), list.refresh()];
  answers[1]?.(page('new'));
  answers[0]?.(page('old'));
  await Promise.all(both);
  expect(shown(list)).toBe('new');
});

test('the next page comes once, whoever asks for it', async () => {
  const { urls, answers } = server();
  const list = new Listing('залог');
  const first = list.refresh();
  answers[0]?.(page('ab', '99~b'));
  await first;
  const both = [list.more(), list.more()];
  answers[1]?.(page('cd'));
  await Promise.all(both);
  expect(shown(list)).toBe('abcd');
  expect(urls).toHaveLength(2);
  expect(new URL(urls[1] ?? '', 'http://x').searchParams.get('after')).toBe('99~b');
  expect(new URL(urls[1] ?? '', 'http://x').searchParams.get('q')).toBe('залог');
});

test('what is known stays when the server refuses, and says why', async () => {
  const { answers } = server();
  const list = new Listing('');
  const first = list.refresh();
  answers[0]?.(page('ab'));
  await first;
  const again = list.refresh();
  answers[1]?.({ error: { code: 'busy', message: 'Сервер занят.' } }, 503);
  await again;
  expect(shown(list)).toBe('ab');
  expect(list.failure?.message).toBe('Сервер занят.');
});

test('a search that nobody waits for any more ends without a word', async () => {
  server();
  const list = new Listing('залог');
  const search = list.refresh();
  list.stop();
  await search;
  expect(list.page).toBeNull();
  expect(list.failure).toBeNull();
});

test.each([
  [`attachment; filename="beseda.docx"; filename*=UTF-8''%D0%98%D1%81%D0%BA.docx`, 'Иск.docx'],
  [`attachment; filename="beseda.docx"; filename*=UTF-8''%FF`, null],
  ['attachment', null],
  [null, null],
])('the name of a file: %s', (header, name) => expect(fileName(header)).toBe(name));
