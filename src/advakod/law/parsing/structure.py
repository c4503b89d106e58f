"""Paragraphs into provisions: containers, articles, and what articles are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..model import Kind, Provision
from ..numbers import segment
from .labels import Heading, Label, Level, heading_of, label_of, looks_like_title, note_of, part_of_code
from .paragraphs import EDITORIAL, Paragraph

_RANK = {Kind.SECTION: 1, Kind.SUBSECTION: 2, Kind.CHAPTER: 3, Kind.PARAGRAPH: 4, Kind.APPENDIX: 0}
_REPEALED = re.compile(
    r"(?:(?:Статья|Пункт|Часть|Абзац|Подпункт|Глава|Параграф|Раздел|Подраздел|Примечание)\s*)?(?:[\d.]+\s*)?[-.,]?\s*\(?"
    r"(?:утратил\w*\s+силу|исключен\w*\b|признан\w*\s+утратившим|не применяется)",
    re.IGNORECASE,
)
_REPEAL_IN_NOTE = re.compile(r"утратил\w*\s+силу|исключен", re.IGNORECASE)
_OF_ARTICLE = re.compile(r"\((?:дополнени[ея] стать|стать[яи]\b|наименование)", re.IGNORECASE)
_PARTS = re.compile(r"част(?:ь|и|ью|ям|ями|ях|ей)\s+\S+(?:\s+и\s+\S+)?\s+настоящей\s+статьи", re.IGNORECASE)
_POINTS = re.compile(r"пункт\w*\s+\S+(?:\s+и\s+\S+)?\s+настоящей\s+статьи", re.IGNORECASE)
_SANCTION = re.compile(r"(?:наказыва|влеч|кара)[её]?\w*т(?:ся)?\b")  # ends a whole part: «наказывается…», «влечет…»
_INDENT_GONE = re.compile(r"абзац\b[.;]?\s*\(?(?:утратил|исключен)", re.IGNORECASE)
_GOES_ON = (":", ";", ",", "-", "—", "–")


@dataclass(slots=True)
class Draft:
    """A provision while it is being put together."""

    address: str
    kind: Kind
    number: str
    heading: str
    text: str
    parent: int
    notes: list[str] = field(default_factory=list)
    repealed: bool = False
    indents: int = 1  # абзацы counted so far; a unit's own text is the first

    def finished(self) -> Provision:
        return Provision(
            self.address, self.kind, self.number, self.heading, self.text, self.parent, tuple(self.notes), self.repealed
        )


def build(preamble: Sequence[Paragraph], body: Sequence[Paragraph]) -> list[Provision]:
    """Every paragraph's words end up in exactly one provision; notes go to the provision they stand at."""
    builder = _Builder(counts_points(body))
    builder.preamble(preamble)
    builder.body(body)
    return builder.finished()


def counts_points(paragraphs: Iterable[Paragraph]) -> bool:
    """Whether the act calls «1.» a пункт (ГК, НК, СК) rather than a часть (ТК, ЖК, УК): as it speaks of itself."""
    text = "\n".join(p.text for p in paragraphs)
    return len(_POINTS.findall(text)) >= len(_PARTS.findall(text))


def is_heading(paragraph: Paragraph) -> Heading | None:
    """The heading that a paragraph is. Where the source marks headings, nothing unmarked is one, articles apart."""
    heading = heading_of(paragraph.text)
    if heading is None or (paragraph.marked and not paragraph.heading and heading.kind is not Kind.ARTICLE):
        return None
    if paragraph.marked and not paragraph.heading and len(paragraph.text) > 40 and not paragraph.text.isupper():
        return None
    return heading


class _Builder:
    def __init__(self, points: bool) -> None:
        self._points = points
        self._drafts: list[Draft] = []
        self._taken: dict[str, int] = {}
        self._containers: list[tuple[int, int]] = []  # rank, ordinal
        self._article = -1
        self._pending: list[str] = []  # an editor's notes about the provision that follows

    def finished(self) -> list[Provision]:
        if self._pending and self._drafts:
            self._drafts[-1].notes += self._pending
        self._mark_repealed()
        return [d.finished() for d in self._drafts]

    def preamble(self, paragraphs: Sequence[Paragraph]) -> None:
        if not any(p.text for p in paragraphs):
            return
        unit = self._add(Kind.PREAMBLE, "", "pre", -1)
        self._article = unit
        self._content(paragraphs, unit)

    def body(self, paragraphs: Sequence[Paragraph]) -> None:
        """Headings open containers and articles; what lies between two headings is content of the first."""
        has_articles = any((h := is_heading(p)) and h.kind is Kind.ARTICLE for p in paragraphs)
        for position, run in _split(paragraphs, has_articles):
            content = self._open(position, run) if position is not None else list(run)
            self._content(content, self._article)

    # -- headings ---------------------------------------------------------------------------------

    def _open(self, heading: Heading | Paragraph, run: Sequence[Paragraph]) -> list[Paragraph]:
        """Open what the first paragraph of the run heads; returns the rest."""
        head, rest = run[0], list(run[1:])
        if isinstance(heading, Paragraph):
            self._untitled(heading)
        elif heading.kind is Kind.ARTICLE:
            self._open_article(heading)
        else:
            title = heading.title
            while not title and rest and not rest[0].text:
                self._pending += rest.pop(0).notes
            if not title and rest and looks_like_title(rest[0].text) and label_of(rest[0].text) is None:
                title, head = rest[0].text, Paragraph("", (*head.notes, *rest.pop(0).notes))
            self._container(heading.kind, heading.number, segment(heading.kind, heading.key), title)
        self._drafts[-1].notes += head.notes
        return rest

    def _open_article(self, heading: Heading) -> None:
        parent = self._containers[-1][1] if self._containers else -1
        repealed = bool(_REPEALED.match(heading.title))
        self._article = self._add(Kind.ARTICLE, heading.number, segment(Kind.ARTICLE, heading.key), parent)
        draft = self._drafts[-1]
        if repealed:  # «Статья 3.6. Утратила силу. - Федеральный закон …»: the words are a note, not a name
            draft.notes.append(heading.title)
        else:
            draft.heading = heading.title
        draft.repealed = repealed

    def _container(self, kind: Kind, number: str, own: str, title: str) -> None:
        rank = _RANK[kind]
        while self._containers and self._containers[-1][0] >= rank:
            self._containers.pop()
        self._push(rank, kind, number, own, title)

    def _untitled(self, paragraph: Paragraph) -> None:
        """«ЧАСТЬ ПЕРВАЯ», «ОБЩАЯ ЧАСТЬ» above sections; «1. Заявка на выдачу патента» below a §; a bare title."""
        part, label = part_of_code(paragraph.text), label_of(paragraph.text)
        if part:
            self._containers.clear()
            self._push(0, Kind.SECTION, "", f"ch{part}", paragraph.text)
        elif label is not None and self._containers and self._drafts[self._containers[-1][1]].kind is not Kind.SECTION:
            while self._containers and self._containers[-1][0] >= 5:
                self._containers.pop()
            self._push(5, Kind.PARAGRAPH, "", f"par{label.number}", paragraph.text, nested=True)
        elif label is not None:
            self._container(Kind.SECTION, label.number, segment(Kind.SECTION, label.number), label.rest)
        else:
            self._containers.clear()
            self._push(0, Kind.APPENDIX, "", "pril", paragraph.text)

    def _push(self, rank: int, kind: Kind, number: str, own: str, title: str, *, nested: bool = False) -> None:
        parent = self._containers[-1][1] if self._containers else -1
        inner = kind in (Kind.PARAGRAPH, Kind.SUBSECTION) or (
            parent >= 0 and self._drafts[parent].kind is Kind.APPENDIX
        )
        nested = (nested or inner) and parent >= 0
        ordinal = self._add(kind, number, f"{self._drafts[parent].address}/{own}" if nested else own, parent)
        self._drafts[ordinal].heading = title
        self._containers.append((rank, ordinal))
        self._article = ordinal

    # -- what articles are made of ----------------------------------------------------------------

    def _content(self, paragraphs: Sequence[Paragraph], unit: int) -> None:
        if paragraphs:
            _Content(self, unit, paragraphs, points=self._points).read()

    def _add(self, kind: Kind, number: str, address: str, parent: int) -> int:
        """A new provision under an address that is not taken yet."""
        if address in self._taken and parent >= 0 and kind is not Kind.ARTICLE:
            enclosing = self._drafts[parent].address
            address = address if address.startswith(f"{enclosing}/") else f"{enclosing}/{address}"
        again = self._taken.get(address, 0)
        self._taken[address] = again + 1
        # «~2»: two versions of a unit printed one after the other, before and after a change comes into force.
        unique = f"{address}~{again + 1}" if again else address
        self._drafts.append(Draft(unique, kind, number, "", "", parent, self._pending))
        self._pending = []
        return len(self._drafts) - 1

    def note(self, notes: Iterable[str]) -> None:
        """Attach notes that stand in a paragraph of their own."""
        for note in notes:
            if EDITORIAL.match(note):
                self._pending.append(note)
            elif self._drafts:
                target = self._article if _OF_ARTICLE.match(note) and self._article >= 0 else -1
                self._drafts[target].notes.append(note)

    def _mark_repealed(self) -> None:
        """A unit that has no words left but a note that says so is repealed; so is one whose whole content is."""
        for ordinal in range(len(self._drafts) - 1, -1, -1):
            draft = self._drafts[ordinal]
            if _REPEALED.match(draft.text) and len(draft.text) < 250:
                draft.notes.insert(0, draft.text)
                draft.text = ""
            noted = any(_REPEAL_IN_NOTE.search(n) for n in draft.notes)
            if not draft.text and noted and not self._has_words_below(ordinal):
                draft.repealed = True

    def _has_words_below(self, ordinal: int) -> bool:
        below = ordinal + 1
        while below < len(self._drafts) and self._drafts[below].parent >= ordinal:
            if self._drafts[below].text and not self._drafts[below].repealed:
                return True
            below += 1
        return False


@dataclass(slots=True)
class _Open:
    """A numbered unit that may get more below it."""

    level: Level
    ordinal: int


class _Content:
    """Reads the paragraphs of one article (preamble, chapter, appendix)."""

    def __init__(self, builder: _Builder, unit: int, paragraphs: Sequence[Paragraph], *, points: bool) -> None:
        self._b = builder
        self._unit = unit
        self._paragraphs = paragraphs
        self._article = unit
        self._in_article = unit >= 0 and builder._drafts[unit].kind is Kind.ARTICLE
        self._points = points or not self._in_article
        self._labels = [label_of(p.text) for p in paragraphs]
        self._numbered = any(label and label.level is Level.NUMBER for label in self._labels)
        self._stack: list[_Open] = []
        self._before = ""  # the paragraph before
        self._counted = 0  # unnumbered parts

    def read(self) -> None:
        for index, paragraph in enumerate(self._paragraphs):
            if not paragraph.text:
                self._notes(paragraph.notes)
                continue
            self._one(index, paragraph)
            self._b._drafts[-1].notes += paragraph.notes
            self._before = paragraph.text

    def _notes(self, notes: Sequence[str]) -> None:
        """A repealed абзац keeps its place in the count: «абзац; (Утратил силу - …)»."""
        if notes and _INDENT_GONE.match(notes[0]) and self._unit >= 0 and self._before:
            self._unlabelled(len(self._labels), "")
            self._b._drafts[-1].notes += notes
        else:
            self._b.note(notes)

    def _one(self, index: int, paragraph: Paragraph) -> None:
        note, label = note_of(paragraph.text), self._labels[index]
        if note is not None:
            self._note(*note)
        elif label is not None:
            self._labelled(label)
        else:
            self._unlabelled(index, paragraph.text)

    def _note(self, title: str, rest: str) -> None:
        """In an article what follows a note belongs to it; among points it is a paragraph of the point above."""
        if not self._in_article:
            parent = self._stack[-1].ordinal if self._stack else self._unit
            self._child(parent, Kind.NOTE, "", "prim", rest, heading=title)
            return
        self._stack = []
        self._unit = self._child(self._article, Kind.NOTE, "", "prim", "", heading=title)
        self._points = self._numbered = True
        label = label_of(rest)
        if label is not None:
            self._labelled(label)
        else:
            self._b._drafts[self._unit].text = rest

    def _labelled(self, label: Label) -> None:
        while self._stack and self._stack[-1].level >= label.level:
            self._stack.pop()
        parent = self._stack[-1].ordinal if self._stack else self._unit
        kind = self._kind(label.level, parent)
        own = segment(kind, label.number)
        ordinal = self._child(parent, kind, label.number, own, label.rest, heading=label.printed)
        self._stack.append(_Open(label.level, ordinal))

    def _kind(self, level: Level, parent: int) -> Kind:
        """ГК: «1.» пункт, «1)» подпункт. ТК, УК: «1.» часть, «1)» and «а)» right below it пункт, deeper подпункт."""
        if level is Level.NUMBER:
            return Kind.POINT if self._points else Kind.PART
        above = self._b._drafts[parent].kind if parent >= 0 else Kind.SECTION
        if above is Kind.PART or (above is Kind.ARTICLE and not self._points):
            return Kind.POINT
        return Kind.SUBPOINT

    def _unlabelled(self, index: int, text: str) -> None:
        if self._opens_part(text):
            self._stack = []
            self._counted += 1
            ordinal = self._child(self._unit, Kind.PART, "", f"ch{self._counted}", text)
            self._stack.append(_Open(Level.NUMBER, ordinal))
            return
        self._climb(index, text)
        parent = self._stack[-1].ordinal if self._stack else self._unit
        if parent < 0:
            self._child(parent, Kind.PREAMBLE, "", "pre", text)
            return
        draft = self._b._drafts[parent]
        if parent == self._unit and draft.kind is not Kind.ARTICLE and not draft.text and self._takes_text(draft):
            draft.text = text
            return
        if parent != self._unit or draft.text:
            draft.indents += 1
        number, draft.indents = draft.indents, draft.indents + (parent == self._unit and not draft.text)
        self._child(parent, Kind.INDENT, "", f"abz{number}", text)

    def _takes_text(self, draft: Draft) -> bool:
        return draft.kind is Kind.PREAMBLE and draft is self._b._drafts[-1]

    def _opens_part(self, text: str) -> bool:
        """Whether an unnumbered paragraph is a part of its own: ТК counts those that do not go on with a list."""
        if self._points or self._numbered:
            return False
        if not self._before or not text:
            return not self._before
        starts = text[0].isupper() or text[0] in "«\""
        return starts and (not self._before.endswith(_GOES_ON) or not self._stack)

    def _climb(self, index: int, text: str) -> None:
        """Leave the lists that an unnumbered paragraph does not belong to."""
        if _SANCTION.match(text):
            del self._stack[1:]
        following = next((label.level for label in self._labels[index + 1 :] if label), Level.NONE)
        while len(self._stack) > 1:
            top = self._stack[-1].level
            inside = following is not Level.NONE and following >= top
            if inside or (self._before.endswith(_GOES_ON) and not text[:1].isupper()):
                return
            self._stack.pop()

    def _child(self, parent: int, kind: Kind, number: str, own: str, text: str, heading: str = "") -> int:
        above = self._b._drafts[parent] if parent >= 0 else None
        # Points count through an act without articles, but anew in each appendix.
        global_ = above is None or (above.kind in _RANK and not above.address.startswith(Kind.APPENDIX.value))
        address = own if above is None or global_ else f"{above.address}/{own}"
        ordinal = self._b._add(kind, number, address, parent)
        self._b._drafts[ordinal].text, self._b._drafts[ordinal].heading = text, heading
        return ordinal


def _split(
    paragraphs: Sequence[Paragraph], has_articles: bool
) -> Iterable[tuple[Heading | Paragraph | None, list[Paragraph]]]:
    """Runs that start with a heading each; the first may have none."""
    heads: list[Heading | Paragraph | None] = [
        is_heading(p) or _untitled(p, paragraphs[i + 1 : i + 8], has_articles) for i, p in enumerate(paragraphs)
    ]
    starts = [i for i, head in enumerate(heads) if head is not None]
    if not starts or starts[0] > 0:
        starts = [0, *starts]
    ends = [*starts[1:], len(paragraphs)]
    for start, end in zip(starts, ends, strict=True):
        yield heads[start] if start < len(heads) else None, list(paragraphs[start:end])


def _untitled(paragraph: Paragraph, following: Sequence[Paragraph], has_articles: bool) -> Paragraph | None:
    """A heading without a heading's word."""
    if part_of_code(paragraph.text):
        return paragraph
    label = label_of(paragraph.text)
    if paragraph.marked and has_articles:
        return paragraph if paragraph.heading and label is not None else None
    if has_articles or not looks_like_title(label.rest if label else paragraph.text):
        return None
    return paragraph if _heads_points(label, following) else None


def _heads_points(label: Label | None, following: Sequence[Paragraph]) -> bool:
    """«2. Общие обязанности водителей» before «2.1.»; a bare title before «1.»."""
    after = next((found for p in following[:2] if (found := label_of(p.text))), None)
    if after is None or after.level is not Level.NUMBER:
        return False
    if label is not None:
        return after.number.startswith(f"{label.number}.")
    return after.number == "1" and bool(following) and label_of(following[0].text) is not None


def group_by_article(provisions: Sequence[Provision]) -> list[list[Provision]]:
    """Provisions in runs that start at each article."""
    keys: list[int] = []
    for provision in provisions:
        keys.append((keys[-1] if keys else 0) + (provision.kind is Kind.ARTICLE))
    return [[p for p, _ in run] for _, run in groupby(zip(provisions, keys, strict=True), key=lambda pair: pair[1])]
