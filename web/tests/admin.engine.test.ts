import { describe, expect, it } from 'vitest';
import { facts } from '../src/admin/engine';
import type { EngineNow } from '../src/lib/types';

const child = { pid: 4711, state: 'ready', restarts: 0, last_reason: '', loaded_seconds: 71.3, server: 'xllamacpp 1' };
const details = { file: 'm.gguf', parameters: 23_572_403_200, quantisation: 'Q4_K_M', threads: 2, child };
const config = {
  ...{ name: 'llama', model: 'Vistral-24B', continuation: 'prefill', fingerprint: 'llama:1', concurrency: 1 },
  ...{ reachable: true, uses_sources: true, tells_reading: true, context: 8192 },
  ...{ speed: { reading: 2.5, writing: 1.6 }, details: { ...details, template: 'own' } },
};
const now = (facts: Partial<EngineNow> = {}): EngineNow => ({
  ...{ state: 'ready', problem: null, name: 'llama', model: 'Vistral-24B', context: 8192 },
  ...{ reading_speed: 3.1, writing_speed: 1.5, details: { ...details, template: 'own' } },
  ...facts,
});
const plain = (of: [string, string][]): Record<string, string> =>
  Object.fromEntries(of.map(([name, value]) => [name, value.replaceAll('\u00a0', ' ')]));

describe('an engine that runs a child', () => {
  it('is told in plain words', () => {
    expect(plain(facts(config, now()))).toMatchObject({
      ...{ Движок: 'llama: llama.cpp в дочернем процессе', Контекст: '8 192 токена', Отвечает: 'да' },
      ...{ 'Скорость чтения': '3,1 токена в секунду', 'Скорость письма': '1,5 токена в секунду' },
      ...{ Параметров: '24 млрд', 'Шаблон беседы': 'модели', 'Процесс модели': 'работает', Процесс: '4711' },
      ...{ Перезапусков: 'не было', 'Последний сбой': 'не было', 'Загрузилась за': '1 мин 11 с' },
    });
  });

  it('says how it died, and takes the latest', () => {
    const dead = { ...child, pid: null, state: 'failed', restarts: 4, last_reason: 'Не хватило памяти.' };
    const told = plain(facts(config, now({ state: 'failed', details: { child: dead } })));
    expect(told).toMatchObject({ Процесс: 'нет', Перезапусков: '4 раза', 'Последний сбой': 'Не хватило памяти.' });
    expect(told['Процесс модели']).toContain('не запускается');
  });

  it('is told before it is known how it is now', () => {
    expect(plain(facts(config, null))['Скорость чтения']).toBe('2,5 токена в секунду');
    expect(plain(facts({ ...config, speed: null }, null))['Скорость письма']).toBe('ещё не измерена');
  });
});

it('leaves what an engine alone knows as it is', () => {
  const told = plain(facts({ name: 'mine', model: '', details: { heat: 3, child: 'none' } }, null));
  expect(told).toMatchObject({ Движок: 'mine', Модель: 'не сказано', heat: '3' });
  expect(plain(facts({ name: 'x', details: null }, now({ name: null })))).toMatchObject({ Движок: 'x' });
});
