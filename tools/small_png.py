"""Pictures of pages as PNG with a palette: a third of the bytes, and the eye sees no difference.

The browser that drew a picture also counts its colours: it has a decoder, and the standard library has none.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TypedDict

from playwright.sync_api import Page

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUE_COLOUR, PALETTE = 2, 3  # PNG, section 11.2.1

# The 256 colours that are met most often stay what they are; every other becomes the nearest of them.
COUNT = """async (picture) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const {width, height} = bitmap;
    const canvas = new OffscreenCanvas(width, height).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
    const met = new Map();
    for (const pixel of pixels) met.set(pixel, (met.get(pixel) ?? 0) + 1);
    const kept = [...met].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([pixel]) => pixel);
    const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
    const palette = kept.map(parts);
    const nearest = (pixel) => {
        const [red, green, blue] = parts(pixel);
        const far = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
        return far.indexOf(Math.min(...far));
    };
    const places = new Map([...met.keys()].map((pixel) => [pixel, nearest(pixel)]));
    const indices = Uint8Array.from(pixels, (pixel) => places.get(pixel));
    const text = Array.from(indices, (index) => String.fromCharCode(index)).join('');
    return {width, height, palette: palette.flat(), indices: btoa(text)};
}"""


class Counted(TypedDict):
    width: int
    height: int
    palette: list[int]
    indices: str


def shrink(blank: Page, picture: bytes) -> bytes:
    """The same picture with at most 256 colours. `blank` is a page without a policy of its own: `about:blank`."""
    counted: Counted = blank.evaluate(COUNT, base64.b64encode(picture).decode())
    width = counted["width"]
    rows = _rows(base64.b64decode(counted["indices"]), width)
    return _png((width, counted["height"]), PALETTE, _chunk(b"PLTE", bytes(counted["palette"])), rows)


def true_colour(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG of red, green and blue, a byte each."""
    return _png((width, height), TRUE_COLOUR, b"", _rows(pixels, width * 3))


def _rows(pixels: bytes, length: int) -> bytes:
    """Each row behind its filter's number: none, which suits drawn text best."""
    return b"".join(b"\0" + pixels[at : at + length] for at in range(0, len(pixels), length))


def _png(size: tuple[int, int], colours: int, palette: bytes, rows: bytes) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, colours, 0, 0, 0))
    return SIGNATURE + head + palette + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
