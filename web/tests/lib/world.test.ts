// @vitest-environment jsdom
import { afterEach, expect, test } from 'vitest';
import { browser, type Signal } from '../../src/lib/world';

let seen: DocumentVisibilityState = 'visible';
Object.defineProperty(document, 'visibilityState', { get: () => seen });
afterEach(() => (seen = 'visible'));

test('the browser’s events become signals until nobody listens', () => {
  const heard: Signal[] = [];
  const leave = browser.listen((signal) => heard.push(signal));
  dispatchEvent(new Event('online'));
  dispatchEvent(new Event('pagehide'));
  dispatchEvent(new Event('pageshow'));
  document.dispatchEvent(new Event('freeze'));
  seen = 'hidden';
  document.dispatchEvent(new Event('visibilitychange'));
  document.dispatchEvent(new Event('resume')); // woken, still out of sight
  seen = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  leave();
  dispatchEvent(new Event('online'));
  expect(heard).toEqual(['online', 'frozen', 'shown', 'frozen', 'hidden', 'hidden', 'shown']);
});
