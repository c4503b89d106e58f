"""Facts about acts: what a published text is made of. Pure; knows no database and no file format."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class ActStatus(StrEnum):
    """Whether an act may be offered as the law in force."""

    IN_FORCE = "in_force"
    REPEALED = "repealed"  # found only when asked for by name
    FOREIGN = "foreign"  # another state's law; the same


class Kind(StrEnum):
    """A structural unit; the value is its segment's prefix in an address (DESIGN §8)."""

    PREAMBLE = "pre"
    SECTION = "razd"
    SUBSECTION = "podrazd"
    CHAPTER = "gl"
    PARAGRAPH = "par"  # параграф (§)
    ARTICLE = "st"
    PART = "ch"  # часть
    POINT = "p"  # пункт
    SUBPOINT = "pp"  # подпункт
    INDENT = "abz"  # абзац
    NOTE = "prim"  # примечание
    APPENDIX = "pril"


@dataclass(frozen=True, slots=True)
class ActIdentity:
    """What identifies an act: type + date + number, never the number alone.

    ``id`` is the short id of a well-known act (`zozpp`, `gk`, `tk`) or a slug made of type, date
    and number. A code in parts is one act; ``part`` tells its documents apart (0: not in parts).
    """

    id: str
    type: str  # «Федеральный закон», «Кодекс», «Закон РФ»…
    title: str  # «О защите прав потребителей»
    number: str  # «2300-1», «197-ФЗ»; empty when the text names none
    date: dt.date | None  # of signing
    part: int = 0
    status: ActStatus = ActStatus.IN_FORCE


@dataclass(frozen=True, slots=True)
class Provision:
    """One structural unit, its children apart from it.

    ``address`` is relative to the document: ``st18/p1/abz2`` — an article's address does not name
    its chapter, since article numbers are unique in an act. ``text`` is the unit's own text without
    its children, amendment notes («в ред. …») taken out into ``notes``. Provisions of a document
    come in reading order; ``parent`` is the index of the enclosing one in that order, -1 at the top.
    """

    address: str
    kind: Kind
    number: str  # normalised: «18», «312.1», «348.11-1», «а»; empty for a preamble
    heading: str
    text: str
    parent: int
    notes: tuple[str, ...] = ()
    repealed: bool = False


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """One published text of an act, parsed: an edition's whole content."""

    act: ActIdentity
    edition_date: dt.date | None  # latest date in the header's list of changes, court rulings included
    provisions: tuple[Provision, ...]
    in_force_from: dt.date | None = None  # unknown unless given or derivable
    in_force_to: dt.date | None = None
    warnings: tuple[str, ...] = ()  # Russian, for the person who ingests

    @property
    def articles(self) -> tuple[Provision, ...]:
        """Articles in reading order, repealed ones included."""
        return tuple(p for p in self.provisions if p.kind is Kind.ARTICLE)
