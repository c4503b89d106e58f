/** Going from page to page of the law by the keyboard, or listening. */

const began = location.pathname;
let moved = false;

/** The heading of what a link has led to, when the link is gone and the focus with it: there one goes on. What is opened
 * first begins at its beginning. */
export function arrive(heading: HTMLElement): void {
  moved ||= location.pathname !== began;
  if (moved && document.activeElement === document.body) heading.focus({ preventScroll: true });
}
