/** Light, dark, or as the system has it; remembered by this browser. */

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'advakod.theme';

class ThemeState {
  current: Theme = $state(remembered());

  constructor() {
    this.#apply();
  }

  choose(theme: Theme): void {
    this.current = theme;
    this.#apply();
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // storage is closed to this page: the choice lasts until it is closed
    }
  }

  #apply(): void {
    document.documentElement.style.colorScheme = this.current === 'auto' ? '' : this.current;
  }
}

function remembered(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === kept) ?? 'auto';
  } catch {
    return 'auto';
  }
}

export const theme = new ThemeState();
