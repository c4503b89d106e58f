/** Whether the page is on its way to paper: what only paper needs is made then. */

import { flushSync } from 'svelte';

class Printing {
  now = $state(false);

  constructor() {
    addEventListener('beforeprint', () => flushSync(() => (this.now = true)));
    addEventListener('afterprint', () => (this.now = false));
  }
}

export const printing = new Printing();
