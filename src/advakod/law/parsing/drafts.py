"""Provisions while they are being put together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..model import Kind, Provision
from .paragraphs import EDITORIAL

CONTAINERS = {Kind.APPENDIX: 0, Kind.SECTION: 1, Kind.SUBSECTION: 2, Kind.CHAPTER: 3, Kind.PARAGRAPH: 4}
"""Kinds that hold articles, with their rank: a container closes those of its own and of higher rank."""

REPEALED = re.compile(
    r"(?:(?:Статья|Пункт|Часть|Абзац|Подпункт|Глава|Параграф|Раздел|Подраздел|Примечание)\s*)?(?:[\d.]+\s*)?[-.,]?\s*\(?"
    r"(?:утратил\w*\s+силу|признан[аоы]?\s+утратившим|исключен[аоы]?\s*(?:[.,—–-]|с\s+\d|федеральн|$))",
    re.IGNORECASE,
)
_REPEAL_IN_NOTE = re.compile(r"утратил\w*\s+силу|исключен", re.IGNORECASE)
_OF_ARTICLE = re.compile(r"\((?:дополнени[ея] стать|стать[яи]\b|наименование)", re.IGNORECASE)
_LONGEST_REPEAL = 250  # characters; «Утратила силу с … - Федеральный закон от … N …» with a few laws named


@dataclass(slots=True)
class Draft:
    """A provision that may still get words, notes and children."""

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


class Drafts:
    """All provisions of a document in reading order, each under an address of its own."""

    def __init__(self) -> None:
        self._all: list[Draft] = []
        self._taken: dict[str, int] = {}
        self._pending: list[str] = []  # an editor's notes about the provision that follows

    def __getitem__(self, ordinal: int) -> Draft:
        return self._all[ordinal]

    @property
    def last(self) -> Draft:
        return self._all[-1]

    def add(self, kind: Kind, number: str, address: str, parent: int, heading: str = "", text: str = "") -> int:
        """A new provision; returns its ordinal. A taken address becomes one inside the parent, or a second version."""
        if address in self._taken and parent >= 0 and kind is not Kind.ARTICLE:
            enclosing = self._all[parent].address
            address = address if address.startswith(f"{enclosing}/") else f"{enclosing}/{address}"
        again = self._taken.get(address, 0)
        self._taken[address] = again + 1
        # «~2»: two versions of a unit printed one after the other, before and after a change comes into force.
        unique = f"{address}~{again + 1}" if again else address
        self._all.append(Draft(unique, kind, number, heading, text, parent, self._pending))
        self._pending = []
        return len(self._all) - 1

    def note(self, notes: Iterable[str], article: int) -> None:
        """Attach notes that stand in a paragraph of their own: to the article they name, else to what is above."""
        for note in notes:
            if EDITORIAL.match(note):
                self._pending.append(note)
            elif self._all:
                self._all[article if article >= 0 and _OF_ARTICLE.match(note) else -1].notes.append(note)

    def finished(self) -> list[Provision]:
        if self._pending and self._all:
            self.last.notes += self._pending
        self._mark_repealed()
        return [draft.finished() for draft in self._all]

    def _mark_repealed(self) -> None:
        """A unit without words of its own or below, and with a note that says so, is repealed. From the leaves up."""
        alive = [False] * len(self._all)
        for ordinal in range(len(self._all) - 1, -1, -1):
            draft = self._all[ordinal]
            if REPEALED.match(draft.text) and len(draft.text) < _LONGEST_REPEAL:
                draft.notes.insert(0, draft.text)
                draft.text = ""
            alive[ordinal] = alive[ordinal] or bool(draft.text)
            draft.repealed |= not alive[ordinal] and any(_REPEAL_IN_NOTE.search(note) for note in draft.notes)
            if draft.parent >= 0:
                alive[draft.parent] = alive[draft.parent] or alive[ordinal]
