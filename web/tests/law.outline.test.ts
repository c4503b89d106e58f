import { describe, expect, it } from 'vitest';
import { countNotes, outline, type Part } from '../src/law/outline';

function part(level: number, label: string, given: Partial<Part> = {}): Part {
  return { address: `${level}${label}`, kind: 'p', label, text: 'текст', level, notes: [], repealed: false, ...given };
}

describe('the lines of an article', () => {
  it('go as deep as the numbers they stand in', () => {
    const lines = outline([
      part(0, '', { text: '' }),
      part(1, ''), // часть первая, which has no number of its own
      part(2, '6)'),
      part(3, 'а)'),
      part(4, ''),
      part(2, '7)'),
      part(1, ''),
    ]);
    expect(lines.map(({ label, depth }) => [label, depth])).toEqual([
      ['', 0],
      ['6)', 0],
      ['а)', 1],
      ['', 2],
      ['7)', 0],
      ['', 0],
    ]);
  });

  it('leave out what only holds others, and keep what was repealed', () => {
    const lines = outline([
      part(0, '', { text: '' }),
      part(1, '4.', { text: '', repealed: true, notes: ['Утратил силу.'] }),
      part(1, '', { text: '', notes: ['(в ред. …)'] }),
    ]);
    expect(lines.map(({ notes }) => notes[0])).toEqual(['Утратил силу.', '(в ред. …)']);
  });

  it('count the marks one may ask for', () => {
    const lines = outline([
      part(1, '1.', { notes: ['(в ред. …)', '(п. 1 …)'] }),
      part(1, '2.', { notes: ['Утратил силу.'], repealed: true }),
      part(1, '3.'),
    ]);
    expect(countNotes(lines)).toBe(1);
  });
});
