import { describe, expect, test } from 'vitest';
import { ApiError, type Options } from '../../src/lib/api';
import type { Keep } from '../../src/lib/keep';
import { Outbox, type Asked, type Ground } from '../../src/lib/outbox';
import type { Lock } from '../../src/lib/tabs';
import { FakeWorld, settled } from '../support/world';

/** What the tabs of one browser share. */
class Browser {
  readonly entries = new Map<string, string>();
  readonly watchers = new Map<Keep, (name: string, value: string | null) => void>();
  readonly #queues = new Map<string, Promise<unknown>>();
  full = false;

  keep(): Keep {
    const tell = (name: string, value: string | null) => {
      for (const [of, hear] of this.watchers) if (of !== kept) hear(name, value);
    };
    const kept: Keep = {
      load: (prefix) => new Map([...this.entries].filter(([name]) => name.startsWith(prefix))),
      save: (name, value) => {
        if (this.full) return false;
        this.entries.set(name, value);
        tell(name, value);
        return true;
      },
      erase: (name) => this.entries.delete(name) && tell(name, null),
      watch: (hear) => {
        this.watchers.set(kept, hear);
        return () => this.watchers.delete(kept);
      },
    };
    return kept;
  }

  lock: Lock = async (name, signal, work) => {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const mine = before.then(() => (signal.aborted ? Promise.reject(new Error('aborted')) : work()));
    this.#queues.set(
      name,
      mine.catch(() => {}),
    );
    return mine;
  };
}

interface Sent {
  path: string;
  body: unknown;
  key: string;
  signal: AbortSignal;
  answer(said: unknown): Promise<void>;
  fail(status: number, retryAfter?: number): Promise<void>;
}

/** One tab. */
function tab({ browser = new Browser(), lock = browser.lock as Lock | null, owner = 'anna' } = {}) {
  const world = new FakeWorld();
  const sent: Sent[] = [];
  const taken: Asked[] = [];
  const post = (path: string, body: unknown, { headers, signal }: Options) =>
    new Promise<unknown>((resolve, reject) => {
      const fail = (status: number, retryAfter = 0) => {
        reject(new ApiError(status, status ? 'no' : 'offline', `Отказ ${status}`, retryAfter));
        return settled();
      };
      const answer = (said: unknown) => {
        resolve(said);
        return settled();
      };
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
      const key = headers?.['Idempotency-Key'] ?? '';
      sent.push({ path, body, key, signal: signal as AbortSignal, answer, fail });
    });
  const ground: Ground = {
    ...{ world, keep: browser.keep(), lock, post },
    taken: (asked) => void taken.push(asked),
  };
  const outbox = new Outbox(ground);
  outbox.start(owner);
  return { browser, world, outbox, sent, taken, last: () => sent.at(-1) as Sent };
}

const SAID = { id: 'resp_1', conversation: { id: 'conv_1' } };
const KEY = expect.stringMatching(/^[0-9a-f]{32}$/) as string;
const ASKED = { key: KEY, run: 'resp_1', conversation: 'conv_1', question: 'Можно?' };

describe('a question', () => {
  test('is stored before it is sent, and erased when it is taken', async () => {
    const { browser, outbox, last, taken, sent } = tab();
    const asked = outbox.ask({ question: 'Можно?' });
    expect(browser.entries.size).toBe(1);
    await settled();
    expect(last()).toMatchObject({
      path: '/v1/responses',
      body: { model: 'advakod', input: 'Можно?', background: true, stream: false },
    });
    expect(last().key).toMatch(/^[0-9a-f]{32}$/);
    expect(outbox.pending).toMatchObject([{ state: 'sending', question: 'Можно?', conversation: null }]);
    await last().answer(SAID);
    expect(await asked).toEqual(ASKED);
    expect(taken).toEqual([ASKED]);
    expect(browser.entries.size).toBe(0);
    expect(outbox.pending).toEqual([]);
    expect(sent).toHaveLength(1);
  });

  test('goes where it was asked', async () => {
    const { outbox, sent, last } = tab();
    void outbox.ask({ question: 'А?', conversation: 'conv_7' });
    await settled();
    expect(last().body).toMatchObject({ conversation: 'conv_7' });
    await last().answer(SAID);
    void outbox.ask({ question: 'Б?', conversation: 'conv_7', previous_response_id: 'resp_7' });
    await settled();
    expect(last().body).toMatchObject({ previous_response_id: 'resp_7' });
    expect(last().body).not.toHaveProperty('conversation');
    expect(sent[0]?.key).not.toBe(sent[1]?.key);
  });

  test.each([0, 408, 425, 429, 500, 503])('that meets %i is kept and sent again with the same key', async (status) => {
    const { browser, world, outbox, sent, last } = tab();
    const asked = outbox.ask({ question: 'Можно?' });
    await settled();
    await last().fail(status);
    await world.advance(300);
    expect(browser.entries.size).toBe(1);
    expect(sent).toHaveLength(2);
    expect(sent[0]?.key).toBe(sent[1]?.key);
    await last().answer(SAID);
    expect(await asked).toEqual(ASKED);
  });

  test('asked offline waits, says why, and goes out with the network', async () => {
    const { world, outbox, sent, last } = tab();
    world.isOnline = false;
    const asked = outbox.ask({ question: 'Можно?' });
    await settled();
    await last().fail(0); // a server on this very machine would have answered
    await world.advance(100);
    await last().fail(0);
    expect(outbox.pending).toMatchObject([{ state: 'waiting', failure: { code: 'offline' } }]);
    const before = sent.length;
    await world.signal('online');
    expect(sent).toHaveLength(before + 1);
    await last().answer(SAID);
    expect(await asked).toEqual(ASKED);
  });

  test('waits for as long as the server asks, whatever happens', async () => {
    const { world, outbox, sent, last } = tab();
    void outbox.ask({ question: 'Можно?' });
    await settled();
    await last().fail(429, 9);
    await world.signal('online');
    await world.advance(8_900);
    expect(sent).toHaveLength(1);
    await world.advance(100);
    expect(sent).toHaveLength(2);
  });

  test('decided against is told to who asked, and is kept no longer', async () => {
    const { browser, outbox, last } = tab();
    const asked = outbox.ask({ question: 'Можно?' });
    await settled();
    const told = expect(asked).rejects.toMatchObject({ status: 400, code: 'no' });
    await last().fail(400);
    await told;
    expect(browser.entries.size).toBe(0);
    expect(outbox.pending).toEqual([]);
  });

  test('waits for its turn behind an earlier one', async () => {
    const { outbox, sent, last } = tab();
    void outbox.ask({ question: 'Первый?' });
    void outbox.ask({ question: 'Второй?' });
    await settled();
    expect(sent).toHaveLength(1);
    expect(outbox.pending.map(({ state }) => state)).toEqual(['sending', 'waiting']);
    await last().answer(SAID);
    expect(last().body).toMatchObject({ input: 'Второй?' });
  });

  test('withdrawn gives its words back and is not sent', async () => {
    const { browser, world, outbox, sent, last } = tab();
    const asked = outbox.ask({ question: 'Можно?' });
    await settled();
    await last().fail(0);
    expect(outbox.withdraw(outbox.pending[0]?.key as string)).toBe('Можно?');
    expect(await asked).toBeNull();
    await world.advance(60_000);
    expect(sent).toHaveLength(1);
    expect(browser.entries.size).toBe(0);
    expect(world.timers.size).toBe(0);
    expect(outbox.withdraw('no such')).toBeNull();
  });

  test('an answer that is not the server’s counts as none', async () => {
    const { world, outbox, sent, last } = tab();
    void outbox.ask({ question: 'Можно?' });
    await settled();
    await last().answer(null); // a hotel's log-in page
    await world.advance(300);
    expect(sent).toHaveLength(2);
  });

  test('where nothing can be stored it is sent all the same', async () => {
    const browser = new Browser();
    browser.full = true;
    const { outbox, last } = tab({ browser });
    const asked = outbox.ask({ question: 'Можно?' });
    await settled();
    await last().answer(SAID);
    expect(await asked).toEqual(ASKED);
  });
});

describe('after a reload', () => {
  /** A tab that asked offline and is gone. */
  async function left(browser = new Browser()) {
    const gone = tab({ browser, lock: null });
    void gone.outbox.ask({ question: 'Можно?', conversation: 'conv_1' });
    await settled();
    await gone.last().fail(0);
    browser.watchers.clear();
    return { browser, key: gone.last().key };
  }

  test('the question is there, and goes out with its own key', async () => {
    const { browser, key } = await left();
    const { outbox, last, taken } = tab({ browser });
    expect(outbox.pending).toMatchObject([{ question: 'Можно?', conversation: 'conv_1' }]);
    await settled();
    expect(last().key).toBe(key);
    await last().answer(SAID);
    expect(taken).toEqual([{ ...ASKED, key }]);
    expect(browser.entries.size).toBe(0);
  });

  test('a refusal that nobody waits for stays in the list until it is withdrawn', async () => {
    const { browser } = await left();
    const { outbox, last, world, sent } = tab({ browser });
    await settled();
    await last().fail(404);
    await world.advance(60_000);
    expect(outbox.pending).toMatchObject([{ state: 'refused', failure: { status: 404 } }]);
    expect(sent).toHaveLength(1);
    expect(outbox.withdraw(outbox.pending[0]?.key as string)).toBe('Можно?');
    expect(browser.entries.size).toBe(0);
  });

  test('it is not sent with another’s key', async () => {
    const { browser } = await left();
    const { outbox, sent } = tab({ browser, owner: 'boris' });
    await settled();
    expect(outbox.pending).toEqual([]);
    expect(sent).toEqual([]);
    expect(browser.entries.size).toBe(1);
    outbox.start('anna');
    await settled();
    expect(sent).toHaveLength(1);
  });

  test('what is broken is passed over', async () => {
    const { browser } = await left();
    browser.entries.set('advakod.outbox.a', '{"key":');
    browser.entries.set('advakod.outbox.b', 'null');
    browser.entries.set('advakod.outbox.c', '{"key":"other","path":"/","owner":"anna"}');
    browser.entries.set('advakod.theme', 'dark');
    expect(tab({ browser }).outbox.pending).toHaveLength(1);
  });
});

describe('two tabs', () => {
  test('only the one that asked sends; the other shows it, and lets it go', async () => {
    const browser = new Browser();
    const [one, two] = [tab({ browser }), tab({ browser })];
    void one.outbox.ask({ question: 'Можно?' });
    await settled();
    expect(two.outbox.pending).toHaveLength(1);
    await one.last().fail(0);
    await two.world.signal('online');
    expect(two.sent).toEqual([]);
    await one.world.signal('online');
    await one.last().answer(SAID);
    expect([one.sent.length, two.sent.length]).toEqual([2, 0]);
    expect(two.outbox.pending).toEqual([]);
  });

  test('withdrawn in either, it is sent by none', async () => {
    const browser = new Browser();
    const [one, two] = [tab({ browser }), tab({ browser })];
    const asked = one.outbox.ask({ question: 'Можно?' });
    await settled();
    await one.last().fail(0);
    expect(two.outbox.withdraw(two.outbox.pending[0]?.key as string)).toBe('Можно?');
    expect(await asked).toBeNull();
    await one.world.advance(60_000);
    await two.world.advance(60_000);
    expect([one.sent.length, two.sent.length]).toEqual([1, 0]);
  });

  test('without locks both may send what was left: the key makes it one', async () => {
    const browser = new Browser();
    const gone = tab({ browser, lock: null });
    void gone.outbox.ask({ question: 'Можно?' });
    await settled();
    browser.watchers.clear();
    const [one, two] = [tab({ browser, lock: null }), tab({ browser, lock: null })];
    await settled();
    expect(one.last().key).toBe(two.last().key);
    await one.last().answer(SAID);
    await two.last().answer(SAID);
    expect(two.outbox.pending).toEqual([]);
  });
});

describe('a key that is no longer known', () => {
  test('keeps the question until somebody has signed in', async () => {
    const { browser, world, outbox, sent, last } = tab();
    const asked = outbox.ask({ question: 'Можно?' });
    await settled();
    await last().fail(401);
    await world.signal('online');
    await world.advance(600_000);
    expect(sent).toHaveLength(1);
    expect(browser.entries.size).toBe(1);
    outbox.start('anna');
    await settled();
    await last().answer(SAID);
    expect(await asked).toEqual(ASKED);
  });
});

describe('other orders', () => {
  test('continue, again, and again with another question', async () => {
    const { outbox, sent, last } = tab();
    const orders = [
      outbox.continue_('resp_0', 'conv_1'),
      outbox.again('resp_0'),
      outbox.again('resp_0', 'А если нет?'),
    ];
    for (let n = 0; n < 3; n++) {
      await settled();
      await last().answer({ id: `resp_${n + 1}` });
    }
    expect(sent.map(({ path, body }) => [path, body])).toEqual([
      ['/api/v1/responses/resp_0/continue?stream=false', undefined],
      ['/api/v1/responses/resp_0/again', { input: null, stream: false }],
      ['/api/v1/responses/resp_0/again', { input: 'А если нет?', stream: false }],
    ]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
    expect(await Promise.all(orders)).toEqual([
      { key: KEY, run: 'resp_1', conversation: 'conv_1', question: null },
      { key: KEY, run: 'resp_2', conversation: null, question: null },
      { key: KEY, run: 'resp_3', conversation: null, question: 'А если нет?' },
    ]);
  });

  test('a stop does not wait behind a question, is kept while offline, and is given once', async () => {
    const { browser, world, outbox, sent, last } = tab();
    void outbox.ask({ question: 'Можно?' });
    await settled();
    const stopped = outbox.stop('resp_0');
    void outbox.stop('resp_0');
    await settled();
    expect(sent.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses/resp_0/cancel']);
    await last().fail(0);
    expect(browser.entries.size).toBe(2);
    await world.advance(300);
    expect(last().path).toBe('/v1/responses/resp_0/cancel');
    await last().fail(404); // gone is as good as stopped
    await stopped;
    expect(outbox.pending).toHaveLength(1);
  });
});
