import { beforeEach, describe, expect, test } from 'vitest';
import { Runs } from '../../src/lib/runs';
import { session } from '../../src/lib/session.svelte';
import type { Session } from '../../src/lib/types';
import { begun, delta, end, RUN, view } from '../support/events';
import { FakeWorld, settled } from '../support/world';

function opened() {
  const world = new FakeWorld();
  const frames: (() => void)[] = [];
  const runs = new Runs(world, (work) => frames.push(work));
  const draw = () => frames.splice(0).forEach((work) => work());
  return { world, runs, frames, draw };
}

const signedIn = (name: string) => ({ name, limits: { client_silence: 2.5 } }) as Session;

beforeEach(() => {
  session.current = signedIn('anna');
});

describe('an open run', () => {
  test('has one stream, however many look at it, and none when nobody does', async () => {
    const { world, runs } = opened();
    const left = [runs.hold(RUN), runs.hold(RUN), runs.hold(RUN)];
    await settled();
    expect(world.calls).toHaveLength(1);
    left[0]?.();
    left[0]?.();
    left[1]?.();
    expect(world.last.isAborted).toBe(false);
    left[2]?.();
    expect(world.last.isAborted).toBe(true);
    await settled();
    expect(world.timers.size + world.listeners.size).toBe(0);
  });

  test('is shown at most once a frame, each time anew, and unchanged parts stay the same', async () => {
    const { world, runs, frames, draw } = opened();
    runs.hold(RUN);
    const run = runs.get(RUN);
    await settled();
    world.last.json(view({ status: 'in_progress' }));
    await settled();
    const first = run.view;
    expect(first).toMatchObject({ text: '' });
    const stream = world.last.open();
    for (let n = 2; n < 12; n++) {
      stream.send(delta(n, 'а'));
      await settled();
    }
    expect(run.view).toBe(first);
    expect(frames).toHaveLength(1);
    draw();
    expect(run.view?.text).toBe('а'.repeat(10));
    expect(run.view).not.toBe(first);
    expect(run.view?.sources).toBe(first?.sources);
  });

  test('its end is shown without waiting for a frame, and the frame brings nothing old', async () => {
    const { world, runs, draw } = opened();
    runs.hold(RUN);
    runs.begin({ run: RUN, question: 'Можно?', conversation: 'conv_1' });
    const run = runs.get(RUN);
    await settled();
    world.last.json(view({ status: 'in_progress' }));
    await settled();
    world.last.open().send(begun(2), delta(3, 'Да'));
    await settled();
    world.last.send(end(4));
    await settled();
    expect(run.view).toMatchObject({ text: 'Да', status: 'completed' });
    const last = run.view;
    draw();
    expect(run.view).toBe(last);
  });

  test('begun here stands at once, and is followed from its first event', async () => {
    const { world, runs } = opened();
    runs.begin({ run: RUN, question: 'Можно?', conversation: 'conv_1' });
    expect(runs.get(RUN).view).toMatchObject({ question: 'Можно?', status: 'queued', text: '' });
    runs.hold(RUN);
    await settled();
    expect(world.last.path).toContain('starting_after=-1');
  });

  test('looked at again is there at once, and goes on where it was', async () => {
    const { world, runs } = opened();
    const leave = runs.hold(RUN);
    await settled();
    world.last.json(view({ status: 'in_progress', text: 'Да', last_seq: 5 }));
    await settled();
    leave();
    runs.hold(RUN);
    expect(runs.get(RUN).view?.text).toBe('Да');
    await settled();
    expect(world.last.path).toContain('starting_after=5');
  });

  test('that is gone says so, and can be asked for again', async () => {
    const { world, runs } = opened();
    runs.hold(RUN);
    await settled();
    world.last.refuse(404, 'not_found');
    await settled();
    expect(runs.get(RUN).failure).toMatchObject({ status: 404, code: 'not_found' });
    expect(runs.get(RUN).connection).toEqual({ state: 'live' });
    runs.retry(RUN);
    await settled();
    expect(world.calls).toHaveLength(2);
    expect(runs.get(RUN).failure).toBeNull();
  });

  test('a key that is no longer known ends the session', async () => {
    const { world, runs } = opened();
    runs.hold(RUN);
    await settled();
    world.last.refuse(401, 'key_required');
    await settled();
    expect(session.current).toBeNull();
  });

  test('is not shown to who signs in with another key', async () => {
    const { world, runs } = opened();
    runs.hold(RUN);
    await settled();
    world.last.json(view({ text: 'Тайна' }));
    await settled();
    session.current = signedIn('boris');
    expect(runs.get(RUN).view).toBeNull();
    await settled();
    expect(world.listeners.size).toBe(0);
  });

  test('released at its end, before the server has said whether it can be continued, says so when looked at again', async () => {
    const { world, runs } = opened();
    const leave = runs.hold(RUN);
    await settled();
    world.last.json(view({ status: 'in_progress' }));
    await settled();
    world.last.open().send(begun(2), delta(3, 'Да'), end(4, 'incomplete'));
    await settled();
    leave();
    runs.hold(RUN);
    await settled();
    expect(runs.get(RUN).view).toMatchObject({ status: 'incomplete', can_continue: false });
    world.last.json(view({ status: 'incomplete', text: 'Да', last_seq: 4, can_continue: true }));
    await settled();
    expect(runs.get(RUN).view).toMatchObject({ text: 'Да', can_continue: true });
    expect(world.listeners.size).toBe(0);
  });

  test('that is over and known whole is not asked for again', async () => {
    const { world, runs } = opened();
    const leave = runs.hold(RUN);
    await settled();
    world.last.json(view({ status: 'completed' }));
    await settled();
    leave();
    runs.hold(RUN);
    await settled();
    expect(world.calls).toHaveLength(1);
  });

  test('that nobody has looked at yet is not forgotten for others', async () => {
    const { world, runs } = opened();
    const waiting = runs.get('resp_waiting');
    for (let n = 0; n < 40; n++) {
      const leave = runs.hold(`resp_${n}`);
      await settled();
      world.last.json(view({ id: `resp_${n}`, status: 'completed' }));
      await settled();
      leave();
    }
    expect(runs.get('resp_waiting')).toBe(waiting);
    expect(runs.get('resp_39').view).not.toBeNull();
    expect(runs.get('resp_0').view).toBeNull();
  });

  test('feedback given here is seen here', async () => {
    const { world, runs } = opened();
    runs.hold(RUN);
    await settled();
    world.last.json(view({ status: 'completed' }));
    await settled();
    const feedback = { rating: 'up' as const, reason: null, comment: '', created_at: 1 };
    runs.patch(RUN, { feedback });
    expect(runs.get(RUN).view?.feedback).toEqual(feedback);
  });
});
