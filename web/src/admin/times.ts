/** Moments and stretches of time as a person reads them, in the local time of the reader. Seconds since the epoch. */

import { texts } from '../texts';

const CLOCK = new Intl.DateTimeFormat('ru-RU', { hour: '2-digit', minute: '2-digit' });
const SECONDS = new Intl.DateTimeFormat('ru-RU', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('ru-RU', { day: 'numeric', month: 'long' });
const SHORT_DAY = new Intl.DateTimeFormat('ru-RU', { day: 'numeric', month: 'short' });
const YEAR = new Intl.DateTimeFormat('ru-RU', { day: 'numeric', month: 'short', year: 'numeric' });

const A_DAY = 86_400;

/** «10:15». */
export function clock(time: number): string {
  return CLOCK.format(time * 1000);
}

/** «10:15:32». */
export function exactly(time: number): string {
  return SECONDS.format(time * 1000);
}

/** «22 нояб.». */
export function shortDay(time: number): string {
  return SHORT_DAY.format(time * 1000);
}

/** «22 нояб. 2025 г.». */
export function dated(time: number): string {
  return YEAR.format(time * 1000);
}

/** «10:15» of today, else «22 нояб., 10:15», of another year «22 нояб. 2025 г., 10:15». */
export function moment(time: number, now: number): string {
  if (sameDay(time, now)) return clock(time);
  const sameYear = new Date(time * 1000).getFullYear() === new Date(now * 1000).getFullYear();
  return `${(sameYear ? SHORT_DAY : YEAR).format(time * 1000)}, ${clock(time)}`;
}

/** «между 10:00 и 10:15», «22 ноября между 10:00 и 13:00». */
export function between(start: number, step: number, now: number): string {
  const when = texts.admin.between(clock(start), clock(start + step));
  return sameDay(start, now) ? when : `${DAY.format(start * 1000)} ${when}`;
}

/** A row's name: «10:00–10:15», «22 нояб., 10:00–16:00»; «22 нояб.» or «22 нояб., 03:00 — 23 нояб., 03:00» of a day. */
export function stretch(start: number, step: number, now: number): string {
  const end = start + step;
  if (step >= A_DAY) {
    const whole = clock(start) === clock(end) && new Date(start * 1000).getHours() === 0;
    const from = shortDay(start);
    return whole ? from : `${from}, ${clock(start)} — ${shortDay(end)}, ${clock(end)}`;
  }
  const hours = `${clock(start)}–${clock(end)}`;
  return sameDay(start, now) ? hours : `${shortDay(start)}, ${hours}`;
}

export function sameDay(a: number, b: number): boolean {
  return new Date(a * 1000).toDateString() === new Date(b * 1000).toDateString();
}
