import { describe, expect, test } from 'vitest';
import { LARGEST_EVENT, OversizedEvent, PING, SseParser, type Frame } from '../../src/lib/sse';

function feed(...chunks: Uint8Array[]): Frame[] {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.feed(chunk));
}

const bytes = (text: string) => new TextEncoder().encode(text);

const STREAM = [
  '\uFEFFid: 0\nevent: a\ndata: {"text":"Статья 18 — §\u{1F4A1}"}\n\n',
  ': ping\n', // one newline: the next event's block begins with it
  'id: 1\r\nevent: b\r\ndata: 1\r\ndata:2\r\n\r\n',
  ': ping\n: ping\n',
  'data: none before\rid\rretry: 7\rdata\r\r',
  'event: forgotten\n\n\n',
  'unknown: x\ndata:  two spaces\n\n',
  'data: never ended',
].join('');

const FRAMES: Frame[] = [
  { id: '0', event: 'a', data: '{"text":"Статья 18 — §\u{1F4A1}"}' },
  PING,
  { id: '1', event: 'b', data: '1\n2' },
  PING,
  PING,
  { id: '', event: '', data: 'none before\n' },
  { id: '', event: '', data: ' two spaces' },
];

describe('SseParser', () => {
  test('reads events, comments, every line end, several lines of data', () => {
    expect(feed(bytes(STREAM))).toEqual(FRAMES);
  });

  test('gives the same wherever the bytes are cut', () => {
    const all = bytes(STREAM);
    for (let at = 0; at <= all.length; at++) expect(feed(all.slice(0, at), all.slice(at))).toEqual(FRAMES);
    expect(feed(...Array.from(all, (byte) => Uint8Array.of(byte)))).toEqual(FRAMES);
  });

  test('an event is there with the last byte of its empty line', () => {
    const parser = new SseParser();
    expect(parser.feed(bytes('data: x\n'))).toEqual([]);
    expect(parser.feed(bytes('\n'))).toHaveLength(1);
    expect(parser.feed(bytes('data: y\r\n'))).toEqual([]);
    expect(parser.feed(bytes('\r'))).toHaveLength(1);
    expect(parser.feed(bytes('\n'))).toEqual([]);
  });

  test('a broken character does not stop the reading', () => {
    const frames = feed(Uint8Array.of(...bytes('data: '), 0xff, ...bytes('\n\n')));
    expect(frames).toEqual([{ id: '', event: '', data: '\uFFFD' }]);
  });

  test('an event that never ends is refused, in one line or in many', () => {
    const piece = bytes('x'.repeat(1024 * 1024));
    const parser = new SseParser();
    const endless = () => {
      for (let size = 0; size <= LARGEST_EVENT; size += piece.length) parser.feed(piece);
    };
    parser.feed(bytes('data: '));
    expect(endless).toThrow(OversizedEvent);

    const lines = new SseParser();
    const line = bytes(`data: ${'y'.repeat(1024 * 1024)}\n`);
    expect(() => Array.from({ length: 9 }, () => lines.feed(line))).toThrow(OversizedEvent);
  });
});
