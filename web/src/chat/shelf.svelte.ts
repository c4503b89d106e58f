/** The reader's conversations. The list outlives the view, and is as new as the last word of this browser's tabs. */

import { tick } from 'svelte';
import { api, ApiError } from '../lib/api';
import { router } from '../lib/router.svelte';
import { tabs } from '../lib/tabs';
import type { ConversationFacts } from '../lib/types';
import { texts } from '../texts';
import { BRIEF, toasts } from '../ui/toasts.svelte';
import { Listing } from './shelf-listing.svelte';
import { renamed, without } from './shelf-page';

/** Milliseconds without a key pressed before it is searched. */
const TYPING = 250;
/** Milliseconds after which it is asked again whether answers are still being written: other devices write, too. */
const WRITING = 10_000;

const path = (id: string): string => `/api/v1/conversations/${encodeURIComponent(id)}`;

class Shelf {
  /** What is in the search box. */
  sought = $state('');
  /** The conversation whose name is being changed. */
  renaming: string | null = $state(null);
  #all: Listing = $state.raw(new Listing(''));
  #hits: Listing | null = $state.raw(null);
  #seeking: Listing | null = null;
  #owner: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing = false;
  #again = false;

  /** What is to be seen: the conversations found, or all. */
  readonly shown = $derived(this.#hits ?? this.#all);
  readonly searching = $derived(this.sought.trim() !== this.shown.query);

  /** Keep the list of `owner` new from now on. Returns how to stop. */
  watch(owner: string): () => void {
    if (owner !== this.#owner) this.#forget();
    this.#owner = owner;
    const left = new AbortController();
    const refresh = (): void => void this.refresh();
    addEventListener('visibilitychange', refresh, { signal: left.signal });
    addEventListener('online', refresh, { signal: left.signal });
    const unlisten = tabs.listen(refresh);
    const writing = setInterval(() => this.shown.page?.data.some(({ running }) => running) && refresh(), WRITING);
    refresh();
    return () => {
      left.abort();
      unlisten();
      clearInterval(writing);
    };
  }

  /** Of what happens while the answer is on its way, one more look is enough. */
  async refresh(): Promise<void> {
    if (document.visibilityState === 'hidden') return; // it is looked at when it is seen
    this.#again = this.#refreshing;
    if (this.#refreshing) return;
    this.#refreshing = true;
    await Promise.all([this.#all.refresh(), this.#hits?.refresh()]);
    this.#refreshing = false;
    if (this.#again) await this.refresh();
  }

  seek(words: string): void {
    this.sought = words;
    clearTimeout(this.#timer);
    this.#seeking?.stop();
    if (words.trim()) this.#timer = setTimeout(() => void this.#find(words.trim()), TYPING);
    else this.#hits = null;
  }

  /** Raises ApiError. */
  async rename(id: string, title: string): Promise<void> {
    await api.patch(path(id), { title });
    for (const list of this.#lists()) list.page = renamed(list.page, id, title);
    tabs.tell({ conversation: id });
  }

  async remove({ id, title }: ConversationFacts): Promise<void> {
    try {
      await api.delete(path(id));
    } catch (error) {
      this.#complain(error);
      return;
    }
    const open = isOpen(id);
    if (open) router.go('/chat');
    await tick(); // the view has left it before anybody looks for it
    for (const list of this.#lists()) list.page = without(list.page, id);
    const restore = { label: texts.shelf.restore, run: () => void this.#restore(id, open) };
    toasts.show(texts.shelf.removed(title || texts.shelf.untitled), restore);
    tabs.tell({ conversation: id });
  }

  async #restore(id: string, open: boolean): Promise<void> {
    try {
      await api.post(path(id) + '/restore');
    } catch (error) {
      this.#complain(error);
      return;
    }
    toasts.show(texts.shelf.restored, null, BRIEF);
    tabs.tell({ conversation: id });
    if (open && isOpen(null)) router.go(`/chat/${id}`);
  }

  /** What was found before stays to be seen until this is there. */
  async #find(words: string): Promise<void> {
    const found = new Listing(words);
    this.#seeking = found;
    await found.refresh();
    if (this.#seeking === found && words === this.sought.trim()) this.#hits = found;
  }

  #complain(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    toasts.show(error.message);
    void this.refresh();
  }

  #lists(): Listing[] {
    return this.#hits ? [this.#all, this.#hits] : [this.#all];
  }

  #forget(): void {
    this.seek('');
    this.#all.stop();
    this.#all = new Listing('');
  }
}

function isOpen(id: string | null): boolean {
  const { current } = router;
  return current.view === 'chat' && current.conversation === id;
}

export const shelf = new Shelf();
