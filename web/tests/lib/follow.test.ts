import { afterEach, describe, expect, test } from 'vitest';
import type { ApiError } from '../../src/lib/api';
import { follow, type Connection, type Follower } from '../../src/lib/follow';
import type { RunView } from '../../src/lib/types';
import { begun, delta, end, RUN, view } from '../support/events';
import { FakeWorld, settled } from '../support/world';

const SILENCE = 37_500;
const SNAPSHOT = `/api/v1/responses/${RUN}`;
const streamAfter = (seq: number) => `/v1/responses/${RUN}?stream=true&starting_after=${seq}`;

let follower: Follower | null = null;
afterEach(() => follower?.stop());

function start(run: string | RunView = view(), world = new FakeWorld()) {
  const heard = {
    texts: [] as string[],
    states: [] as Connection['state'][],
    refusals: [] as ApiError[],
    settled: 0,
    view: null as RunView | null,
  };
  const handlers = {
    changed: (now: RunView) => {
      heard.view = now;
      heard.texts.push(now.text);
    },
    connection: ({ state }: Connection) => void heard.states.push(state),
    settled: () => void heard.settled++,
    refused: (error: ApiError) => void heard.refusals.push(error),
  };
  follower = follow(run, handlers, SILENCE, world);
  return { world, heard, follower };
}

/** Followed, connected, three events in. */
async function running() {
  const all = start();
  await settled();
  const stream = all.world.last.open();
  stream.send(begun(2), delta(3, 'Да'));
  await settled();
  return { ...all, stream };
}

function expectNothingLeft(world: FakeWorld) {
  expect(world.listeners.size).toBe(0);
  expect(world.timers.size).toBe(0);
  expect(world.calls.every((call) => call.isAborted)).toBe(true);
}

describe('following', () => {
  test('an id: the snapshot first, then the events after it, until the last one', async () => {
    const { world, heard } = start(RUN);
    await settled();
    expect(world.calls.map((call) => call.path)).toEqual([SNAPSHOT]);
    world.last.json(view({ text: 'Да', last_seq: 7, status: 'in_progress' }));
    await settled();
    expect(heard.texts).toEqual(['Да']);
    expect(world.last.path).toBe(streamAfter(7));

    const stream = world.last.open();
    stream.send(delta(8, ', можно'), delta(9, '.')).raw(': ping\n').send(end(10));
    await settled();
    expect(heard.view).toMatchObject({ text: 'Да, можно.', status: 'completed', last_seq: 10 });
    expect(heard.states).toEqual([]);
    expect(world.calls).toHaveLength(2);
    expectNothingLeft(world);
  });

  test('a view: its stream at once', async () => {
    const { world } = start(view({ last_seq: -1 }));
    await settled();
    expect(world.calls.map((call) => call.path)).toEqual([streamAfter(-1)]);
  });

  test('a run that is over: no stream', async () => {
    const { world, heard } = start(RUN);
    await settled();
    world.last.json(view({ status: 'incomplete', can_continue: true }));
    await settled();
    expect(heard.view?.can_continue).toBe(true);
    expect(heard.settled).toBe(1);
    expect(world.calls).toHaveLength(1);
    expectNothingLeft(world);
  });

  test('one call for all the events of a piece', async () => {
    const { world, heard } = start();
    await settled();
    const events = Array.from({ length: 100 }, (_, n) => delta(n + 2, 'а'));
    world.last.open().send(...events);
    await settled();
    expect(heard.texts).toEqual(['а'.repeat(100)]);
  });

  test('much to catch up with is taken a piece a turn', async () => {
    const { world, heard } = start();
    await settled();
    const stream = world.last.open();
    for (let n = 2; n < 6; n++) stream.send(delta(n, 'а'.repeat(20_000)));
    await settled();
    expect(heard.texts).toHaveLength(1);
    await world.advance(0);
    expect(heard.texts).toHaveLength(4);
  });

  test('after an unfinished end the server is asked whether it can be continued; without its word it is over, too', async () => {
    const { world, heard, stream } = await running();
    stream.send(end(4, 'incomplete', { incomplete_details: { reason: 'timeout', message: 'Долго.' } }));
    await settled();
    expect(heard.view).toMatchObject({ status: 'incomplete', reason: 'timeout', can_continue: false });
    expect(world.last.path).toBe(SNAPSHOT);
    world.last.break();
    await world.advance(1_000);
    expect(heard.settled).toBe(0);
    world.last.json(view({ status: 'incomplete', can_continue: true, last_seq: 4 }));
    await settled();
    expect(heard.view?.can_continue).toBe(true);
    expect(heard.settled).toBe(1);
    expectNothingLeft(world);
  });

  test('stop ends everything, and nothing is heard after it', async () => {
    const { world, heard, stream } = await running();
    follower?.stop();
    follower?.stop();
    stream.send(delta(4, ' и'));
    await world.advance(60_000);
    expect(heard.texts).toEqual(['Да']);
    expectNothingLeft(world);
  });
});

describe('a break', () => {
  test('a stream that ends without a last event is gone on with where it was', async () => {
    const { world, heard, stream } = await running();
    stream.end();
    await world.advance(0);
    expect(world.last.path).toBe(streamAfter(3));
    world.last.open().send(delta(3, 'Да'), delta(4, '!'), end(5));
    await settled();
    expect(heard.view).toMatchObject({ text: 'Да!', status: 'completed' });
    expect(heard.states).toEqual([]); // too short for a word
  });

  test('that lasts is told, with its beginning, and its end', async () => {
    const { world, heard, stream } = await running();
    stream.break();
    await settled();
    world.last.break();
    await world.advance(800);
    expect(heard.states).toEqual(['reconnecting']);
    world.last.open();
    await settled();
    expect(heard.states).toEqual(['reconnecting', 'live']);
  });

  test('silence, and a ping is not silence', async () => {
    const { world, stream } = await running();
    for (let n = 0; n < 5; n++) {
      await world.advance(15_000);
      stream.raw(': ping\n');
      await settled();
    }
    expect(world.calls).toHaveLength(1);
    await world.advance(SILENCE - 1_000);
    expect(stream.isAborted).toBe(false);
    await world.advance(1_000);
    expect(stream.isAborted).toBe(true);
    await world.advance(0);
    expect(world.last.path).toBe(streamAfter(3));
  });

  test('an answer that does not begin', async () => {
    const { world } = start(RUN);
    await settled();
    await world.advance(10_300);
    expect(world.calls).toHaveLength(2);
    expect(world.calls[0]?.isAborted).toBe(true);
  });

  test('a sleep of the machine is noticed soon after it', async () => {
    const { world, stream } = await running();
    world.sleep(600_000);
    await world.advance(5_000);
    expect(stream.isAborted).toBe(true);
  });

  test('a log-in page in place of an answer', async () => {
    const { world, heard } = start(RUN);
    await settled();
    world.last.json('<html>', 200, { 'Content-Type': 'text/html' });
    await world.advance(300);
    world.last.json({ id: 'another' });
    await world.advance(300);
    world.last.json(view({ text: 'Да' }));
    await settled();
    expect(heard.texts).toEqual(['Да']);
  });
});

describe('missing events', () => {
  test('a gap: the server view, then the events after it', async () => {
    const { world, heard, stream } = await running();
    stream.send(delta(5, 'пропуск'), delta(6, '…'));
    await world.advance(300);
    expect(stream.isAborted).toBe(true);
    expect(heard.view?.text).toBe('Да');
    expect(world.last.path).toBe(SNAPSHOT);
    world.last.json(view({ status: 'in_progress', text: 'Да, пропуск', last_seq: 6 }));
    await settled();
    expect(world.last.path).toBe(streamAfter(6));
    world.last.open().send(delta(7, '.'), end(8));
    await settled();
    expect(heard.view).toMatchObject({ text: 'Да, пропуск.', status: 'completed' });
  });

  test('rubbish and a position the server does not know are had anew, ever more slowly', async () => {
    const { world, stream } = await running();
    stream.raw('data: {"type"\n\n');
    await world.advance(0);
    expect(world.last.path).toBe(SNAPSHOT);
    world.last.json(view({ last_seq: 9, status: 'in_progress' }));
    await settled();
    world.last.refuse(400, 'bad_position');
    const asked = world.calls.length;
    await settled();
    expect(world.calls).toHaveLength(asked);
    await world.advance(1_000);
    expect(world.last.path).toBe(SNAPSHOT);
  });
});

describe('a refusal', () => {
  test.each([404, 401, 403])('%i ends the following', async (status) => {
    const { world, heard, stream } = await running();
    stream.end();
    await world.advance(0);
    world.last.refuse(status, 'no');
    await world.advance(60_000);
    expect(heard.refusals.map((error) => [error.status, error.code])).toEqual([[status, 'no']]);
    expect(world.calls).toHaveLength(2);
    expectNothingLeft(world);
  });

  test.each([429, 503])('%i: the server says when, and no hope makes it sooner', async (status) => {
    const { world, heard } = start(RUN);
    await settled();
    world.last.refuse(status, 'busy', { 'Retry-After': '7' });
    await settled();
    await world.signal('online');
    await world.signal('shown');
    await world.advance(6_900);
    expect(world.calls).toHaveLength(1);
    await world.advance(100);
    expect(world.calls).toHaveLength(2);
    expect(heard.refusals).toEqual([]);
  });

  test.each([500, 502, 504, 408])('%i passes', async (status) => {
    const { world } = start(RUN);
    await settled();
    world.last.refuse(status);
    await world.advance(300);
    expect(world.calls).toHaveLength(2);
  });
});

describe('the network', () => {
  test('without one there is no hammering, and when it is back no waiting', async () => {
    const { world, stream } = await running();
    world.isOnline = false;
    stream.break();
    for (let n = 0; n < 60; n++) {
      await world.advance(1_000);
      for (const call of world.calls) call.break();
    }
    expect(world.calls.length).toBeLessThanOrEqual(15);
    const before = world.calls.length;
    await world.signal('online');
    expect(world.calls).toHaveLength(before + 1);
    expect(world.last.path).toBe(streamAfter(3));
  });

  test('a new one replaces what was open over the old', async () => {
    const { world, heard, stream } = await running();
    await world.signal('online');
    expect(stream.isAborted).toBe(true);
    world.last.open().send(delta(4, '!'));
    await settled();
    expect(heard.view?.text).toBe('Да!');
    expect(heard.states).toEqual([]);
  });
});

describe('the page', () => {
  test('hidden for a moment keeps its stream', async () => {
    const { world, stream } = await running();
    await world.signal('hidden');
    await world.advance(4_900);
    await world.signal('shown');
    await world.advance(5_000);
    expect(stream.isAborted).toBe(false);
    expect(world.calls).toHaveLength(1);
  });

  test('hidden for longer closes it, and catches up when shown', async () => {
    const { world, heard, stream } = await running();
    await world.signal('hidden');
    await world.advance(5_000);
    expect(stream.isAborted).toBe(true);
    await world.signal('online');
    await world.advance(600_000);
    expect(world.calls).toHaveLength(1);
    expect(heard.states).toEqual(['paused']);
    await world.signal('shown');
    expect(world.last.path).toBe(streamAfter(3));
    world.last.open().send(delta(4, '!'), end(5));
    await settled();
    expect(heard.view).toMatchObject({ text: 'Да!', status: 'completed' });
    expect(heard.states).toEqual(['paused', 'live']);
  });

  test('frozen closes at once; shown again, by whatever events, makes one stream', async () => {
    const { world, stream } = await running();
    await world.signal('hidden');
    await world.signal('frozen');
    expect(stream.isAborted).toBe(true);
    await world.signal('shown'); // pageshow
    await world.signal('shown'); // visibilitychange
    expect(world.calls).toHaveLength(2);
  });

  test('opened hidden closes after its five seconds, too', async () => {
    const world = new FakeWorld();
    world.isVisible = false;
    const { heard } = start(view(), world);
    await settled();
    world.last.open();
    await world.advance(5_000);
    expect(heard.states).toEqual(['paused']);
    expect(world.calls[0]?.isAborted).toBe(true);
  });

  test('shown while a try is waited for tries at once', async () => {
    const { world, stream } = await running();
    world.chance = 1;
    stream.break();
    await settled();
    await world.signal('shown');
    expect(world.calls).toHaveLength(2);
  });

  test('shown with a heartbeat overdue does not trust its stream', async () => {
    const { world, stream } = await running();
    world.sleep(20_000);
    await world.signal('shown');
    expect(stream.isAborted).toBe(true);
    expect(world.calls).toHaveLength(2);
  });
});
