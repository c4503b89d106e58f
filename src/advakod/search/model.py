"""What search answers with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class NoticeCode(StrEnum):
    """Why an answer may be less than what was asked for."""

    FOREIGN = "foreign"  # another state's law is asked about
    NOT_LAW = "not_law"  # nothing in the question is a matter of law
    EMPTY = "empty"  # no words to look for
    NOT_RUSSIAN = "not_russian"  # no Russian word among the letters
    NOT_FOUND = "not_found"  # a legal question, but the acts that are loaded do not seem to answer it
    ACT_NOT_LOADED = "act_not_loaded"  # the named act is absent
    NO_SUCH_ARTICLE = "no_such_article"  # the named act is loaded and has no such article
    EDITION_NOT_LOADED = (
        "edition_not_loaded"  # none is known to apply on the date; the nearest is named, and shown if it may
    )
    SUMMARIES = "summaries"  # hits are summaries of the everyday guide: no official text is loaded


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark for the user, in Russian."""

    code: NoticeCode
    message: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An article found. `text` is the whole article, `passages` its parts that matched, the best first."""

    act: str
    act_title: str  # «Трудовой кодекс Российской Федерации», «Закон РФ «О защите прав потребителей»»
    article: str  # «312.1»; of an act without articles, the point; empty for a preamble
    title: str  # heading
    address: str  # ru/tk@2023-10-24/st312.1
    edition_date: dt.date | None
    score: float  # comparable within one result only
    text: str
    passages: tuple[str, ...]
    exact: bool = False  # named in the question by its number
    summary: bool = False  # an entry of the everyday guide, not the act's text
    repealed: bool = False  # the article or its act; offered only when named
    guide: str = ""  # what the article gives a person, in our words
    figures: tuple[str, ...] = ()  # the guide's sums and terms, only where written from this very text


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Distinct articles, the best first. `confidence` is how far the best answers the question, 0 to 1."""

    hits: tuple[Hit, ...]
    notices: tuple[Notice, ...] = ()
    confidence: float = 0.0
    answerable: bool = False

    def has(self, code: NoticeCode) -> bool:
        return any(notice.code is code for notice in self.notices)
