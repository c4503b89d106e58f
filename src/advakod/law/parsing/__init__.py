"""A document's paragraphs into an act's edition. Pure: no files, no database.

`html`, `text` and `paragraphs` know the layouts, `header` recognises act and edition, `structure`
builds the provisions.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

from ..model import ActIdentity, Kind, ParsedDocument
from . import header, structure
from .labels import Level, label_of, part_of_code
from .paragraphs import Paragraph


class NotAnActError(ValueError):
    """The text has neither articles nor numbered points."""


class UnknownActError(ValueError):
    """The text does not say which act it is."""


@dataclasses.dataclass(frozen=True, slots=True)
class Parsed:
    """A document and the dates of all changes that its header lists."""

    document: ParsedDocument
    changes: tuple[dt.date, ...]


def parse(
    paragraphs: Sequence[Paragraph],
    name: Callable[[ActIdentity | None], ActIdentity | None] = lambda found: found,
    edition_date: dt.date | None = None,
    *,
    undivided: bool = False,
) -> Parsed:
    """An edition from its paragraphs.

    `name` decides which act it is, given what the text says of itself; `edition_date` stands above the text's.
    `undivided`: a text without articles and points will do, since a person says that it is an act; all
    of it becomes the preamble.
    """
    first = first_unit(paragraphs)
    if first is None:
        if not undivided:
            raise NotAnActError
        first = header.foot_start(paragraphs, 0)
    cut = header.frame(paragraphs, first)
    recognised = header.recognise(cut)
    act = name(recognised.act)
    if act is None:
        raise UnknownActError
    preamble = cut.preamble or (() if cut.body else cut.front)
    provisions = tuple(structure.build(preamble, cut.body))
    document = ParsedDocument(act, edition_date or recognised.edition_date, provisions)
    return Parsed(dataclasses.replace(document, warnings=_warnings(document)), recognised.changes)


def first_unit(paragraphs: Sequence[Paragraph]) -> int | None:
    """Where the law's own divisions begin. A text with articles begins with the first heading, else with a point."""
    headings = [(i, h) for i, p in enumerate(paragraphs) if (h := structure.is_heading(p))]
    if any(h.kind is Kind.ARTICLE for _, h in headings):
        return _with_part(paragraphs, headings[0][0])
    points = [i for i, p in enumerate(paragraphs) if (label := label_of(p.text)) and label.level is Level.NUMBER]
    if len(points) < 2:
        return None
    return min(points[0], headings[0][0]) if headings else points[0]


def _with_part(paragraphs: Sequence[Paragraph], first: int) -> int:
    """«ОБЩАЯ ЧАСТЬ» right above the first section belongs to the body; «ЧАСТЬ ПЕРВАЯ» of a title does not."""
    above = first - 1
    while above >= 0 and not paragraphs[above].text:
        if paragraphs[above].notes:
            return first if above == first - 1 else above + 1
        above -= 1
    return above if above >= 0 and part_of_code(paragraphs[above].text) else first


def _warnings(document: ParsedDocument) -> tuple[str, ...]:
    found = []
    if document.edition_date is None:
        found.append("Дата редакции в тексте не указана. Задайте её параметром --edition-date ГГГГ-ММ-ДД.")
    twice = [p.address for p in document.articles if "~" in p.address]
    if twice:
        numbers = ", ".join(dict.fromkeys(p.number for p in document.articles if "~" in p.address))
        found.append(f"Статьи напечатаны в файле дважды: {numbers}.")
    return tuple(found)
