"""What articles are made of: parts, points, subpoints, абзацы and notes, by their printed numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Kind
from ..numbers import segment
from .drafts import CONTAINERS, Drafts
from .labels import Label, Level, label_of, note_of
from .paragraphs import Paragraph

_SANCTION = re.compile(r"(?:наказыва|влеч|кара)[её]?\w*т(?:ся)?\b")  # ends a whole part: «наказывается…», «влечет…»
_GONE = re.compile(r"(абзац|часть)\b\s*[.,;]?(?=\s*\(|\s*$)", re.IGNORECASE)  # «Часть. (Утратила силу - …)»
_GOES_ON = (":", ";", ",", "-", "—", "–")


@dataclass(frozen=True, slots=True)
class _Open:
    """A numbered unit that may get more below it."""

    level: Level
    ordinal: int


class Content:
    """Reads the paragraphs that stand below one heading.

    `points`: the act calls «1.» a пункт, not a часть. `unit` is the ordinal of the article, chapter or
    appendix that is read into; -1 where an act without articles begins with its points.
    """

    def __init__(self, drafts: Drafts, unit: int, paragraphs: Sequence[Paragraph], *, points: bool) -> None:
        self._drafts = drafts
        self._article = self._unit = unit
        self._in_article = unit >= 0 and drafts[unit].kind is Kind.ARTICLE
        self._points = points or not self._in_article
        self._paragraphs = paragraphs
        self._labels = [label_of(p.text) for p in paragraphs]
        self._numbered = any(label and label.level is Level.NUMBER for label in self._labels)
        self._stack: list[_Open] = []
        self._before = ""  # the paragraph before
        self._counted = 0  # unnumbered parts

    def read(self) -> None:
        for index, paragraph in enumerate(self._paragraphs):
            words = (paragraph.text, *paragraph.notes) if paragraph.text else paragraph.notes
            gone = _GONE.match(words[0]) if words else None
            if gone is not None and self._unit >= 0:
                self._gone(gone.group(1).lower(), index)
                self._drafts.last.notes += words
            elif paragraph.text:
                self._one(index, paragraph.text)
                self._drafts.last.notes += paragraph.notes
                self._before = paragraph.text
            else:
                self._drafts.note(paragraph.notes, self._article)

    def _one(self, index: int, text: str) -> None:
        note, label = note_of(text), self._labels[index]
        if note is not None:
            self._note(*note)
        elif label is not None:
            self._labelled(label)
        else:
            self._unlabelled(index, text)

    def _gone(self, word: str, index: int) -> None:
        """A repealed абзац, or unnumbered часть, keeps its place in the count."""
        if word == "часть" and not self._points and not self._numbered:
            self._part("")
        else:
            self._climb(index, "")
            self._indent("")

    def _note(self, title: str, rest: str) -> None:
        """In an article what follows a note belongs to it; among points it is a paragraph of the point above."""
        if not self._in_article:
            self._child(self._above, Kind.NOTE, "", "prim", rest, title)
            return
        self._stack = []
        label = label_of(rest)
        self._unit = self._child(self._article, Kind.NOTE, "", "prim", "" if label else rest, title)
        self._points = self._numbered = True
        if label is not None:
            self._labelled(label)

    def _labelled(self, label: Label) -> None:
        while self._stack and self._stack[-1].level >= label.level:
            self._stack.pop()
        kind = self._kind(label.level, self._above)
        ordinal = self._child(self._above, kind, label.number, segment(kind, label.number), label.rest, label.printed)
        self._stack.append(_Open(label.level, ordinal))

    def _kind(self, level: Level, parent: int) -> Kind:
        """ГК: «1.» пункт, «1)» подпункт. ТК, УК: «1.» часть, «1)» and «а)» right below it пункт, deeper подпункт."""
        if level is Level.NUMBER:
            return Kind.POINT if self._points else Kind.PART
        above = self._drafts[parent].kind if parent >= 0 else Kind.SECTION
        if above is Kind.PART or (above is Kind.ARTICLE and not self._points):
            return Kind.POINT
        return Kind.SUBPOINT

    def _unlabelled(self, index: int, text: str) -> None:
        if self._opens_part(text):
            self._part(text)
            return
        self._climb(index, text)
        if self._above < 0:
            self._child(-1, Kind.PREAMBLE, "", "pre", text)
        elif self._is_first_of_preamble():
            self._drafts[self._unit].text = text
        else:
            self._indent(text)

    def _part(self, text: str) -> None:
        self._counted += 1
        part = self._child(self._unit, Kind.PART, "", f"ch{self._counted}", text)
        self._stack = [_Open(Level.NUMBER, part)]

    def _is_first_of_preamble(self) -> bool:
        draft = self._drafts[self._unit]
        return draft.kind is Kind.PREAMBLE and not draft.text and draft is self._drafts.last

    def _indent(self, text: str) -> None:
        """An абзац: the first is the unit's own text where it has one, so that what follows is the second."""
        draft = self._drafts[self._above]
        own = self._above != self._unit or bool(draft.text)
        number = draft.indents + own
        draft.indents += 1
        self._child(self._above, Kind.INDENT, "", f"abz{number}", text)

    def _opens_part(self, text: str) -> bool:
        """Whether an unnumbered paragraph is a part of its own: ТК counts those that do not go on with a list."""
        if self._points or self._numbered:
            return False
        if not self._before:
            return True
        starts = text[0].isupper() or text[0] in '«"'
        return starts and (not self._before.endswith(_GOES_ON) or not self._stack)

    def _climb(self, index: int, text: str) -> None:
        """Leave the lists that an unnumbered paragraph does not belong to."""
        following = next((label.level for label in self._labels[index + 1 :] if label), Level.NONE)
        goes_on = self._before.endswith(_GOES_ON) and not text[:1].isupper()
        while self._stack and self._stack[-1].level > Level.NUMBER:
            if not _SANCTION.match(text) and (goes_on or following >= self._stack[-1].level):
                return
            self._stack.pop()

    @property
    def _above(self) -> int:
        return self._stack[-1].ordinal if self._stack else self._unit

    def _child(self, parent: int, kind: Kind, number: str, own: str, text: str, heading: str = "") -> int:
        above = self._drafts[parent] if parent >= 0 else None
        # Points count through an act without articles, but anew in each appendix.
        counted = above is None or (above.kind in CONTAINERS and not above.address.startswith(Kind.APPENDIX.value))
        address = own if above is None or counted else f"{above.address}/{own}"
        return self._drafts.add(kind, number, address, parent, heading, text)
