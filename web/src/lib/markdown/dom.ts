/** HTML → DOM. Needs no HTML sink of ours: the sanitiser hands over nodes (its own policy is `dompurify`). */

import DOMPurify, { type Config } from 'dompurify';
import { texts } from '../../texts';

const PLAIN = ['start', 'aria-label', 'title', 'data-verdict', 'data-cite', 'data-tied'];

// One object for all calls: the sanitiser reads it once.
const CONFIG: Config & { RETURN_DOM_FRAGMENT: true } = {
  ALLOWED_TAGS:
    'p span h3 h4 ul ol li blockquote pre code em strong del br hr div table thead tbody tr th td a button #text'.split(
      ' ',
    ),
  ALLOWED_ATTR: ['href', ...PLAIN],
  ADD_URI_SAFE_ATTR: PLAIN,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|\/law\/)/i,
  RETURN_DOM_FRAGMENT: true,
};

/** The elements that our HTML describes, without anything that it should not; of a table its rows. */
export function elements(html: string, of = ''): Element[] {
  const fragment = DOMPurify.sanitize(of === 'table' ? `<table>${html}</table>` : html, CONFIG);
  for (const link of fragment.querySelectorAll('a')) {
    if (link.getAttribute('href')?.startsWith('/')) continue;
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
  }
  for (const button of fragment.querySelectorAll('button')) {
    button.type = 'button';
    button.className = 'cite';
  }
  for (const box of fragment.querySelectorAll('div')) scrolling(box);
  return [...(of === 'table' ? fragment.querySelectorAll('tr') : fragment.children)];
}

function scrolling(box: HTMLElement): HTMLElement {
  box.className = 'table';
  box.tabIndex = 0; // also from the keyboard
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', texts.verdicts.table);
  return box;
}

/** What a block's parts are put into. */
export function container(tag: string): HTMLElement {
  const element = document.createElement(tag);
  if (tag !== 'table') return element;
  const box = scrolling(document.createElement('div'));
  box.append(element);
  return box;
}

/** The parts that are in it; what is added to it comes to be among them. */
export function places(box: Element): HTMLCollection {
  const table = tableIn(box);
  return table ? table.rows : box.children;
}

export function append(box: Element, part: Element): void {
  const table = tableIn(box);
  if (!table) box.append(part);
  else if (!table.tHead) table.createTHead().append(part);
  else (table.tBodies[0] ?? table.createTBody()).append(part);
}

/** Of a block that is one; a list's items may hold others. */
function tableIn(box: Element): HTMLTableElement | null {
  return box.localName === 'div' ? box.querySelector('table') : null;
}

/** Make `old` what `fresh` is, keeping the nodes that need not change: a selection or the focus may be in them. */
export function morph(old: Node, fresh: Node): Node {
  if (old.isEqualNode(fresh)) return old;
  if (old.nodeName !== fresh.nodeName) {
    old.parentNode?.replaceChild(fresh, old);
    return fresh;
  }
  if (old instanceof Element && fresh instanceof Element) morphAttributes(old, fresh);
  else old.nodeValue = fresh.nodeValue;
  const coming = [...fresh.childNodes];
  for (const [index, child] of coming.entries()) {
    const there = old.childNodes[index];
    if (there) morph(there, child);
    else old.appendChild(child);
  }
  while (old.childNodes.length > coming.length) old.lastChild?.remove();
  return old;
}

function morphAttributes(old: Element, fresh: Element): void {
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}
