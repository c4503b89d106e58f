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

/** «12 с», «3 мин 20 с», «1 ч 5 мин»; no line ends inside. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [large, small, names] =
    whole < 3600
      ? [Math.floor(whole / 60), whole % 60, ['мин', 'с']]
      : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), ['ч', 'мин']];
  const said = [large && `${large} ${names[0]}`, (small || !large) && `${small} ${names[1]}`];
  return said.filter(Boolean).join(' ').replaceAll(' ', '\u00a0');
}

/** «около 40 с», «около 2 мин»: nobody knows it to the second. */
export function roughly(seconds: number): string {
  if (seconds < 10) return 'несколько секунд';
  const step = seconds < 60 ? 5 : seconds < 600 ? 30 : 60;
  return `около ${duration(Math.round(seconds / step) * step)}`;
}

const FEW = new Intl.NumberFormat('ru-RU', {
  maximumSignificantDigits: 2,
  maximumFractionDigits: 2,
  roundingPriority: 'lessPrecision',
});

/** «0,43», «7,1», «12», «128»: two digits, and no more than hundredths, tell enough of what was measured. */
export function few(value: number): string {
  if (value > 0 && value < 0.01) return `<\u00a0${FEW.format(0.01)}`;
  return value < 10 ? FEW.format(value) : number(Math.round(value));
}

/** «12 ответов», «0,43 ответа»: the same of what need not be whole. */
function amount(value: number, one: string, several: string, many: string): string {
  if (value > 0 && value < 0.01) return `менее ${FEW.format(0.01)} ${several}`;
  return value < 10 && !Number.isInteger(value)
    ? `${few(value)} ${several}`
    : plural(Math.round(value), one, several, many);
}

/** «2,3 %» of a share between 0 and 1. */
export function percent(share: number): string {
  return `${few(share * 100)}\u00a0%`;
}

/** «0,43 с», «12 с», «3 мин 20 с» of a time that was measured. */
export function measured(seconds: number): string {
  return seconds < 10 ? `${few(seconds)}\u00a0с` : duration(seconds);
}

function upper(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

export const texts = {
  app: {
    name: 'ADVAKOD',
    skip: 'К содержанию',
    ask: 'Вопросы',
    law: 'Законы',
    admin: 'Состояние',
    theme: { label: 'Тема', auto: 'как в системе', light: 'светлая', dark: 'тёмная' },
    sections: 'Разделы',
    menu: 'Ещё',
    docs: 'Описание API',
    signedInAs: (name: string) => `Вход по ключу «${name}»`,
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
  signIn: {
    title: 'Вход',
    why: 'Этот сервер отвечает тем, у кого есть ключ доступа.',
    key: 'Ключ доступа',
    submit: 'Войти',
    hint: 'Ключ выдаёт администратор сервера командой advakod key new ИМЯ. Страница хранит не его, а вход, который можно завершить.',
  },
  chat: {
    title: 'Спросите о своём праве',
    lead: 'Отвечу по текстам российских законов и покажу, на каких статьях стоит каждый вывод.',
    notAdvocate: 'Это справка по законам, а не консультация адвоката.',
    examples: 'С чего начать',
    question: 'Ваш вопрос',
    placeholder: 'Что случилось?',
    next: 'Спросите ещё',
    send: 'Спросить',
    hint: 'Enter — спросить, Shift + Enter — новая строка',
    left: (count: number) => `Можно ещё ${plural(count, 'знак', 'знака', 'знаков')}`,
    over: (count: number) => `Длиннее, чем можно, на ${plural(count, 'знак', 'знака', 'знаков')}: сократите вопрос`,
    offline: 'Сети нет. Вопрос сохранится и уйдёт, когда она появится.',
    waits: 'Ответ ещё пишется. Следующий вопрос встанет за ним в очередь.',
    loading: 'Открываю беседу…',
    empty: 'В этой беседе пока нет вопросов.',
    down: 'К новому',
    fold: 'Свернуть',
    unfold: 'Показать целиком',
    withdraw: 'Вернуть вопрос в поле',
    dontWait: 'Не ждать',
    retries: 'Попробую ещё раз сам.',
    brief: (title: string) => `${title} — ADVAKOD`,
    more: 'Что ещё спросить',
    deleted: 'Беседа удалена или принадлежит другому ключу.',
    toStart: 'Задать новый вопрос',
  },
  answer: {
    label: (question: string) => `Ответ на вопрос: ${question}`,
    edit: 'Изменить',
    editTitle: 'Изменить вопрос',
    cancelEdit: 'Не менять',
    saveEdit: 'Спросить так',
    stop: 'Остановить',
    stopAbove: 'Остановить ответ выше',
    stopping: 'Останавливаю…',
    copy: 'Скопировать',
    copied: 'Ответ скопирован вместе со списком источников.',
    copiedShort: 'Скопировано',
    copyFailed: 'Не вышло скопировать. Выделите текст и скопируйте его сами.',
    again: 'Спросить ещё раз',
    continue: 'Продолжить',
    previous: 'Предыдущий вариант',
    following: 'Следующий вариант',
    of: (at: number, count: number) => `${at} из ${count}`,
    variantOf: (what: 'question' | 'answer') => (what === 'question' ? 'Варианты вопроса' : 'Варианты ответа'),
    notAdvice: 'Это не консультация адвоката.',
    basis: 'На основании',
    edition: (date: string) => `в редакции от ${date}`,
    editionUnknown: 'дата редакции неизвестна',
    summaryTitle: 'Это краткий пересказ',
    summary:
      'Официальный текст этих норм на сервер не загружен, ответ написан по пересказу. Сверьтесь с самим законом.',
    incompleteTitle: 'Ответ не окончен',
    incomplete: 'Он обрывается на полуслове; всё написанное сохранено.',
    cancelledTitle: 'Ответ остановлен',
    failedTitle: 'Ответа не вышло',
    failed: 'При подготовке ответа случилась ошибка. Спросите ещё раз.',
    unconfirmed: (count: number) =>
      `${plural(count, 'ссылка не подтверждена', 'ссылки не подтверждены', 'ссылок не подтверждены')}`,
    unconfirmedMeans: (count: number) =>
      count === 1
        ? 'Такой нормы нет среди прочитанных для этого ответа. Прежде чем полагаться на неё, проверьте её по официальному тексту.'
        : 'Таких норм нет среди прочитанных для этого ответа. Прежде чем полагаться на них, проверьте их по официальному тексту.',
    repealed: (count: number) =>
      `${plural(count, 'названная норма утратила', 'названные нормы утратили', 'названных норм утратили')} силу`,
    repealedMeans: (count: number) =>
      `К тому, что происходит теперь, ${count === 1 ? 'она, скорее всего, не применяется' : 'они, скорее всего, не применяются'}.`,
    gone: 'Этот ответ удалён.',
    unreachable: 'Подробности ответа не загрузились.',
    reconnecting: 'Связь прервалась, ответ готовится, подключаюсь…',
    ready: 'Ответ готов.',
  },
  progress: {
    label: 'Готовность ответа',
    sending: 'Отправляю вопрос',
    offline: 'Вопрос ждёт связи и уйдёт сам',
    queued: (place: number | null) => (place === null ? 'Вопрос в очереди' : `В очереди ${number(place)}-й`),
    loading: 'Модель загружается',
    searching: 'Ищу нормы',
    reading: (sources: number, read: { done: number; total: number } | null) => {
      const tokens = read && `${number(read.done)} из ${plural(read.total, 'токена', 'токенов', 'токенов')}`;
      if (!sources) return tokens ? `Читаю: ${tokens}` : 'Читаю вопрос';
      const found = `Нашёл ${plural(sources, 'норму', 'нормы', 'норм')}`;
      return tokens ? `${found}, прочитано ${tokens}` : `${found}, читаю`;
    },
    thinking: 'Модель обдумывает ответ',
    writing: 'Пишу ответ',
    checking: 'Проверяю ссылки',
    elapsed: (seconds: number) => `прошло ${duration(seconds)}`,
    expected: (seconds: number) => `всего ${roughly(seconds)}`,
    firstWord: (seconds: number) => `до первых слов ${roughly(seconds)}`,
    wait: (seconds: number) => `ждать ${roughly(seconds)}`,
    longer: 'дольше, чем ожидалось',
    said: {
      queued: 'Вопрос в очереди.',
      loading: 'Модель загружается.',
      searching: 'Ищу нормы.',
      reading: 'Читаю найденные нормы.',
      thinking: 'Модель обдумывает ответ.',
      writing: 'Пишу ответ.',
      checking: 'Проверяю ссылки.',
    },
    title: (question: string) => `Пишет… — ${question}`,
  },
  sources: {
    title: 'Источники',
    found: (count: number) => `Нашёл ${plural(count, 'норму', 'нормы', 'норм')}`,
    article: (place: string) => `Статья ${place}`,
    point: (place: string) => `Пункт ${place}`,
    edition: (date: string) => `редакция от ${date}`,
    summary: 'краткий пересказ',
    others: (count: number) => `Прочитано и в ответе не названо: ${number(count)}`,
    loadFailed: 'Текст нормы не открылся. Проверьте связь и нажмите ещё раз.',
  },
  verdicts: {
    verified: {
      label: 'норма найдена и прочитана',
      explanation:
        'Такая норма есть в загруженной редакции, и ответ составлен по её тексту. Следует ли из неё сказанное, программа не проверяет.',
    },
    not_in_context: {
      label: 'норма есть, но для ответа её не читали',
      explanation:
        'Такая норма есть в загруженной редакции, но текста её при ответе перед глазами не было: сверьте сказанное с ней.',
    },
    no_such_provision: {
      label: 'такой нормы не нашлось',
      explanation: 'В загруженной редакции такой нормы нет: номер может быть ошибочным.',
    },
    act_not_loaded: {
      label: 'не проверено: акт не загружен',
      explanation:
        'Текста этого акта здесь нет, поэтому проверить ссылку не с чем. Найдите его в официальном источнике.',
    },
    ambiguous: {
      label: 'не ясно, какой это закон',
      explanation: 'Статья названа без закона, и из ответа не видно, о каком законе речь.',
    },
    repealed: {
      label: 'норма утратила силу',
      explanation: 'Эта норма в загруженной редакции значится утратившей силу: применять её можно только к прошлому.',
    },
    summary: {
      label: 'пересказ, а не текст закона',
      explanation: 'Официального текста здесь нет, ответ составлен по краткому пересказу: сверьте его с законом.',
    },
    unchecked: {
      label: 'ещё не проверено',
      explanation: 'Ссылки проверяются, когда ответ дописан.',
    },
    article: (number: string) => `статья ${number}`,
    source: (label: string, name: string, verdict: string) => `Источник ${label}: ${name ? `${name}, ` : ''}${verdict}`,
    reference: (words: string, verdict: string) => `${words}: ${verdict}`,
    table: 'Таблица',
  },
  shelf: {
    title: 'Беседы',
    open: 'Беседы',
    close: 'Закрыть список бесед',
    past: 'Мимо списка бесед',
    fresh: 'Новый вопрос',
    search: 'Найти в беседах',
    searching: 'Ищу…',
    found: (count: number, more: boolean) =>
      more
        ? `Нашлось больше ${plural(count, 'беседы', 'бесед', 'бесед')}`
        : `Нашлось: ${plural(count, 'беседа', 'беседы', 'бесед')}`,
    nothingFound: 'Ничего не нашлось. Ищутся беседы, где есть все эти слова.',
    empty: 'Здесь будут ваши беседы.',
    loading: 'Загружаю список…',
    more: 'Показать ещё',
    stale: 'Связи нет, список мог устареть.',
    groups: { today: 'Сегодня', yesterday: 'Вчера', week: 'На этой неделе', earlier: 'Ранее' },
    untitled: 'Без названия',
    running: 'готовится ответ',
    actions: (title: string) => `Действия с беседой «${title}»`,
    rename: 'Переименовать',
    newName: 'Название беседы',
    save: 'Сохранить',
    cancel: 'Отмена',
    nameNeeded: 'Впишите название.',
    docx: 'Скачать DOCX',
    markdown: 'Скачать Markdown',
    print: 'Печать или PDF',
    printFailed: 'Не вышло собрать беседу для печати. Проверьте связь и повторите.',
    fileName: (format: string) => `беседа.${format}`,
    remove: 'Удалить',
    removed: (title: string) => `Беседа «${title.length > 26 ? `${title.slice(0, 24).trimEnd()}…` : title}» удалена.`,
    restore: 'Вернуть',
    restored: 'Беседа возвращена.',
    dismiss: 'Закрыть сообщение',
    printed: (begun: string, printed: string) => `ADVAKOD. Беседа от ${begun}, напечатана ${printed}.`,
  },
  feedback: {
    label: 'Оценка ответа',
    up: 'Помогло',
    down: 'Не помогло',
    thanks: { up: 'Вы отметили, что ответ помог.', down: 'Вы отметили, что ответ не помог.' },
    add: 'Добавить слово',
    change: 'Изменить',
    withdraw: 'Отозвать',
    withdrawn: 'Оценка отозвана.',
    titles: { up: 'Что помогло', down: 'Что не так' },
    reasons: {
      wrong_law: 'Не тот закон',
      outdated: 'Устаревшая норма',
      not_answered: 'Нет ответа на вопрос',
      unclear: 'Непонятно написано',
      mistake: 'Ошибка в ответе',
      other: 'Другое',
    },
    comment: 'Своими словами',
    optional: 'необязательно',
    seen: 'Администратор увидит вопрос, ответ и этот отзыв.',
    send: 'Отправить',
    cancel: 'Отмена',
  },
  law: {
    title: 'Законы',
    pageTitle: (what: string) => `${what} — ADVAKOD`,
    intro:
      'Тексты, по которым отвечает ADVAKOD. У каждого указана дата редакции: проверьте, не изменился ли закон с тех пор.',
    loaded: 'Загруженные тексты',
    nothingLoaded: 'Официальных текстов пока нет. Их загружает администратор сервера: advakod ingest ФАЙЛ.',
    byGuide: 'Известны в пересказе',
    byGuideWhy: 'Официального текста этих актов нет. Отвечаем по пересказу отдельных статей своими словами.',
    retold: (count: number) => `пересказано: ${plural(count, 'статья', 'статьи', 'статей')}`,
    part: (part: number) => `Часть ${part}`,
    ofActs: { in_force: '', repealed: 'Утратил силу', foreign: 'Закон другого государства' },
    aboutActs: {
      in_force: '',
      repealed: 'Акт утратил силу. Он показан для справки, опираться на него нельзя.',
      foreign: 'Это закон другого государства. В России он не действует.',
    },
    signed: (number: string, date: string | null) =>
      [date && `от\u00a0${day(date)}`, number && `№\u00a0${number}`].filter(Boolean).join('\u00a0'),
    edition: (date: string) => `Редакция от ${day(date)}`,
    editionUnknown: 'Дата редакции в тексте не указана',
    old: (days: number) => `Ей больше ${plural(days, 'дня', 'дней', 'дней')}: проверьте, не изменился ли закон.`,
    oldBriefly: (days: number) => `старше ${plural(days, 'дня', 'дней', 'дней')}`,
    on: (date: string) => `Показано на ${day(date)}.`,
    newest: 'Показать последнюю загруженную редакцию',
    otherEdition: (cited: string, shown: string) =>
      `Ответ опирался на редакцию от ${day(cited)}, здесь показана редакция от ${day(shown)}.`,
    where: 'Где вы',
    contents: 'Оглавление',
    closeContents: 'Закрыть оглавление',
    expandAll: 'Развернуть всё',
    collapseAll: 'Свернуть всё',
    repealed: 'утратила силу',
    repealedPart: 'Утратил силу.',
    repealedArticle: 'Статья утратила силу. Опираться на неё нельзя.',
    summaryAct: 'Официальный текст не загружен. Здесь только статьи, которые пересказаны своими словами.',
    summaryMark: 'Пересказ, не текст закона',
    summaryWhy: (date: string | null) =>
      `Официальный текст не загружен. Ниже пересказ своими словами${date ? ` по редакции от ${day(date)}` : ''}. Сверьтесь с официальным текстом.`,
    fold: 'Свернуть',
    unfold: 'Показать весь пересказ',
    plainly: 'Простыми словами',
    plainlyWhy: (date: string) => `Пересказ по редакции от ${day(date)}, не текст закона.`,
    figures: 'Сроки и суммы',
    notes: (count: number) => `Отметки об изменениях (${number(count)})`,
    linkToPart: 'ссылка на эту часть',
    cited: 'Часть, на которую дана ссылка',
    copyLink: 'Скопировать ссылку',
    copied: 'Ссылка скопирована',
    copyFailed: 'Скопировать не вышло. Адрес — в адресной строке.',
    neighbours: 'Соседние статьи',
    previous: 'Назад',
    next: 'Дальше',
    ownWords: 'Вводная часть',
    search: {
      hint: 'Слова или номер статьи',
      label: 'Найти в тексте',
      empty: 'Ничего не найдено. Попробуйте другие слова.',
      found: (shown: number, total: number) =>
        total > shown
          ? `Найдено: ${number(total)}. Показаны первые ${number(shown)}.`
          : `Найдено: ${plural(total, 'место', 'места', 'мест')}`,
      searching: 'Ищу…',
      results: 'Что нашлось',
    },
    panel: {
      label: 'Источник',
      close: 'Закрыть источник',
      whole: 'Открыть целиком',
      back: 'Вернуться к статье из ответа',
      noPart: 'Части, на которую ссылается ответ, в этой статье нет. Показана вся статья.',
      noAct: 'По ссылке нельзя понять, о каком акте речь.',
    },
    trouble: {
      title: 'Не получилось показать',
      headings: {
        act_not_loaded: 'Текст не загружен',
        no_such_provision: 'Такой статьи нет',
        edition_not_loaded: 'Редакция не загружена',
      },
      actHelp: 'Чтобы его читать и проверять по нему ответы, загрузите официальный текст: advakod ingest ФАЙЛ.',
      toContents: 'К оглавлению',
      toActs: 'Ко всем законам',
      excerpt: 'Начало текста, который видела модель',
    },
  },
  admin: {
    title: 'Состояние сервера',
    pageTitle: 'Состояние сервера — ADVAKOD',
    denied: (name: string) =>
      `Состояние сервера видят только администраторы, а ключ «${name}» — пользовательский. Войдите с ключом администратора.`,
    sections: 'Разделы страницы',
    between: (from: string, to: string) => `между ${from} и ${to}`,
    range: {
      label: 'За какое время',
      names: { hour: 'Час', day: 'Сутки', week: 'Неделя', month: 'Месяц' },
      title: { hour: 'За час', day: 'За сутки', week: 'За неделю', month: 'За месяц' },
      over: { hour: 'за час', day: 'за сутки', week: 'за неделю', month: 'за месяц' },
      rows: { hour: 'по 10 минут', day: 'по часам', week: 'по 6 часов', month: 'по суткам' },
    },
    refresh: {
      at: (time: string) => `Обновлено в ${time}`,
      failed: (why: string, time: string) => `Обновить не вышло: ${lower(why)} Показано то, что было в ${time}.`,
      never: (why: string) => `Загрузить не вышло: ${lower(why)}`,
    },
    now: {
      title: 'Показатели',
      now: 'Сейчас',
      queue: 'Ждут',
      ofQueue: (limit: number) => `очередь не длиннее ${number(limit)}`,
      running: 'Пишутся',
      ofRunning: (limit: number) => `этот сервер — не больше ${number(limit)} сразу`,
      requests: 'Вопросы',
      ofRequests: (perMinute: number) =>
        perMinute < 1 ? `${few(perMinute * 60)} в час` : `${few(perMinute)} в минуту`,
      errors: 'Ошибки',
      ofErrors: (share: number) => (share ? percent(share) : 'все ответы получились'),
      noErrors: 'ответов не было',
      response: 'Ответ готов',
      ofResponse: (p95: string) => `95 из 100 — за ${p95}`,
      first: 'Первое слово',
      ofFirst: (p95: string) => `95 из 100 — за ${p95}`,
      speed: 'Скорость',
      ofSpeed: 'токенов в секунду, медиана',
      limits: 'Действующие пределы',
      perKey: 'Незаконченных ответов у одного ключа',
      question: 'Самый длинный вопрос',
      answer: 'Самый длинный ответ',
      budget: 'Время на один ответ',
      queueWait: 'Ожидание в очереди',
      firstToken: 'Ожидание первого слова',
      stall: 'Молчание модели посреди ответа',
      heartbeat: 'Знак жизни в потоке, не реже',
      upTo: (what: string) => `до ${what}`,
      signs: (count: number) => plural(count, 'знака', 'знаков', 'знаков'),
      tokens: (count: number) => plural(count, 'токена', 'токенов', 'токенов'),
    },
    plots: {
      title: 'Графики',
      table: 'Показать числа',
      time: 'Время',
      empty: (over: string) => `Данных ${over} нет: за это время никто ничего не спрашивал.`,
      emptyEver: 'Данных пока нет: графики появятся после первых вопросов.',
      caption: (title: string, over: string, rows: string) => `${title} ${over}, ${rows}`,
      requests: 'Вопросы',
      load: 'Нагрузка',
      response: 'Время до готового ответа',
      first: 'Время до первого слова',
      speed: 'Скорость письма',
      errors: 'Доля ошибок',
      all: 'закончилось ответов',
      failed: 'из них с ошибкой',
      queue: 'ждут, в среднем',
      running: 'пишутся, в среднем',
      p50: 'половина не дольше',
      p95: '95 из 100 не дольше',
      p99: '99 из 100 не дольше',
      tokens: 'токенов в секунду, медиана',
      share: 'ошибок среди ответов',
    },
    /** A plot in one sentence. `over` is «за сутки», `when` «между 10:00 и 10:15». */
    said: {
      none: (over: string) => `${upper(over)} ответов не было.`,
      requests: (over: string, total: number, failed: number, most: number, when: string) =>
        `${upper(over)} ${plural(total, 'вопрос', 'вопроса', 'вопросов')}${failed ? `, с ошибкой ${number(failed)}` : ''}` +
        (total > most ? `; больше всего, ${number(most)}, ${when}` : total > 1 ? `, все ${when}` : `, ${when}`) +
        '.',
      idle: (over: string) => `${upper(over)} сервер ничего не писал, очереди не было.`,
      load: (over: string, running: number, most: number, when: string) =>
        `${upper(over)} писалось в среднем ${amount(running, 'ответ', 'ответа', 'ответов')} сразу; больше всего, ${few(most)}, ${when}`,
      waiting: (over: string, most: number, when: string) =>
        `${upper(over)} сервер ничего не писал; очередь была длиннее всего, ${few(most)}, ${when}.`,
      noQueue: '; очереди не было.',
      queue: (most: number, when: string) => `; очередь была длиннее всего, ${few(most)}, ${when}.`,
      times: (over: string, p50: string, p95: string, most: string, when: string) =>
        `${upper(over)} половина ответов готова за ${p50}, 95 из 100 — за ${p95}; дольше всего, ${most}, ждали ${when}.`,
      noResponse: (over: string) => `${upper(over)} ни один ответ не был дописан.`,
      first: (over: string, p50: string, p95: string, most: string, when: string) =>
        `${upper(over)} первое слово обычно через ${p50}, 95 раз из 100 — не позже чем через ${p95}; дольше всего, ${most}, ждали ${when}.`,
      noFirst: (over: string) => `${upper(over)} ни один ответ не дошёл до первого слова.`,
      speed: (over: string, usual: number, least: number, when: string) =>
        `${upper(over)} обычная скорость — ${amount(usual, 'токен', 'токена', 'токенов')} в секунду; медленнее всего, ${few(least)}, было ${when}.`,
      noSpeed: (over: string) => `${upper(over)} скорость мерить не на чем: таких ответов не было.`,
      errors: (over: string, failed: number, total: number, share: number, most: number, when: string) =>
        `${upper(over)} с ошибкой ${number(failed)} из ${number(total)} (${percent(share)}); чаще всего, ${percent(most)}, ${when}.`,
      noErrors: (over: string, total: number) =>
        `${upper(over)} ошибок не было (${plural(total, 'ответ', 'ответа', 'ответов')}).`,
    },
    outcomes: {
      title: 'Чем кончались ответы',
      empty: (over: string) => `${upper(over)} не закончился ни один ответ.`,
      caption: (over: string) => `Исходы ответов ${over}`,
      outcome: 'Исход',
      count: 'Ответов',
      share: 'Доля',
    },
    statuses: {
      queued: 'ждёт в очереди',
      in_progress: 'пишется',
      completed: 'дописан',
      failed: 'не получился',
      incomplete: 'оборван',
      cancelled: 'остановлен тем, кто спросил',
    },
    reasons: {
      max_output_tokens: 'дошёл до разрешённой длины',
      timeout: 'время на ответ вышло',
      stalled: 'модель замолчала посреди ответа',
      engine_lost: 'движок пропал посреди ответа',
      queue_timeout: 'не дождался очереди',
      engine_failed: 'ошибка движка',
      engine_unreachable: 'движок не отвечает',
      engine_refused: 'движок отказал',
      engine_context: 'вопрос не поместился в модель',
      engine_filtered: 'движок не пропустил ответ',
      engine_not_ready: 'модель не успела загрузиться',
      engine_dead: 'модель не запускается',
      engine_only_thought: 'модель только размышляла',
      engine_empty: 'модель ничего не написала',
      engine_rubbish: 'движок ответил непонятно',
      search_unavailable: 'поиск не работает',
      index_unusable: 'указатель поиска испорчен',
      storage_unavailable: 'база данных недоступна',
      internal_error: 'внутренняя ошибка',
    },
    /** What an administrator can do, and the person who asked was not told. */
    advice: {
      engine_unreachable:
        'Проверьте, что сервер модели запущен и что его адрес в ADVAKOD_OPENAI_BASE_URL верен. О каждом адресе — в журнале.',
      engine_rubbish: 'Проверьте, что по адресу ADVAKOD_OPENAI_BASE_URL работает сервер, совместимый с OpenAI.',
      engine_not_ready: 'Модель загружалась дольше, чем вопрос может ждать очереди (ADVAKOD_QUEUE_TIMEOUT).',
      engine_dead: 'Причина — ниже, в разделе «Движок», подробности — в engine/llama.log в папке данных.',
      engine_only_thought:
        'Дайте модели больше времени (VISTRAL_INFERENCE_TIMEOUT) или токенов (VISTRAL_MAX_TOKENS), либо возьмите модель, которая не размышляет.',
      engine_context: 'Увеличьте контекст модели; для движка llama это VISTRAL_N_CTX.',
    },
    failures: {
      title: 'Последние ошибки',
      empty: 'Ошибок не было.',
      key: (name: string) => `ключ ${name}`,
      engine: (name: string) => `движок ${name}`,
      attempts: (count: number) => plural(count, 'попытка', 'попытки', 'попыток'),
      after: (seconds: string) => `через ${seconds} после вопроса`,
      all: (count: number) => `Показать все ${number(count)}`,
      fewer: 'Показать меньше',
    },
    engine: {
      title: 'Движок',
      about: 'Чем пишутся ответы',
      versions: 'Версии',
      unknown: 'не сказано',
      names: {
        name: 'Движок',
        model: 'Модель',
        context: 'Контекст',
        reading_speed: 'Скорость чтения',
        writing_speed: 'Скорость письма',
        continuation: 'Продолжение оборванного',
        fingerprint: 'Отпечаток',
        reachable: 'Отвечает',
        concurrency: 'Ответов сразу',
        uses_sources: 'Получает найденные нормы',
        tells_reading: 'Сообщает, сколько прочитал',
        file: 'Файл модели',
        parameters: 'Параметров',
        quantisation: 'Квантизация',
        slots: 'Мест для ответов',
        threads: 'Потоков процессора',
        warning: 'Предупреждение',
        template: 'Шаблон беседы',
        template_refused: 'Шаблон модели отказал',
        pid: 'Процесс',
        state: 'Процесс модели',
        restarts: 'Перезапусков',
        last_reason: 'Последний сбой',
        loaded_seconds: 'Загрузилась за',
        server: 'Чем запущена',
        base_url: 'Адрес',
        prefill: 'Способ продолжения',
        servers: 'Серверы',
        unknown: 'Не ответил',
      },
      /** The engine as a whole. */
      states: {
        ready: 'Готов отвечать.',
        loading: 'Модель загружается. Вопросы принимаются и ждут.',
        failed: 'Отвечать не может.',
        unreachable: 'Не отвечает.',
      },
      tokens: (count: number) => plural(count, 'токен', 'токена', 'токенов'),
      perSecond: (speed: number) => `${amount(speed, 'токен', 'токена', 'токенов')} в секунду`,
      unmeasured: 'ещё не измерена',
      never: 'не было',
      gone: 'нет',
      values: {
        'name:extractive': 'extractive: без модели, из найденных норм',
        'name:openai': 'openai: OpenAI-совместимый сервер',
        'name:scripted': 'scripted: заданный текст для проверок',
        'name:llama': 'llama: llama.cpp в дочернем процессе',
        'continuation:exact': 'ровно с того же места',
        'continuation:prefill': 'по уже написанному тексту',
        'continuation:none': 'не умеет',
        'state:stopped': 'остановлен',
        'state:loading': 'загружает модель',
        'state:ready': 'работает',
        'state:restarting': 'перезапускается после сбоя',
        'state:failed': 'не запускается; исправьте причину и перезапустите сервер',
        'template:own': 'модели',
        'template:folded': 'модели, без системного сообщения',
        'template:plain': 'простой: шаблон модели не работает',
        'prefill:unknown': 'не известен',
        true: 'да',
        false: 'нет',
      },
    },
    corpus: {
      title: 'Законы',
      empty: 'Официальных текстов нет. Загрузите их: advakod ingest ФАЙЛ.',
      act: 'Акт',
      edition: 'Редакция',
      articles: 'Статей',
      ingested: 'Загружена',
      source: 'Файл',
      undated: 'дата неизвестна',
      old: (days: number) => `старше ${plural(days, 'дня', 'дней', 'дней')}`,
      part: (part: number) => `часть ${number(part)}`,
      force: (from: string | null, to: string | null) =>
        [to ? 'действовала' : from && 'действует', from && `с ${day(from)}`, to && `по ${day(to)}`]
          .filter(Boolean)
          .join(' '),
      counted: (acts: number, editions: number, old: number) =>
        `${plural(acts, 'акт', 'акта', 'актов')}, ${plural(editions, 'редакция', 'редакции', 'редакций')}` +
        (old ? `, старых — ${number(old)}` : ''),
      guide: 'Пересказы',
      guideWhy: 'Статьи, которые пересказаны своими словами в путеводителе.',
      retold: (count: number, date: string) =>
        `${plural(count, 'статья', 'статьи', 'статей')} по редакции от ${day(date)}`,
    },
    settings: {
      title: 'Настройки',
      filter: 'Найти настройку',
      hint: 'Часть имени или значения',
      changed: 'Только изменённые',
      found: (shown: number, all: number) => `Показано ${number(shown)} из ${number(all)}`,
      nothing: 'Таких настроек нет.',
      caption: 'Действующие настройки и откуда взята каждая',
      name: 'Имя',
      value: 'Значение',
      source: 'Откуда',
      unset: 'не задано',
      empty: 'пусто',
      sources: {
        option: 'команда',
        environment: 'окружение',
        env_file: 'файл .env',
        default: 'по умолчанию',
      },
      seconds: (seconds: number) => `${number(seconds)} с`,
      times: 'Времена',
      timesWhy: 'Всё, кроме первых пяти, вычислено из времени на ответ D и знака жизни H.',
      timeNames: {
        budget: 'Время на один ответ (D)',
        heartbeat: 'Знак жизни (H)',
        queue_wait: 'Ожидание в очереди',
        first_token: 'Ожидание первого слова',
        stall: 'Молчание модели посреди ответа',
        engine_read: 'Чтение из движка',
        proxy_read: 'proxy_read_timeout в nginx',
        client_silence: 'Тишина, после которой клиент подключается заново',
        reader_gone: 'Читатель считается ушедшим',
        lease: 'Аренда ответа',
        renewal: 'Продление аренды',
        reaper: 'Поиск застрявших ответов',
        lease_horizon: 'Аренда дальше этого — чужие часы',
        liveness: 'Проверка, живы ли процессы',
        progress: 'Место в очереди и чтение, не чаще',
        proxy_keepalive: 'keepalive_timeout к серверу в nginx',
        server_keepalive: 'keep-alive сервера',
        shutdown: 'worker_shutdown_timeout в nginx',
      },
    },
    opinions: {
      title: 'Отзывы',
      empty: 'Отзывов пока нет.',
      emptyOf: 'Таких отзывов нет.',
      filter: 'Какие отзывы показать',
      any: (count: number) => `Все (${number(count)})`,
      up: (count: number) => `Помогли (${number(count)})`,
      down: (count: number) => `Не помогли (${number(count)})`,
      rating: { up: 'Помог', down: 'Не помог' },
      answer: 'Ответ',
      noAnswer: 'Текста нет.',
      more: 'Показать ещё',
      shown: (shown: number, all: number) => `Показано ${number(shown)} из ${number(all)}`,
    },
  },
} as const;
