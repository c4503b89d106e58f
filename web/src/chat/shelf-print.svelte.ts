/** Prints a conversation whole: what was never scrolled to as well. */

import { tick } from 'svelte';
import { ApiError } from '../lib/api';
import { router } from '../lib/router.svelte';
import { runs } from '../lib/runs';
import { texts } from '../texts';
import { sheet } from '../ui/sheet.svelte';
import { talk } from './talk.svelte';

/** Milliseconds to have a conversation and all its answers. */
const PATIENCE = 20_000;

/** Raises ApiError when its parts did not come in time. */
export async function printConversation(id: string): Promise<void> {
  sheet.open = false;
  if (talk.id !== id) router.go(`/chat/${id}`);
  await until(() => talk.id === id && (talk.tree ?? talk.failure) !== null);
  if (talk.failure) throw talk.failure;
  const all = talk.turns.flatMap(({ run }) => run ?? []);
  const releases = all.map((run) => runs.hold(run));
  try {
    await until(() => all.map((run) => runs.get(run)).every(({ view, failure }) => view !== null || failure !== null));
    await tick();
    await document.fonts.ready;
    print();
  } finally {
    for (const release of releases) release();
  }
}

/** Resolves when something reactive has become true. */
async function until(isTrue: () => boolean): Promise<void> {
  let stop = (): void => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new ApiError(0, 'timeout', texts.shelf.printFailed)), PATIENCE);
      stop = $effect.root(() => {
        $effect(() => {
          if (isTrue()) resolve();
        });
      });
    });
  } finally {
    clearTimeout(timer);
    stop();
  }
}
