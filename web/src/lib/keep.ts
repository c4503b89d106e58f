/** What outlives a reload: texts in localStorage. Where that is forbidden, full or broken, nothing fails: see `save`. */

export interface Keep {
  /** Every entry whose name begins so. */
  load(prefix: string): Map<string, string>;
  /** False: it is not kept, and lives only as long as the page. */
  save(name: string, value: string): boolean;
  erase(name: string): void;
  /** Changes that other tabs make; a value of null: erased. Returns how to stop. */
  watch(hear: (name: string, value: string | null) => void): () => void;
}

export const keep: Keep = {
  load: (prefix) => {
    const found = new Map<string, string>();
    attempt(() => {
      for (const name of Object.keys(localStorage)) {
        const value = name.startsWith(prefix) ? localStorage.getItem(name) : null;
        if (value !== null) found.set(name, value);
      }
    });
    return found;
  },
  save: (name, value) => attempt(() => localStorage.setItem(name, value)),
  erase: (name) => void attempt(() => localStorage.removeItem(name)),
  watch: (hear) => {
    const heard = ({ key, newValue }: StorageEvent) => {
      if (key !== null) hear(key, newValue);
    };
    addEventListener('storage', heard);
    return () => removeEventListener('storage', heard);
  },
};

/** A browser may refuse even to name localStorage. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
