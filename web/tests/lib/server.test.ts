/// <reference types="node" />
/** The follower against a real server, with the runtime's own fetch. */

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { follow, type Follower } from '../../src/lib/follow';
import { isOver } from '../../src/lib/run';
import type { RunView } from '../../src/lib/types';
import { browser, type World } from '../../src/lib/world';
import { begun, delta, end, view } from '../support/events';
import { framed } from '../support/world';

const LOG = [begun(2), ...Array.from('Можно вернуть в течение 14 дней.', (sign, n) => delta(n + 3, sign)), end(35)];

let server: Server;
let address: string;
/** How the server answers, a rule for each connection; the last one stays. */
let rules: ((response: ServerResponse, after: number) => void)[];
let asked: number[];
let follower: Follower | null = null;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://server');
    if (!url.searchParams.has('stream')) {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(view({ status: 'in_progress' })));
      return;
    }
    const after = Number(url.searchParams.get('starting_after'));
    asked.push(after);
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    (rules.length > 1 ? rules.shift() : rules[0])?.(response, after);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  follower?.stop();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function read(silence: number): Promise<RunView> {
  const world: World = {
    ...browser,
    fetch: (path, init) => fetch(address + path, init),
    visible: () => true,
    online: () => true,
    listen: () => () => {},
  };
  return new Promise((resolve, reject) => {
    const changed = (now: RunView) => isOver(now) && resolve(now);
    follower = follow('resp_1', { changed, connection: () => {}, settled: () => {}, refused: reject }, silence, world);
  });
}

const after = (seq: number) => LOG.filter((event) => event.sequence_number > seq);
const text = 'Можно вернуть в течение 14 дней.';

test('the whole answer over connections that break in the middle of a character', async () => {
  const torn = (response: ServerResponse, seq: number) => {
    const bytes = Buffer.from(': ping\n' + after(seq).slice(0, 9).map(framed).join(''));
    const cut = bytes.lastIndexOf(0xd0) + 1; // half of a Cyrillic letter
    response.write(bytes.subarray(0, cut), () => response.destroy());
  };
  const polite = (response: ServerResponse, seq: number) => response.end(after(seq).slice(0, 5).map(framed).join(''));
  const whole = (response: ServerResponse, seq: number) => response.end(after(seq).map(framed).join(''));
  rules = [torn, polite, torn, whole];
  const read_ = await read(10_000);
  expect(read_).toMatchObject({ text, status: 'completed', last_seq: 35 });
  expect(asked).toHaveLength(4);
  expect(asked).toEqual([...asked].sort((a, b) => a - b));
});

test('silence is a break, and the server sees its reader go', async () => {
  let gone: Promise<unknown> = Promise.resolve();
  const silent = (response: ServerResponse) => {
    gone = once(response, 'close');
    response.write(framed(begun(2)));
  };
  rules = [silent, (response, seq) => response.end(after(seq).map(framed).join(''))];
  expect(await read(500)).toMatchObject({ text, status: 'completed' });
  expect(asked.slice(0, 2)).toEqual([1, 2]);
  await gone;
});
