import { describe, expect, test } from 'vitest';
import { Clock, Ticker } from '../../src/lib/clock';
import { FakeWorld } from '../support/world';

describe('the server’s clock', () => {
  test('is ours until it was heard of; the quickest answer tells best', () => {
    const world = new FakeWorld();
    const here = world.time / 1000;
    const clock = new Clock(world);
    expect(clock.server()).toBe(here);
    clock.sync(here + 60);
    clock.sync(here + 59); // a second on its way
    expect(clock.server()).toBe(here + 60);
    clock.sync(here + 60.5);
    expect(clock.now).toBe(here + 60.5);
  });

  test('that was set is believed', () => {
    const world = new FakeWorld();
    const clock = new Clock(world);
    clock.sync(world.time / 1000 + 3600);
    clock.sync(world.time / 1000 - 5);
    expect(clock.server()).toBe(world.time / 1000 - 5);
    clock.sync(NaN);
    expect(clock.server()).toBe(world.time / 1000 - 5);
  });
});

describe('the tick', () => {
  test('comes once a second to all, from one timer, while somebody listens', async () => {
    const world = new FakeWorld();
    const ticker = new Ticker(world);
    const heard = [0, 0];
    const left = heard.map((_, n) => ticker.listen(() => (heard[n] = (heard[n] ?? 0) + 1)));
    expect(world.timers.size).toBe(1);
    await world.advance(3_000);
    left[0]?.();
    left[0]?.();
    await world.advance(2_000);
    expect(heard).toEqual([3, 5]);
    left[1]?.();
    expect(world.timers.size + world.listeners.size).toBe(0);
  });

  test('rests while the page is hidden, and is right at once when it is shown', async () => {
    const world = new FakeWorld();
    let heard = 0;
    const leave = new Ticker(world).listen(() => heard++);
    await world.signal('hidden');
    expect(world.timers.size).toBe(0);
    await world.advance(60_000);
    expect(heard).toBe(0);
    await world.signal('shown');
    await world.signal('shown');
    expect(heard).toBe(1);
    expect(world.timers.size).toBe(1);
    leave();
  });
});
