/** Passing words about what was done, some with a way to take it back. */

export interface Toast {
  message: string;
  action: { label: string; run: () => void } | null;
  /** Milliseconds that it stays. */
  life: number;
}

/** To notice it, read it and reach its button. */
const LONG = 25_000;
/** To be noticed; what it says is to be seen elsewhere, too. */
export const BRIEF = 6_000;

/** More at once nobody reads; the oldest goes. */
const MOST = 3;

class Toasts {
  list: readonly Toast[] = $state.raw([]);

  show(message: string, action: Toast['action'] = null, life = LONG): void {
    this.list = [...this.list, { message, action, life }].slice(-MOST);
  }

  dismiss(toast: Toast): void {
    this.list = this.list.filter((other) => other !== toast);
  }
}

export const toasts = new Toasts();
