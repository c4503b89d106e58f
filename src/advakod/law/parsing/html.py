"""The official publication's HTML (pravo.gov.ru), from a parsed tree to paragraphs.

`p.H`, `p.T`, `p.C` are headings, `span.mark` an amendment note, `span.W9` a superscript:
«Статья 312<span class="W9">1</span>» is article 312.1. An older layout is one hard-wrapped `<pre>`.
"""

from __future__ import annotations

import re
from typing import Any

from .paragraphs import Paragraph, clean, from_lines, is_note
from .text import lines_of

_HEADINGS = frozenset({"H", "T", "C"})
_NOTES = frozenset({"mark", "markx"})
_SUPERSCRIPT = str.maketrans("0123456789-lI", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻¹¹")
_SKIPPED = frozenset({"script", "style", "head", "title", "noscript", "template"})
_BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "table", "tr", "td", "th", "tbody", "thead", "blockquote", "center"})
_BLOCKS |= {"section", "article", "header", "footer", "dl", "dt", "dd", "form", "main"}
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6"}
_UNIT_BEFORE = re.compile(r"(?:^|[^\w])(?:м|см|км|мм|дм)$")


def paragraphs_of(tree: Any) -> list[Paragraph]:
    """Paragraphs of an `lxml.html` tree in reading order."""
    body = tree.find("body")
    body = tree if body is None else body
    pre = max(body.iter("pre"), key=lambda e: len(e.text_content()), default=None)
    if pre is not None and len(pre.text_content()) * 2 > len(body.text_content()):
        return from_lines(lines_of(pre.text_content()))
    found: list[Paragraph] = []
    _collect(body, found, marked=any(p.get("class") in _HEADINGS for p in body.iter("p")))
    return found


def _collect(block: Any, found: list[Paragraph], *, marked: bool) -> None:
    """Every innermost block is a paragraph; loose text between blocks is one too."""
    collector = _Collector()
    collector.add(block.text)
    for child in block:
        if child.tag in _SKIPPED or not isinstance(child.tag, str):
            collector.add(child.tail)
        elif child.tag in _BLOCKS:
            _flush(collector, block, found, marked=marked)
            _collect(child, found, marked=marked)
            collector = _Collector()
            collector.add(child.tail)
        else:
            collector.walk(child)
    _flush(collector, block, found, marked=marked)


def _flush(collector: _Collector, block: Any, found: list[Paragraph], *, marked: bool) -> None:
    text, notes = clean("".join(collector.text)), [n for n in map(clean, collector.notes) if n]
    if text and is_note(text):
        text, notes = "", [*notes, text]
    if text or notes:
        heading = block.get("class") in _HEADINGS or block.tag in {"h1", "h2", "h3", "h4", "h5", "h6"}
        found.append(Paragraph(text, tuple(notes), heading, marked))


class _Collector:
    """Text of a paragraph, with superscripts marked and notes apart."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.notes: list[str] = []

    def add(self, text: str | None) -> None:
        if text:
            self.text.append(text)

    def walk(self, element: Any) -> None:
        kind = element.get("class") if isinstance(element.tag, str) else None
        if element.tag == "br":
            self.text.append(" ")
        elif element.tag in _SKIPPED or not isinstance(element.tag, str):
            pass
        elif kind in _NOTES:
            self._note(element.text_content())
        elif kind == "W9" or element.tag == "sup":
            self._superscript(element.text_content())
        else:
            self.add(element.text)
            for child in element:
                self.walk(child)
        self.add(element.tail)

    def _note(self, note: str) -> None:
        """One note may be cut into several spans: «(У», «тратил силу - …)»."""
        if self.notes and self.notes[-1].count("(") > self.notes[-1].count(")"):
            self.notes[-1] += note
        else:
            self.notes.append(note)

    def _superscript(self, text: str) -> None:
        number = text.strip()
        before = "".join(self.text[-2:])
        if not number or not re.fullmatch(r"[\dlI]+(?:-\d+)?", number):
            self.text.append(text)
            return
        number = number.replace("l", "1").replace("I", "1")
        # «м²» is a measure; after anything else a superscript digit numbers something: 312¹, V¹, первой¹, «а¹».
        raised = number.translate(_SUPERSCRIPT) if _UNIT_BEFORE.search(before) else f".{number}"
        self.text.append((raised if before[-1:].isalnum() else number) + (" " if text[-1:].isspace() else ""))
