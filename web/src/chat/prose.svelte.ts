/** What draws answers is as large as all the rest of a conversation, and is not needed before the first words come. */

class Prose {
  /** null: not here yet. */
  Text: typeof import('./AnswerText.svelte').default | null = $state.raw(null);

  /** Never rejects: without it the words are shown as they stand. */
  load = async (): Promise<void> => {
    try {
      this.Text ??= (await import('./AnswerText.svelte')).default;
    } catch {
      // no connection: asked for again when there is one
    }
  };
}

export const prose = new Prose();
