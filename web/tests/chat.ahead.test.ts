import { expect, test } from 'vitest';
import { inTurn } from '../src/chat/ahead';

test('two at a time, in turn, and who leaves the queue is not called', () => {
  const called: string[] = [];
  const [a, b, c, , e] = 'abcde'.split('').map((name) => inTurn(() => called.push(name)));
  expect(called.join('')).toBe('ab');
  c?.();
  a?.();
  a?.();
  expect(called.join('')).toBe('abd');
  b?.();
  expect(called.join('')).toBe('abde');
  e?.();
  expect(called.join('')).toBe('abde');
});
