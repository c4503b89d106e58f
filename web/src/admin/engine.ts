/** What an engine tells of itself, in plain words. What is not known here is shown as it is. Pure. */

import type { EngineNow } from '../lib/types';
import { duration, few, number, plural, texts } from '../texts';
import { told, word } from './names';

const words = texts.admin.engine;

/** Names and values, a line each: of the engine as it was told to `config`, and of what is known `now`. */
export function facts(engine: Record<string, unknown>, now: EngineNow | null): [string, string][] {
  const { details, speed, ...rest } = { ...engine, ...fresh(now) } as Record<string, unknown>;
  const { child, ...more } = record(details);
  const speeds = record(speed);
  const known = now ?? { reading_speed: speeds['reading'] ?? null, writing_speed: speeds['writing'] ?? null };
  const { reading_speed, writing_speed } = known;
  const lines = { ...rest, reading_speed, writing_speed, ...more, ...record(child) };
  return Object.entries(lines).map(([name, value]) => [word(words.names, name), shown(name, value)]);
}

function fresh(now: EngineNow | null): Partial<EngineNow> {
  return now?.name ? { name: now.name, model: now.model, context: now.context, details: now.details } : {};
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

type Show = (value: number) => string;

const MEASURES: Record<string, Show> = {
  context: words.tokens,
  reading_speed: words.perSecond,
  writing_speed: words.perSecond,
  parameters: (count) => (count < 1e9 ? number(count) : `${few(count / 1e9)}\u00a0млрд`),
  loaded_seconds: (seconds) => (seconds < 1 ? `${few(seconds)}\u00a0с` : duration(seconds)),
  restarts: (count) => (count ? plural(count, 'раз', 'раза', 'раз') : words.never),
};
const ABSENT: Record<string, string> = {
  reading_speed: words.unmeasured,
  writing_speed: words.unmeasured,
  last_reason: words.never,
  loaded_seconds: words.gone,
  pid: words.gone,
};

function shown(name: string, value: unknown): string {
  if (typeof value === 'number' && Object.hasOwn(MEASURES, name)) return (MEASURES[name] as Show)(value);
  const said = told(value);
  if (!said) return word(ABSENT, name) === name ? words.unknown : word(ABSENT, name);
  const code = `${name}:${said}`;
  const known = word(words.values, code);
  return known === code ? word(words.values, said) : known;
}
