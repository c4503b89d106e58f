/** Every word that a person reads. A section a view; texts with values are functions. */

/** «1 статья, 2 статьи, 5 статей». */
export function plural(count: number, one: string, few: string, many: string): string {
  const tens = Math.abs(count) % 100;
  const ones = tens % 10;
  const word = tens > 10 && tens < 20 ? many : ones === 1 ? one : ones > 1 && ones < 5 ? few : many;
  return `${number(count)} ${word}`;
}

const NUMBER = new Intl.NumberFormat('ru-RU');

export function number(value: number): string {
  return NUMBER.format(value);
}

/** «04.08.2023» of an ISO date. */
export function day(iso: string): string {
  return iso.slice(0, 10).split('-').reverse().join('.');
}

/** «12 с», «3 мин 20 с», «1 ч 5 мин». */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} с`;
  if (whole < 3600) return whole % 60 ? `${Math.floor(whole / 60)} мин ${whole % 60} с` : `${whole / 60} мин`;
  const minutes = Math.floor((whole % 3600) / 60);
  return minutes ? `${Math.floor(whole / 3600)} ч ${minutes} мин` : `${Math.floor(whole / 3600)} ч`;
}

export const texts = {
  app: {
    name: 'ADVAKOD',
    skip: 'К содержанию',
    ask: 'Вопросы',
    law: 'Законы',
    admin: 'Состояние',
    theme: { label: 'Тема', auto: 'как в системе', light: 'светлая', dark: 'тёмная' },
    signOut: 'Выйти',
    notFound: 'Такой страницы нет.',
    toStart: 'К вопросам',
    loading: 'Загружаю…',
    retry: 'Повторить',
    loadFailed: 'Эта часть страницы не загрузилась. Проверьте связь и повторите.',
  },
  errors: {
    offline: 'Нет связи с сервером. Проверьте сеть.',
    timeout: 'Сервер не ответил вовремя. Попробуйте ещё раз.',
    unexpected: (status: number) => `Сервер ответил неожиданно (код ${status}). Попробуйте ещё раз.`,
  },
  signIn: {},
  chat: {},
  answer: {},
  progress: {},
  sources: {},
  verdicts: {},
  shelf: {},
  feedback: {},
  law: {},
  admin: {},
} as const;
