"""Search: a question in, distinct articles out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..corpus.model import EditionChoice
from ..corpus.queries import choose_editions
from ..law.guide import Guide
from ..storage.database import Database
from . import notices as say
from .fields import Stored
from .generations import Manifest
from .index import Index
from .model import Hit, Notice, NoticeCode, SearchResult
from .query import Question, read
from .refusal import Judgement, is_foreign, judge
from .snapshot import Found, Matching, Snapshot
from .strangers import introduce

PASSAGES_SHOWN = 3  # of one article
JUDGED = 3  # best articles that tell which documents a question is about
MOST_EXACT = 20  # articles that a question names: «ст. 1-1551» does not bury what else it says
MOST_NOTICES = 5
MOST_EDITIONS = 3  # told of in one notice


_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")

_Articles = Sequence[tuple[Found, Stored]]


@dataclass(frozen=True, slots=True)
class _Findings:
    """Articles found, the best first; those named by their number stand before the others."""

    articles: _Articles
    exact: int  # how many are named
    excluded: frozenset[int]  # editions not looked into
    matching: Matching


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

        With `on`, texts known to apply on that day; where none is, the last that began by then and may
        still have applied, with a notice that says so. Whether a question can be answered does not
        depend on the day.
        """
        question = read(query)
        if (useless := _useless(query, question)) is not None:
            return SearchResult((), (say.notice(useless),))
        snapshot = self._index.current()
        question = introduce(question, snapshot.manifest.editions)
        newest = _find(snapshot, question, {e.id for e in snapshot.manifest.editions if e.newest}, limit)
        dated, notices = (newest, []) if on is None else self._on(on, snapshot, question, newest, limit)
        named = bool(newest.exact or dated.exact)
        judgement = _judge(query, question, snapshot, newest, self._index.guide, named=named)
        hits = tuple(self._hit(a, s, exact=n < dated.exact) for n, (a, s) in enumerate(dated.articles[:limit]))
        if judgement.reason in {NoticeCode.FOREIGN, NoticeCode.NOT_LAW}:
            notices = []  # no edition would help
        return _result(hits, judgement, [*_absent(snapshot, question, dated), *notices])

    def refresh(self) -> Manifest:
        """Bring the index up to date now."""
        return self._index.refresh()

    def rebuild(self) -> Manifest:
        """Build the index anew. Raises LockBusyError when another process is building."""
        return self._index.rebuild()

    def close(self) -> None:
        self._index.close()

    def _on(
        self, day: dt.date, snapshot: Snapshot, question: Question, newest: _Findings, limit: int
    ) -> tuple[_Findings, list[Notice]]:
        """What is found in the texts of that day, and what to say where they are not known to be."""
        with self._database.reading() as connection:
            choices = choose_editions(connection, day)
        dated = _find(snapshot, question, {c.shown.id for c in choices if c.shown}, limit)
        unsure = _unsure(choices, question, dated.articles[:limit], newest.articles[:JUDGED])
        return dated, [say.editions_not_loaded(unsure, day)] if unsure else []

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


def _useless(text: str, question: Question) -> NoticeCode | None:
    """Why there is nothing to look for."""
    if not question.words and not question.references:
        return NoticeCode.EMPTY
    return None if _CYRILLIC.search(text) or not _LETTER.search(text) else NoticeCode.NOT_RUSSIAN


def _find(snapshot: Snapshot, question: Question, usable: set[int], limit: int) -> _Findings:
    """Articles of the usable editions, without those of acts that are only offered by name."""
    offered = {e.id for e in snapshot.manifest.editions if e.in_force or e.act in question.named}
    excluded = [e.id for e in snapshot.manifest.editions if e.id not in usable & offered]
    exact = list(_named(snapshot, question, excluded))
    matching = snapshot.matching(question, excluded) if question.words else Matching([])
    found = [*exact, *_others(matching.articles, exact)][: max(limit, JUDGED)]
    articles = list(zip(found, snapshot.stored([article.ordinal for article in found]), strict=True))
    if _names_only_absent(question, snapshot.manifest):  # what stands nearest would be another law
        articles = [(article, stored) for article, stored in articles if stored.act in question.named]
    return _Findings(articles, len(exact), frozenset(excluded), matching)


def _names_only_absent(question: Question, manifest: Manifest) -> bool:
    """Whether the question is nothing but the names of acts that are not loaded."""
    names = question.named or question.strangers
    return question.only_names and bool(names) and question.named.isdisjoint(manifest.acts)


def _unsure(
    choices: Sequence[EditionChoice], question: Question, shown: _Articles, now: _Articles
) -> list[EditionChoice]:
    """Documents that matter to the question and have no edition known to apply, the weightiest first.

    They matter when their text is shown, or when the best of today's articles are theirs.
    """
    unsure = {c.document_id: c for c in choices if c.edition is None}
    asked = {d for d, c in unsure.items() if not question.named or c.nearest.act_id in question.named}
    seen = [stored.document for _, stored in shown if stored.document in unsure and unsure[stored.document].likely]
    gone = [d for d in (stored.document for _, stored in now) if d in asked and not unsure[d].likely]
    matter = seen or gone or [d for d in sorted(asked) if question.named and not unsure[d].likely]
    return [unsure[d] for d in list(dict.fromkeys((*matter, *gone)))[:MOST_EDITIONS]]


def _named(snapshot: Snapshot, question: Question, excluded: Sequence[int]) -> Iterator[Found]:
    """Articles named by act and number, in the question's order."""
    named = dict.fromkeys((r.act, r.article) for r in question.references if r.act)
    for act, article in list(named)[:MOST_EXACT]:
        yield from snapshot.named(act, article, excluded)


def _others(found: Sequence[Found], exact: Sequence[Found]) -> Iterator[Found]:
    taken = {article.ordinal for article in exact}
    return (article for article in found if article.ordinal not in taken)


def _judge(
    text: str, question: Question, snapshot: Snapshot, findings: _Findings, guide: Guide, *, named: bool
) -> Judgement:
    """What is named needs no judgement: it is there or it is not."""
    absent = _names_only_absent(question, snapshot.manifest) and not findings.articles and not is_foreign(text)
    if named or not question.words or absent:
        return Judgement(float(named))
    return judge(text, findings.matching, guide, snapshot)


def _shown(found: Found, stored: Stored) -> list[str]:
    """The passages found; the opening of an article to which only the guide or its number led."""
    numbers = found.passages[:PASSAGES_SHOWN] or [0]
    return [stored.text[slice(*stored.passages[number])] for number in numbers]


def _absent(snapshot: Snapshot, question: Question, findings: _Findings) -> Iterator[Notice]:
    """What the question names and is not there: acts, and articles of acts whose text was looked into."""
    yield from map(say.act_not_loaded, sorted(question.named - snapshot.manifest.acts))
    yield from (say.stranger_not_loaded(name) for name in _strangers(question))
    searched = {e.act for e in snapshot.manifest.editions if e.id not in findings.excluded}
    there = {(stored.act, stored.article) for _, stored in findings.articles}
    named = dict.fromkeys((r.act, r.article) for r in question.references if r.act in searched)
    missing = (say.no_such_article(act or "", article) for act, article in named if (act, article) not in there)
    yield from islice(missing, MOST_NOTICES)


def _strangers(question: Question) -> list[str]:
    """Names of unknown acts: with an article or a number beyond doubt, and where nothing else is asked."""
    bound = {r.stranger for r in question.references}
    names = (s.name for s in question.strangers if s in bound or s.number or question.only_names)
    return list(dict.fromkeys(names))[:MOST_NOTICES]


def _result(hits: tuple[Hit, ...], judgement: Judgement, notices: list[Notice]) -> SearchResult:
    reasons = []
    if judgement.subject is not None:
        reasons = [say.absent_subject(judgement.subject)]
    elif judgement.reason is not None:
        reasons = [say.notice(judgement.reason)]
    answerable = bool(hits) and judgement.reason is None
    return SearchResult(
        hits, (*reasons, *notices, *say.summaries(hits)), round(judgement.confidence if hits else 0.0, 3), answerable
    )
