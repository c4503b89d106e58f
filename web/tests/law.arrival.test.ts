// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { arrive } from '../src/law/arrival';

describe('the focus in the law', () => {
  const [link, heading] = [document.createElement('a'), document.createElement('h1')];
  link.href = '/law/gk';
  heading.tabIndex = -1;
  beforeEach(() => document.body.replaceChildren(link, heading));

  it('stays where it is on the page that is opened first', () => {
    arrive(heading);
    expect(document.activeElement).toBe(document.body);
  });

  it('goes to the heading where the link is gone, and is taken from nothing else', () => {
    history.pushState(null, '', '/law/gk');
    link.focus();
    arrive(heading);
    expect(document.activeElement).toBe(link);
    link.remove();
    arrive(heading);
    expect(document.activeElement).toBe(heading);
  });

  it('does so on the way back to where one began, too', () => {
    history.pushState(null, '', '/');
    arrive(heading);
    expect(document.activeElement).toBe(heading);
  });
});
