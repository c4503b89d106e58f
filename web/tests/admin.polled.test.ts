import { describe, expect, it, vi } from 'vitest';
import { Polled } from '../src/admin/polled.svelte';
import { ApiError } from '../src/lib/api';
import { session } from '../src/lib/session.svelte';
import { FakeWorld, settled } from './support/world';

const EVERY = 15;

/** Answers in order; an error is thrown. */
function polled(...answers: (string | ApiError)[]) {
  const world = new FakeWorld();
  const load = vi.fn(async () => {
    const answer = answers.shift() ?? 'the last';
    if (answer instanceof ApiError) throw answer;
    return answer;
  });
  return { world, load, state: new Polled(load, EVERY, world) };
}

const offline = new ApiError(0, 'offline', 'Нет связи.');

describe('what is asked for again and again', () => {
  it('asks at once and then every so often, until it is stopped', async () => {
    const { world, load, state } = polled('one', 'two');
    const stop = state.start();
    await settled();
    expect(state.value).toBe('one');
    await world.advance(EVERY * 1000);
    expect(state.value).toBe('two');
    stop();
    await world.advance(EVERY * 10_000);
    expect(load).toHaveBeenCalledTimes(2);
    expect(world.listeners.size).toBe(0);
  });

  it('keeps what it had through a failure, tells of it, and tries again', async () => {
    const { world, state } = polled('one', offline, 'two');
    const stop = state.start();
    await settled();
    const { at } = state;
    await world.advance(EVERY * 1000);
    expect([state.value, state.failure, state.at]).toEqual(['one', offline, at]);
    await world.advance(EVERY * 1000);
    expect([state.value, state.failure]).toEqual(['two', null]);
    stop();
  });

  it('asks for nothing while the page is hidden, and at once when it is shown after long', async () => {
    const { world, load, state } = polled();
    const stop = state.start();
    await settled();
    await world.signal('hidden');
    await world.advance(EVERY * 10_000);
    expect(load).toHaveBeenCalledTimes(1);
    await world.signal('online');
    expect(load).toHaveBeenCalledTimes(1);
    await world.signal('shown');
    await world.advance(0);
    expect(load).toHaveBeenCalledTimes(2);
    stop();
  });

  it('is not asked anew by a page that was hidden for a moment', async () => {
    const { world, load, state } = polled();
    const stop = state.start();
    await settled();
    await world.signal('hidden');
    await world.signal('shown');
    await world.advance(1_000);
    expect(load).toHaveBeenCalledTimes(1);
    await world.advance(EVERY * 1000);
    expect(load).toHaveBeenCalledTimes(2);
    stop();
  });

  it('takes the newest answer, whichever comes last', async () => {
    const answers: ((value: string) => void)[] = [];
    const state = new Polled(() => new Promise<string>((resolve) => answers.push(resolve)), EVERY, new FakeWorld());
    void state.refresh();
    void state.refresh();
    answers[1]?.('new');
    await settled();
    answers[0]?.('old');
    await settled();
    expect(state.value).toBe('new');
  });

  it('leaves it to the session when the rights are gone', async () => {
    const load = vi.spyOn(session, 'load').mockResolvedValue();
    const { world, load: asked, state } = polled(new ApiError(403, 'admin_only', 'Нельзя.'));
    const stop = state.start();
    await world.advance(EVERY * 10_000);
    expect(load).toHaveBeenCalledOnce();
    expect(asked).toHaveBeenCalledOnce();
    stop();
  });
});
