// @vitest-environment jsdom
import { afterEach, describe, expect, test, vi } from 'vitest';
import { keep } from '../../src/lib/keep';

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

describe('what is kept', () => {
  test('is there again, by the beginning of its name', () => {
    expect(keep.save('a.1', 'один')).toBe(true);
    keep.save('a.2', 'два');
    keep.save('b', 'три');
    keep.erase('a.2');
    expect([...keep.load('a.')]).toEqual([['a.1', 'один']]);
  });

  test('is told to other tabs', () => {
    const heard: unknown[] = [];
    const leave = keep.watch((...all) => heard.push(all));
    const tell = (key: string | null, newValue: string | null) =>
      dispatchEvent(new StorageEvent('storage', { key, newValue }));
    tell('a', 'один');
    tell('a', null);
    tell(null, null);
    leave();
    tell('b', 'два');
    expect(heard).toEqual([
      ['a', 'один'],
      ['a', null],
    ]);
  });

  test('where it is forbidden nothing fails', () => {
    vi.stubGlobal(
      'localStorage',
      new Proxy(localStorage, {
        get: () => {
          throw new DOMException('denied', 'SecurityError');
        },
        ownKeys: () => {
          throw new DOMException('denied', 'SecurityError');
        },
      }),
    );
    expect(keep.save('a', 'один')).toBe(false);
    expect(keep.load('a').size).toBe(0);
    keep.erase('a');
    vi.unstubAllGlobals();
  });
});
