"""PDF with a text layer, by pdfium. Indents and gaps on the page become spaces and empty lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from threading import Lock
from typing import Any

import pypdfium2 as pdfium

from ..law.parsing.paragraphs import Paragraph, from_lines
from ..law.parsing.text import lines_of
from .errors import BrokenFileError, FileTooLargeError, NoTextLayerError
from .readability import check

_FEWEST = 40  # characters on an average page; a scan has none, or a stamp
_POINTS_PER_SPACE = 12.0  # lines of one margin differ by up to 9 points; a paragraph's indent is 20 and more
_GAP = 1.4  # of the usual line distance; more is an empty line
_EDGE = 3  # lines at the top and the bottom of a page, where running titles stand
_HYPHEN = "\ufffe"  # pdfium's mark for a hyphen at a line's end, in place of the line end too
_LINES = re.compile(f"([^\r\n{_HYPHEN}]*)(\r\n|[\r\n{_HYPHEN}]|$)")
_MOST_PAGES = 5_000  # the longest code has some 1,500
_PDFIUM = Lock()  # pdfium keeps global state and must not run in two threads


@dataclass(slots=True)
class _Line:
    text: str
    x: float
    y: float


def read(data: bytes) -> list[Paragraph]:
    """Paragraphs of all pages; running titles and page numbers left out."""
    pages = _pages(data)
    if sum(len(line.text) for page in pages for line in page) < _FEWEST * max(1, len(pages)):
        raise NoTextLayerError
    text = _text(pages)
    check(text)
    return from_lines(lines_of(text, wrapped=True))


def _pages(data: bytes) -> list[list[_Line]]:
    with _PDFIUM:
        try:
            with pdfium.PdfDocument(data) as document:
                if len(document) > _MOST_PAGES:
                    raise FileTooLargeError(message=f"В PDF больше {_MOST_PAGES} страниц. Сохраните один акт отдельно.")
                return [_lines(page) for page in document]
        except pdfium.PdfiumError as error:
            raise BrokenFileError(str(error), format="PDF") from error


def _lines(page: Any) -> list[_Line]:
    """Lines in the order of the text layer, each with the place of its first character."""
    layer = page.get_textpage()
    found, position = [], 0
    for line, end in _LINES.findall(layer.get_text_range()):
        start = position + len(line) - len(line.lstrip())
        if line.strip():
            left, bottom, _, _ = layer.get_charbox(start)
            found.append(_Line(line.strip() + "-" * (end == _HYPHEN), left, bottom))
        position += len(line) + len(end)
    layer.close()
    page.close()
    return found


def _text(pages: list[list[_Line]]) -> str:
    running = _running_titles(pages)
    lines = [[line for line in page if _shape(line.text) not in running] for page in pages]
    left = Counter(round(line.x) for page in lines for line in page).most_common(8)
    margin = min((x for x, _ in left), default=0)
    distance = median([a.y - b.y for page in lines for a, b in pairwise(page) if a.y > b.y] or [0.0])
    written: list[str] = []
    for page in lines:
        for before, line in zip([None, *page], page, strict=False):
            if before is not None and distance and before.y - line.y > _GAP * distance:
                written.append("")
            written.append(" " * max(0, int((line.x - margin) / _POINTS_PER_SPACE)) + line.text)
    return "\n".join(written)


def _running_titles(pages: list[list[_Line]]) -> set[str]:
    """Lines that stand at the edge of most pages, whatever their digits."""
    edges = Counter(shape for page in pages for shape in {_shape(x.text) for x in (*page[:_EDGE], *page[-_EDGE:])})
    return {shape for shape, pages_with in edges.items() if len(pages) > _EDGE and pages_with * 2 > len(pages)}


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", text)
