/** What this tab must not forget over a reload: what is being typed, by conversation, and which questions on their way
 * are its own. */

const FIRSTS = 'advakod.firsts';
const name = (conversation: string | null): string => `advakod.draft.${conversation ?? ''}`;

export const drafts = {
  load: (conversation: string | null): string => load(name(conversation)),
  keep: (conversation: string | null, text: string): void => save(name(conversation), text),
  /** Keys of the questions that a conversation is to begin with. */
  firsts: (): string[] => load(FIRSTS).split(' ').filter(Boolean),
  keepFirsts: (keys: readonly string[]): void => save(FIRSTS, keys.join(' ')),
};

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
