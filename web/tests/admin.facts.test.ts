import { describe, expect, it } from 'vitest';
import { outcome, told, word } from '../src/admin/names';
import { rangeOf, RANGES, SCOPES, withRange } from '../src/admin/ranges';
import { between, moment, stretch } from '../src/admin/times';
import { few, measured, percent } from '../src/texts';

const at = (month: number, day: number, hour: number, minute = 0, year = 2026) =>
  new Date(year, month - 1, day, hour, minute).getTime() / 1000;
const NOW = at(11, 22, 18);

describe('the stretch of time', () => {
  it('is kept in the address', () => {
    const url = new URL('http://x/admin?range=week#plots');
    expect(rangeOf(url)).toBe('week');
    expect(withRange(url, 'hour')).toBe('/admin?range=hour#plots');
    expect(withRange(url, 'day')).toBe('/admin#plots');
    expect(rangeOf(new URL('http://x/admin?range=century'))).toBe('day');
  });

  it('has as many points as a plot can show, and rows that hold whole points', () => {
    for (const range of RANGES) {
      const { window, step, row } = SCOPES[range];
      expect(window / step).toBeLessThanOrEqual(120);
      expect(window / row).toBeLessThanOrEqual(31);
      expect(row % step).toBe(0);
    }
  });
});

describe('moments', () => {
  it('name the day only where it is needed', () => {
    expect(moment(at(11, 22, 10, 15), NOW)).toBe('10:15');
    expect(moment(at(11, 21, 10, 15), NOW)).toBe('21 нояб., 10:15');
    expect(moment(at(11, 21, 10, 15, 2025), NOW)).toContain('2025');
    expect(between(at(11, 21, 10), 900, NOW)).toBe('21 ноября между 10:00 и 10:15');
  });

  it('name a row', () => {
    expect(stretch(at(11, 22, 10), 3_600, NOW)).toBe('10:00–11:00');
    expect(stretch(at(11, 21, 9), 21_600, NOW)).toBe('21 нояб., 09:00–15:00');
    expect(stretch(at(11, 21, 0), 86_400, NOW)).toBe('21 нояб.');
    expect(stretch(at(11, 21, 3), 86_400, NOW)).toBe('21 нояб., 03:00 — 22 нояб., 03:00');
  });
});

describe('words for what the wire says', () => {
  it('tell how an answer ended', () => {
    expect(outcome('completed', null)).toBe('дописан');
    expect(outcome('cancelled', 'cancelled')).toBe('остановлен тем, кто спросил');
    expect(outcome('incomplete', 'stalled')).toBe('оборван: модель замолчала посреди ответа');
    expect(outcome('failed', 'a_new_code')).toBe('не получился: a_new_code');
  });

  it('leave a code that is not known as it is', () => {
    expect(word({ a: 'б' }, 'a')).toBe('б');
    expect(word({}, 'constructor')).toBe('constructor');
  });

  it('show whatever an engine tells', () => {
    expect(told({ pid: 7, slots: [1, 2], gone: null })).toBe('pid: 7, slots: 1, 2, gone: ');
    expect(told(false)).toBe('false');
  });

  it('round what was measured', () => {
    expect([0, 0.0022, 0.037, 0.43, 7.08, 12.4, 1_284].map(few)).toEqual([
      '0',
      '<\u00a00,01',
      '0,04',
      '0,43',
      '7,1',
      '12',
      '1\u00a0284',
    ]);
    expect(percent(0.0234)).toBe('2,3\u00a0%');
    expect([0.432, 12.4, 200].map(measured)).toEqual(['0,43\u00a0с', '12\u00a0с', '3\u00a0мин\u00a020\u00a0с']);
  });
});
