"""Search: a question in, distinct articles out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..corpus.queries import choose_editions
from ..law.guide import Guide
from ..storage.database import Database
from . import notices as say
from .fields import NO_EDITION, Stored
from .generations import Manifest
from .index import Index
from .model import Hit, Notice, NoticeCode, SearchResult
from .query import Question, by_reference, by_words, read, without_editions
from .refusal import JUDGED, Judgement, judge
from .snapshot import Found, Snapshot

PASSAGES_READ = 60  # best passages looked at: a long article may have several among them
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
        found = exact + [f for f in _matching(snapshot, question, excluded) if all(f.ordinal != e.ordinal for e in exact)]
        stored = [(f, snapshot.stored(f.ordinal)) for f in found[: max(limit, JUDGED)]]
        hits = tuple(self._hit(f, s, exact=n < len(exact)) for n, (f, s) in enumerate(stored[:limit]))
        judgement = Judgement(1.0) if exact else judge(query, question, snapshot, [_seen(f, s) for f, s in stored[:JUDGED]])
        return _result(hits, judgement, [*_absent(snapshot.manifest, question, exact), *notices])

    def refresh(self) -> Manifest:
        """Bring the index up to date now."""
        return self._index.refresh()

    def rebuild(self) -> Manifest:
        """Build the index anew. Raises LockBusyError when another process is building."""
        return self._index.rebuild()

    def close(self) -> None:
        self._index.close()

    def _excluded(
        self, manifest: Manifest, question: Question, on: dt.date | None
    ) -> tuple[list[int], list[Notice]]:
        """Editions that are not to be offered, and what to say about them."""
        usable = {e.id for e in manifest.editions if e.newest}
        notices: list[Notice] = []
        if on is not None:
            with self._database.reading() as connection:
                choices = choose_editions(connection, on)
            usable = {c.edition.id for c in choices if c.edition is not None}
            notices = list(say.editions_not_loaded(choices, on))[:MOST_NOTICES]
        offered = (e for e in manifest.editions if e.in_force or e.act in question.acts)
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
            passages=tuple(stored.text[start:end] for start, end in found.spans[:PASSAGES_SHOWN]),
            exact=exact,
            summary=stored.summary,
            repealed=stored.repealed,
            guide=entry.summary if entry else "",
            figures=entry.figures if entry and (stored.figures or stored.summary) else (),
        )


def _named(snapshot: Snapshot, question: Question, excluded: Sequence[int]) -> Iterator[Found]:
    """Articles named by act and number, in the question's order."""
    named = dict.fromkeys((r.act, r.article) for r in question.references if r.act)
    for act, article in list(named)[:MOST_EXACT]:
        query = without_editions(snapshot.schema, by_reference(snapshot.schema, act or "", article), excluded)
        yield from snapshot.articles(query, 1)


def _matching(snapshot: Snapshot, question: Question, excluded: Sequence[int]) -> list[Found]:
    if not question.words:
        return []
    return snapshot.articles(without_editions(snapshot.schema, by_words(snapshot.schema, question), excluded), PASSAGES_READ)


def _seen(found: Found, stored: Stored) -> str:
    """What the judgement reads of an article."""
    return " ".join((stored.act_title, stored.title, *(stored.text[start:end] for start, end in found.spans[:1])))


def _absent(manifest: Manifest, question: Question, exact: Sequence[Found]) -> Iterator[Notice]:
    """Named acts that are not loaded."""
    for act in sorted(question.acts - manifest.acts):
        yield say.act_not_loaded(act)


def _result(hits: tuple[Hit, ...], judgement: Judgement, notices: list[Notice]) -> SearchResult:
    if judgement.reason is not None:
        notices = [say.notice(judgement.reason), *notices]
    if any(hit.summary for hit in hits):
        notices = [*notices, say.notice(NoticeCode.SUMMARIES)]
    answerable = bool(hits) and judgement.reason is None
    return SearchResult(hits, tuple(notices), round(judgement.confidence, 3), answerable)
