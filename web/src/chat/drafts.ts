/** What this tab must not forget over a reload: what is being typed, by conversation, and which questions on their way
 * are its own. Another's key opens none of it. */

export class Drafts {
  readonly #firsts: string;
  readonly #draft: string;

  constructor(owner: string) {
    this.#firsts = `advakod.firsts.${owner}`;
    this.#draft = `advakod.draft.${owner}.`;
  }

  load(conversation: string | null): string {
    return load(this.#draft + (conversation ?? ''));
  }

  keep(conversation: string | null, text: string): void {
    save(this.#draft + (conversation ?? ''), text);
  }

  /** Keys of the questions that a conversation is to begin with. */
  firsts(): string[] {
    return load(this.#firsts).split(' ').filter(Boolean);
  }

  keepFirsts(keys: readonly string[]): void {
    save(this.#firsts, keys.join(' '));
  }
}

function load(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? '';
  } catch {
    return ''; // no storage in this browser: the text lives as long as the page
  }
}

function save(key: string, value: string): void {
  try {
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch {
    // full or forbidden: as above
  }
}
