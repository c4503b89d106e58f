"""Facts as they come out of the database: what is loaded, and texts put together as a person reads them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ..law.model import ActStatus, Kind, Provision


@dataclass(frozen=True, slots=True)
class Edition:
    """A complete edition with the facts of its document and act."""

    id: int
    document_id: str  # the act's id, or `gk-1`
    act_id: str
    act_type: str
    act_title: str  # «О защите прав потребителей»
    act_date: dt.date | None
    number: str  # of the document: ГК part 3 is 146-ФЗ
    part: int  # 0: not in parts
    status: ActStatus
    edition_date: dt.date | None
    in_force_from: dt.date | None
    in_force_to: dt.date | None  # the last day
    articles: int
    source_name: str
    source_sha256: str
    ingested_at: float

    @property
    def address(self) -> str:
        """`ru/tk@2023-10-24`; an act's parts share its id, since article numbers are unique in an act."""
        date = f"@{self.edition_date.isoformat()}" if self.edition_date else ""
        return f"ru/{self.act_id}{date}"

    def known_on(self, day: dt.date) -> bool:
        """Whether this text is known to apply on that day.

        An edition starts with its last change when nothing better is given. Without a known end it
        is known to apply only where a person has said since when, or on the day it starts.
        """
        if self.start is None or day < self.start:
            return False
        if self.in_force_to is not None:
            return day <= self.in_force_to
        return self.in_force_from is not None or day == self.start

    @property
    def in_points(self) -> bool:
        """Whether the text is made of points and has no articles, as the Government's rules are."""
        return self.articles == 0

    @property
    def start(self) -> dt.date | None:
        """The first day on which it may apply."""
        return self.in_force_from or self.edition_date


@dataclass(frozen=True, slots=True)
class Act:
    """An act that is loaded, with its documents in the order of their parts."""

    id: str
    type: str
    title: str
    number: str  # of a code in parts: its first part's
    date: dt.date | None
    status: ActStatus
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One published text of an act, with its editions, the newest first; there is at least one."""

    id: str
    title: str
    part: int
    number: str
    editions: tuple[Edition, ...]


@dataclass(frozen=True, slots=True)
class EditionChoice:
    """Which edition of a document to use. `edition` is None when none is known to apply on the date asked for.

    `nearest` is then the one to name. With `likely` it may be shown too, and said to be no more than
    the nearest: it is the last that began by the date, and nothing tells that it had ended.
    """

    document_id: str
    edition: Edition | None
    nearest: Edition  # the same as `edition` when there is one
    likely: bool = False

    @property
    def shown(self) -> Edition | None:
        """The edition whose text answers; None when every one is known, or has to be taken, to be wrong."""
        return self.edition or (self.nearest if self.likely else None)


@dataclass(frozen=True, slots=True)
class ArticleText:
    """An article put together; also a preamble, and a point of an act that has no articles (see `kind`).

    `text` is what a person reads below the heading: every part on a line of its own with its printed
    number, amendment notes left out. `provisions` are the same in pieces, the article itself first.
    """

    act_id: str
    act_title: str
    document_id: str
    edition_id: int
    edition_date: dt.date | None
    status: ActStatus
    kind: Kind
    number: str  # «312.1»; empty for a preamble
    heading: str  # «Понятие трудового договора»
    address: str  # ru/tk@2023-10-24/st81
    path: tuple[str, ...]  # «Раздел III. Трудовой договор», «Глава 13. Прекращение трудового договора»
    text: str
    repealed: bool
    provisions: tuple[Provision, ...]  # `parent` counts within the edition, not within this tuple
    ordinal: int  # of the article's own provision in its edition


@dataclass(frozen=True, slots=True)
class ContentsLine:
    """A line of a table of contents.

    `place` is what a reader asks for to see its text: an article's number, in an act without articles a
    point's, else its address. None for a container without words of its own.
    """

    address: str  # in the act: st18
    kind: Kind
    number: str
    title: str  # «Статья 18. Права потребителя…»; of a point, its number and first words
    level: int  # how many containers hold it
    repealed: bool
    place: str | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What stands before or after an article."""

    place: str
    title: str


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as a reader opens it; over the parts of a code the neighbours run on."""

    edition: Edition
    text: ArticleText
    place: str
    focus: str | None  # address in the act of the part that was asked for; None: the article itself
    previous: Neighbour | None
    next: Neighbour | None
