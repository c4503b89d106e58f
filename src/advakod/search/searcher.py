"""Search: a question in, distinct articles out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from ..corpus.queries import choose_editions
from ..law.guide import Guide
from ..storage.database import Database
from . import notices as say
from .fields import Stored
from .generations import Manifest
from .index import Index
from .model import Hit, Notice, NoticeCode, SearchResult
from .query import Question, read
from .refusal import JUDGED, Judgement, judge
from .snapshot import Found, Snapshot

PASSAGES_SHOWN = 3  # of one article
MOST_EXACT = 20  # articles that a question names: «ст. 1-1551» does not bury what else it says
MOST_NOTICES = 5


class Search:
    """Finds articles. Thread-safe; a search never raises for what the question says.

    Whatever is loaded is searched; for acts of the everyday guide that are not, its summaries stand
    in. Repealed and foreign acts and repealed articles are offered only when the question names them.
    """

    def __init__(
        self, database: Database, data_dir: Path, *, guide: Guide | None = None, background: bool = False
    ) -> None:
        """`background`: see `Index`; a server sets it, so that a rebuild never holds up a question."""
        self._database = database
        self._index = Index(database, data_dir, guide=guide, background=background)

    def search(self, query: str, limit: int = 10, on: dt.date | None = None) -> SearchResult:
        """At most `limit` distinct articles, those named by their number first.

        With `on`, texts known to apply on that day and no others.
        """
        question = read(query)
        if not question.words and not question.references:
            return SearchResult((), (say.notice(NoticeCode.NOT_LAW),))
        snapshot = self._index.current()
        excluded, notices = self._excluded(snapshot.manifest, question, on)
        exact = list(_named(snapshot, question, excluded))
        matching = snapshot.matching(question, excluded) if question.words else []
        found = [*exact, *_others(matching, exact)][: max(limit, JUDGED)]
        stored = list(zip(found, snapshot.stored([article.ordinal for article in found]), strict=True))
        hits = tuple(self._hit(a, s, exact=n < len(exact)) for n, (a, s) in enumerate(stored[:limit]))
        judgement = _judge(query, question, snapshot, stored, named=bool(exact))
        return _result(hits, judgement, [*_absent(snapshot, question, excluded, stored), *notices])

    def refresh(self) -> Manifest:
        """Bring the index up to date now."""
        return self._index.refresh()

    def rebuild(self) -> Manifest:
        """Build the index anew. Raises LockBusyError when another process is building."""
        return self._index.rebuild()

    def close(self) -> None:
        self._index.close()

    def _excluded(self, manifest: Manifest, question: Question, on: dt.date | None) -> tuple[list[int], list[Notice]]:
        """Editions that are not to be offered, and what to say about them."""
        usable = {e.id for e in manifest.editions if e.newest}
        notices: list[Notice] = []
        if on is not None:
            with self._database.reading() as connection:
                choices = choose_editions(connection, on)
            usable = {c.edition.id for c in choices if c.edition is not None}
            asked = [c for c in choices if not question.named or c.nearest.act_id in question.named]
            notices = list(say.editions_not_loaded(asked, on))[:MOST_NOTICES]
        offered = (e for e in manifest.editions if e.in_force or e.act in question.named)
        kept = usable & {e.id for e in offered}
        return [e.id for e in manifest.editions if e.id not in kept], notices

    def _hit(self, found: Found, stored: Stored, *, exact: bool) -> Hit:
        entry = self._index.guide.find(stored.act, stored.article)
        return Hit(
            act=stored.act,
            act_title=stored.act_title,
            article=stored.article,
            title=stored.title,
            address=stored.address,
            edition_date=dt.date.fromisoformat(stored.edition_date) if stored.edition_date else None,
            score=found.score,
            text=stored.text,
            passages=tuple(_shown(found, stored)),
            exact=exact,
            summary=stored.summary,
            repealed=stored.repealed,
            guide=entry.summary if entry else "",
            figures=entry.figures if entry and stored.figures else (),
        )


def _named(snapshot: Snapshot, question: Question, excluded: Sequence[int]) -> Iterator[Found]:
    """Articles named by act and number, in the question's order."""
    named = dict.fromkeys((r.act, r.article) for r in question.references if r.act)
    for act, article in list(named)[:MOST_EXACT]:
        yield from snapshot.named(act, article, excluded)


def _others(found: Sequence[Found], exact: Sequence[Found]) -> Iterator[Found]:
    taken = {article.ordinal for article in exact}
    return (article for article in found if article.ordinal not in taken)


def _judge(
    text: str, question: Question, snapshot: Snapshot, found: Sequence[tuple[Found, Stored]], *, named: bool
) -> Judgement:
    """What is named by its number needs no judgement: it is there or it is not."""
    if named or not question.words:
        return Judgement(float(named))
    best = max((article.score for article, _ in found), default=0.0)
    return judge(text, question, snapshot, best, [_seen(a, s) for a, s in found[:JUDGED]])


def _seen(found: Found, stored: Stored) -> str:
    """What the judgement reads of an article."""
    return " ".join((stored.act_title, stored.title, _shown(found, stored)[0]))


def _shown(found: Found, stored: Stored) -> list[str]:
    """The passages found; the opening of an article to which only the guide or its number led."""
    numbers = found.passages[:PASSAGES_SHOWN] or [0]
    return [stored.text[slice(*stored.passages[number])] for number in numbers]


def _absent(
    snapshot: Snapshot, question: Question, excluded: Sequence[int], found: Sequence[tuple[Found, Stored]]
) -> Iterator[Notice]:
    """What the question names and is not there: acts, and articles of acts whose text was looked into."""
    yield from map(say.act_not_loaded, sorted(question.named - snapshot.manifest.acts))
    left_out = set(excluded)
    searched = {e.act for e in snapshot.manifest.editions if e.id not in left_out}
    there = {(stored.act, stored.article) for _, stored in found}
    named = dict.fromkeys((r.act, r.article) for r in question.references if r.act in searched)
    missing = (say.no_such_article(act or "", article) for act, article in named if (act, article) not in there)
    yield from islice(missing, MOST_NOTICES)


def _result(hits: tuple[Hit, ...], judgement: Judgement, notices: list[Notice]) -> SearchResult:
    reasons = [say.absent_subject(act) for act in judgement.absent]
    if judgement.reason is not None and not reasons:
        reasons = [say.notice(judgement.reason)]
    summaries = [say.notice(NoticeCode.SUMMARIES)] if any(hit.summary for hit in hits) else []
    answerable = bool(hits) and judgement.reason is None
    return SearchResult(hits, (*reasons, *notices, *summaries), round(judgement.confidence, 3), answerable)
