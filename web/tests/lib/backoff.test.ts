import { expect, test } from 'vitest';
import { Backoff } from '../../src/lib/backoff';
import { FakeWorld } from '../support/world';

/** Waits, in order, of tries that each take no time. */
function waits(world: FakeWorld, backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => {
    const wait = backoff.next();
    world.time += wait;
    return wait;
  });
}

test('the first retry is almost at once, a young break is looked at every second, an old one every five', () => {
  const world = new FakeWorld();
  world.chance = 1;
  const all = waits(world, new Backoff(world), 60);
  expect(all.slice(0, 4)).toEqual([300, 600, 1_000, 1_000]);
  expect(all.at(-1)).toBe(5_000);
});

test('jitter: from nothing at first, from a half later', () => {
  const world = new FakeWorld();
  expect(waits(world, new Backoff(world), 3)).toEqual([0, 300, 500]);
});

test('progress begins anew', () => {
  const world = new FakeWorld();
  world.chance = 1;
  const backoff = new Backoff(world);
  waits(world, backoff, 60);
  backoff.reset();
  expect(waits(world, backoff, 3)).toEqual([300, 600, 1_000]);
});

test('without a network one try is made, then they are rare', () => {
  const world = new FakeWorld();
  world.isOnline = false;
  expect(waits(world, new Backoff(world), 3)).toEqual([0, 5_000, 5_000]);
});
