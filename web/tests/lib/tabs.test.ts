import { afterEach, expect, test } from 'vitest';
import { tabs, unique, type Change } from '../../src/lib/tabs';

const other = new BroadcastChannel('advakod'); // another tab
afterEach(() => other.close());

test('a change is heard here and in other tabs, and theirs here', async () => {
  const heard: Change[] = [];
  let told: () => void = () => {};
  const leave = tabs.listen((change) => {
    heard.push(change);
    told();
  });
  const there = new Promise<Change>((resolve) => (other.onmessage = ({ data }) => resolve(data as Change)));
  tabs.tell({ conversation: 'conv_1' });
  expect(heard).toEqual([{ conversation: 'conv_1' }]);
  expect(await there).toEqual({ conversation: 'conv_1' });

  const here = new Promise<void>((resolve) => (told = resolve));
  other.postMessage({ conversation: null });
  await here;
  leave();
  tabs.tell({ conversation: 'conv_2' });
  expect(heard).toEqual([{ conversation: 'conv_1' }, { conversation: null }]);
});

test('names are not repeated', () => {
  expect(new Set(Array.from({ length: 1000 }, unique)).size).toBe(1000);
});
