"""Paragraphs into provisions: containers and articles here, what articles are made of in `content`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..model import Kind, Provision
from ..numbers import segment
from .content import Content
from .drafts import CONTAINERS, REPEALED, Drafts
from .labels import Heading, Label, Level, heading_of, label_of, looks_like_title, part_of_code
from .paragraphs import Paragraph

_PARTS = re.compile(r"част(?:ь|и|ью|ям|ями|ях|ей)\s+\S+(?:\s+и\s+\S+)?\s+настоящей\s+статьи", re.IGNORECASE)
_POINTS = re.compile(r"пункт\w*\s+\S+(?:\s+и\s+\S+)?\s+настоящей\s+статьи", re.IGNORECASE)
_GONE = re.compile(r"\d+\.\s*\(Стать[яи] [^()]*\)")  # what is left of a repealed part of a §: «5. (Статья 95)»
_PART_OF_ACT = 0  # rank of «ЧАСТЬ ПЕРВАЯ», «ОБЩАЯ ЧАСТЬ» above sections
_SUBPARAGRAPH = 5  # rank of «1. Заявка на выдачу патента» below a §
_NEAR = 2  # paragraphs; how soon its first point follows a bare title

Head = Heading | Paragraph  # a paragraph is a heading without a heading's word


def build(preamble: Sequence[Paragraph], body: Sequence[Paragraph]) -> list[Provision]:
    """Every paragraph's words end up in exactly one provision; notes go to the provision they stand at."""
    builder = _Builder(points=counts_points(body))
    builder.preamble(preamble)
    if body:
        builder.body(body)
    return builder.drafts.finished()


def counts_points(paragraphs: Iterable[Paragraph]) -> bool:
    """Whether the act calls «1.» a пункт (ГК, НК, СК) rather than a часть (ТК, ЖК, УК): as it speaks of itself."""
    text = "\n".join(p.text for p in paragraphs)
    return len(_POINTS.findall(text)) >= len(_PARTS.findall(text))


def is_heading(paragraph: Paragraph) -> Heading | None:
    """The heading that a paragraph is. Where the source marks headings, nothing unmarked is one."""
    return None if paragraph.marked and not paragraph.heading else heading_of(paragraph.text)


class _Builder:
    def __init__(self, *, points: bool) -> None:
        self.drafts = Drafts()
        self._points = points
        self._containers: list[tuple[int, int]] = []  # rank, ordinal
        self._unit = -1  # what the paragraphs that follow are read into

    def preamble(self, paragraphs: Sequence[Paragraph]) -> None:
        if any(p.text for p in paragraphs):
            self._unit = self.drafts.add(Kind.PREAMBLE, "", Kind.PREAMBLE.value, -1)
            self._read(paragraphs)

    def body(self, paragraphs: Sequence[Paragraph]) -> None:
        """Headings open containers and articles; what lies between two headings is content of the first."""
        for head, run in _runs(paragraphs):
            self._read(run if head is None else self._open(head, run))

    def _read(self, paragraphs: Sequence[Paragraph]) -> None:
        Content(self.drafts, self._unit, paragraphs, points=self._points).read()

    def _open(self, head: Head, run: list[Paragraph]) -> list[Paragraph]:
        """Open what the first paragraph of the run heads; returns the rest."""
        notes, rest = list(run[0].notes), run[1:]
        if isinstance(head, Paragraph):
            self._untitled(head)
        elif head.kind is Kind.ARTICLE:
            self._article(head)
        else:
            title = head.title or _title_below(rest, notes)
            self._container(CONTAINERS[head.kind], head.kind, head.number, segment(head.kind, head.key), title)
        self.drafts.last.notes += notes
        return rest

    def _article(self, head: Heading) -> None:
        address = segment(Kind.ARTICLE, head.key)
        if REPEALED.match(head.title):  # «Статья 3.6. Утратила силу. - Федеральный закон …»: a note, not a name
            self._unit = self.drafts.add(Kind.ARTICLE, head.number, address, self._enclosing)
            self.drafts.last.notes.append(head.title)
        else:
            self._unit = self.drafts.add(Kind.ARTICLE, head.number, address, self._enclosing, head.title)

    def _untitled(self, paragraph: Paragraph) -> None:
        """«ЧАСТЬ ПЕРВАЯ», «ОБЩАЯ ЧАСТЬ» above sections; «1. Заявка на выдачу патента» below a §; a bare title."""
        part, label, text = part_of_code(paragraph.text), label_of(paragraph.text), paragraph.text
        if part:
            self._container(_PART_OF_ACT, Kind.SECTION, "", f"ch{part}", text)
        elif label is None:
            self._container(CONTAINERS[Kind.APPENDIX], Kind.APPENDIX, "", Kind.APPENDIX.value, text)
        elif self._enclosing >= 0 and self.drafts[self._enclosing].kind is not Kind.SECTION:
            self._container(_SUBPARAGRAPH, Kind.PARAGRAPH, "", f"{Kind.PARAGRAPH.value}{label.number}", text)
        else:
            own = segment(Kind.SECTION, label.number)
            self._container(CONTAINERS[Kind.SECTION], Kind.SECTION, label.number, own, label.rest)

    def _container(self, rank: int, kind: Kind, number: str, own: str, title: str) -> None:
        while self._containers and self._containers[-1][0] >= rank:
            self._containers.pop()
        parent = self._enclosing
        # Chapters count through an act; what stands below them, or in an appendix, begins anew.
        inner = kind in (Kind.PARAGRAPH, Kind.SUBSECTION)
        nested = parent >= 0 and (inner or self.drafts[parent].kind is Kind.APPENDIX)
        address = f"{self.drafts[parent].address}/{own}" if nested else own
        self._unit = self.drafts.add(kind, number, address, parent, title)
        self._containers.append((rank, self._unit))

    @property
    def _enclosing(self) -> int:
        return self._containers[-1][1] if self._containers else -1


def _title_below(rest: list[Paragraph], notes: list[str]) -> str:
    """The name of «Глава I» where it stands in a paragraph of its own; taken out of `rest`, its notes kept."""
    while rest and not rest[0].text:
        notes += rest.pop(0).notes
    if not rest or not looks_like_title(rest[0].text) or label_of(rest[0].text) is not None:
        return ""
    notes += rest[0].notes
    return rest.pop(0).text


def _runs(paragraphs: Sequence[Paragraph]) -> Iterator[tuple[Head | None, list[Paragraph]]]:
    """Runs that start with a heading each; the first may have none."""
    headings = [is_heading(p) for p in paragraphs]
    has_articles = any(h is not None and h.kind is Kind.ARTICLE for h in headings)
    heads: list[Head | None] = [
        heading or _bare(p, paragraphs[i + 1 : i + 1 + _NEAR], has_articles=has_articles)
        for i, (heading, p) in enumerate(zip(headings, paragraphs, strict=True))
    ]
    starts = [i for i, head in enumerate(heads) if i == 0 or head is not None]
    for start, end in zip(starts, [*starts[1:], len(paragraphs)], strict=True):
        yield heads[start], list(paragraphs[start:end])


def _bare(paragraph: Paragraph, following: Sequence[Paragraph], *, has_articles: bool) -> Paragraph | None:
    """The paragraph when it is a heading without a heading's word."""
    if part_of_code(paragraph.text) or _GONE.fullmatch(paragraph.text):
        return paragraph
    label = label_of(paragraph.text)
    if has_articles:
        return paragraph if paragraph.marked and paragraph.heading and label is not None else None
    titled = looks_like_title(label.rest if label else paragraph.text)
    return paragraph if titled and _heads_points(label, following) else None


def _heads_points(label: Label | None, following: Sequence[Paragraph]) -> bool:
    """«2. Общие обязанности водителей» before «2.1.»; a bare title right before «1.»."""
    labels = [label_of(p.text) for p in following]
    after = next((found for found in labels if found), None)
    if after is None or after.level is not Level.NUMBER:
        return False
    if label is not None:
        return after.number.startswith(f"{label.number}.")
    return after.number == "1" and labels[0] is not None
