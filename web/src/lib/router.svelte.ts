/** The address bar and the view it stands for. Links are plain `<a href>`; a click on one of ours stays in the page. */

export type Route =
  | { view: 'chat'; conversation: string | null }
  | { view: 'law'; act: string | null; place: string | null; on: string | null }
  | { view: 'admin' }
  | { view: 'nowhere' };

/** The view of an address. */
export function parseRoute(url: URL): Route {
  const [room, first, ...rest] = url.pathname.split('/').filter(Boolean).map(decode);
  const place = rest.join('/');
  if (room === undefined || (room === 'chat' && !place)) return { view: 'chat', conversation: first ?? null };
  if (room === 'law')
    return { view: 'law', act: first ?? null, place: place || null, on: url.searchParams.get('on') || null };
  if (room === 'admin' && first === undefined) return { view: 'admin' };
  return { view: 'nowhere' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

class Router {
  current: Route = $state.raw(parseRoute(new URL(location.href)));
  /** With the query and the fragment, for views that keep more of their state in the address. */
  url: URL = $state.raw(new URL(location.href));

  constructor() {
    addEventListener('popstate', () => this.#read());
    addEventListener('click', (event) => this.#click(event));
  }

  /** Go to an address of ours; `replace` leaves no step to go back to. */
  go(path: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    this.#read();
  }

  #read(): void {
    this.url = new URL(location.href);
    this.current = parseRoute(this.url);
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    const url = new URL(link.href);
    if (url.pathname === location.pathname && url.hash) return; // a place on this very page
    if (parseRoute(url).view === 'nowhere') return; // the server's own pages: /docs
    event.preventDefault();
    this.go(url.pathname + url.search + url.hash);
    if (!url.hash) scrollTo(0, 0);
  }
}

export const router = new Router();
