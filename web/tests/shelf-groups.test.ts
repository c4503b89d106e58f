import { afterEach, describe, expect, test } from 'vitest';
import { byDay } from '../src/chat/shelf-groups';

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const at = (iso: string): number => Date.parse(iso) / 1000;

function grouped(now: string, ...moments: string[]): Record<string, string[]> {
  const items = moments.map((moment) => ({ moment, updated_at: at(moment) }));
  const groups = byDay(items, at(now));
  return Object.fromEntries(groups.map(({ when, items }) => [when, items.map(({ moment }) => moment)]));
}

describe.each([
  ['Europe/Moscow', '+03:00'],
  ['Asia/Vladivostok', '+10:00'],
  ['America/New_York', '-04:00'], // in summer
  ['Asia/Kathmandu', '+05:45'],
])('in %s', (name, offset) => {
  test('days are those of the calendar on the wall', () => {
    process.env['TZ'] = name;
    // 9 July 2026 is a Thursday.
    const wall = (moment: string): string => `2026-${moment}:00${offset}`;
    const [now, early, late] = [wall('07-09T00:30'), wall('07-09T00:00'), wall('07-08T23:59')];
    const [monday, sunday] = [wall('07-06T00:00'), wall('07-05T23:59')];
    expect(grouped(now, early, late, monday, sunday)).toEqual({
      today: [early],
      yesterday: [late],
      week: [monday],
      earlier: [sunday],
    });
  });
});

test('on Monday yesterday is not of this week, and nothing else is', () => {
  process.env['TZ'] = 'Europe/Moscow';
  const [sunday, saturday] = ['2026-07-05T12:00:00+03:00', '2026-07-04T12:00:00+03:00'];
  expect(grouped('2026-07-06T09:00:00+03:00', sunday, saturday)).toEqual({ yesterday: [sunday], earlier: [saturday] });
});

test('a day of 25 hours is one day', () => {
  process.env['TZ'] = 'Europe/Berlin'; // clocks go back on 25 October 2026 at 3:00
  const [long, before] = ['2026-10-25T00:10:00+02:00', '2026-10-24T23:50:00+02:00'];
  expect(grouped('2026-10-26T00:05:00+01:00', long, before)).toEqual({ yesterday: [long], earlier: [before] });
});

test('what a clock ahead of ours says is of today', () => {
  process.env['TZ'] = 'UTC';
  const ahead = '2026-07-10T00:01:00Z';
  expect(grouped('2026-07-09T23:59:00Z', ahead)).toEqual({ today: [ahead] });
});

test('nothing makes no groups', () => expect(byDay([], at('2026-07-09T12:00:00Z'))).toEqual([]));
