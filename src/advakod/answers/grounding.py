"""Every reference in an answer, looked up in the law that the answer was written from (DESIGN §2)."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection

from ..corpus import queries
from ..corpus.model import ArticleText, Edition
from ..engine.interface import Source
from ..law.citations import Reference, find_references
from ..law.model import ActStatus, Kind, Provision
from ..law.numbers import normalise, segment
from .composing.names import is_article
from .model import Citation, Context

MOST_UNITS = 100  # different articles looked up for one answer; what rubbish names beyond them is not reported
MOST_MARKS = 1_000  # references reported for one answer
LONGEST_RANGE = 20  # «[1-20]»; no answer has more sources

_BRACKETS = re.compile(r"\[\s{0,3}[0-9]{1,3}(?:\s{0,3}[,;–—-]\s{0,3}[0-9]{1,3}){0,30}\s{0,3}\]")
_NUMBERS = re.compile(r"([0-9]{1,3})(?:\s*[–—-]\s*([0-9]{1,3}))?")
_THIS_ACT = re.compile(r"\s{1,3}настоящ(?:его|ему|им)\s", re.IGNORECASE)
_NUMBERED = frozenset({Kind.PART, Kind.POINT, Kind.SUBPOINT})


@dataclass(frozen=True, slots=True)
class _Mark:
    """`[n]` as it stands in the answer."""

    n: int
    start: int
    end: int


def check(connection: Connection, text: str, context: Context, as_of: dt.date | None) -> list[Citation]:
    """Citations in the order in which they stand; a reference made twice is there twice.

    Reads each article named once. Whatever the text is, this does not raise.
    """
    marks = list(islice(_marks(text), MOST_MARKS))
    references = list(islice(_references(text), MOST_MARKS))
    if not marks and not references:
        return []
    law = _Law(connection, context, as_of)
    found = [_of_mark(law, text, mark) for mark in marks]
    found += [_of_reference(law, text, reference, marks) for reference in references]
    return sorted((c for c in found if c is not None), key=lambda c: (c.start, c.end))


def _references(text: str) -> Iterator[Reference]:
    """Line by line: a heading's article has nothing to do with the act that the line above ended with."""
    position = 0
    for line in text.split("\n"):
        for found in find_references(line):
            yield replace(found, start=found.start + position, end=found.end + position)
        position += len(line) + 1


def _marks(text: str) -> Iterator[_Mark]:
    """Each number of `[1]`, `[1, 3]`, `[2–4]`; alone in its brackets it takes them along."""
    for group in _BRACKETS.finditer(text):
        numbers = list(_NUMBERS.finditer(text, group.start(), group.end()))
        for match in numbers:
            start, end = group.span() if len(numbers) == 1 else match.span()
            yield from (_Mark(n, start, end) for n in _range(match[1], match[2]))


def _range(first: str, last: str | None) -> Iterable[int]:
    low, high = int(first), int(last or first)
    return range(low, high + 1) if 0 <= high - low < LONGEST_RANGE else (low, high)


class _Law:
    """The editions that an answer was written from, else those in force; and what it was given of them."""

    def __init__(self, connection: Connection, context: Context, as_of: dt.date | None) -> None:
        self.sources = context.sources
        self._connection = connection
        self._editions = _editions(connection, context.sources, as_of)
        self._units: dict[tuple[str, str], ArticleText | None] = {}

    @property
    def is_full(self) -> bool:
        return len(self._units) >= MOST_UNITS

    def has_act(self, act: str) -> bool:
        return act in self._editions

    def source(self, n: int) -> Source | None:
        return next((s for s in self.sources if s.n == n), None)

    def given(self, act: str, article: str) -> Source | None:
        """The source that holds the article; the act's text before a summary of it."""
        in_points = self._is_in_points(act)
        held = [s for s in self.sources if s.act == act and s.article == article and (in_points or is_article(s))]
        return min(held, key=lambda s: s.summary, default=None)

    def unit(self, act: str, address: str) -> ArticleText | None:
        key = (act, address)
        if key not in self._units:
            texts = (queries.unit_of(self._connection, e, address) for e in self._editions.get(act, ()))
            self._units[key] = next((t for t in texts if t is not None), None)
        return self._units[key]

    def article(self, act: str, number: str) -> ArticleText | None:
        """The article; in an act that has none («п. 10.3 ПДД») the point."""
        if not self._is_in_points(act):
            return self.unit(act, segment(Kind.ARTICLE, number))
        given = self.given(act, number)
        return self.unit(act, _inside_act(given.address) if given else segment(Kind.POINT, number))

    def _is_in_points(self, act: str) -> bool:
        return all(e.in_points for e in self._editions[act]) if act in self._editions else False


def _editions(connection: Connection, sources: Sequence[Source], as_of: dt.date | None) -> dict[str, list[Edition]]:
    """By act, one edition a document: the one that a source came from, else the one for the date."""
    chosen = {c.document_id: c.edition or c.nearest for c in queries.choose_editions(connection, as_of)}
    used = {(s.act, s.edition_date) for s in sources if not s.summary}
    for edition in queries.editions(connection):
        date = edition.edition_date.isoformat() if edition.edition_date else ""
        if (edition.act_id, date) in used:
            chosen[edition.document_id] = edition
    by_act: dict[str, list[Edition]] = defaultdict(list)
    for edition in chosen.values():
        by_act[edition.act_id].append(edition)
    return by_act


def _of_mark(law: _Law, text: str, mark: _Mark) -> Citation | None:
    source = law.source(mark.n)
    words = text[mark.start : mark.end]
    if source is None:  # the answer counts further than its sources go
        return Citation(None, None, None, "no_such_provision", words, mark.start, mark.end)
    return Citation(
        act=source.act,
        article=source.article or None,
        address=source.address,
        verdict=_verdict_on_source(law, source),
        text=words,
        start=mark.start,
        end=mark.end,
        source=source.n,
        title=source.title,
        edition_date=source.edition_date,
    )


def _verdict_on_source(law: _Law, source: Source) -> str:
    if source.summary:
        return "summary"
    if not law.has_act(source.act):
        return "act_not_loaded"
    unit = law.unit(source.act, _inside_act(source.address))
    if unit is None:
        return "no_such_provision"
    return "repealed" if _is_repealed(unit) else "verified"


def _inside_act(address: str) -> str:
    """`ru/zozpp@2023-08-04/pre` → `pre`."""
    return address.split("/", 2)[-1]


def _is_repealed(unit: ArticleText) -> bool:
    return unit.repealed or unit.status is ActStatus.REPEALED


def _of_reference(law: _Law, text: str, reference: Reference, marks: Sequence[_Mark]) -> Citation | None:
    if law.is_full:
        return None
    words = text[reference.start : reference.end]
    act = reference.act or _act_meant(law, text, reference, marks)
    if act is None:
        return Citation(None, reference.article, None, "ambiguous", words, reference.start, reference.end)
    source = law.given(act, reference.article)
    unit = law.article(act, reference.article)
    verdict = _verdict(law, act, reference, source, unit)
    return Citation(
        act=act,
        article=reference.article,
        address=_address(reference, source, unit),
        verdict=verdict,
        text=words,
        start=reference.start,
        end=reference.end,
        source=source.n if source else None,
        title=source.title if source else unit.heading if unit else "",
        edition_date=_edition_date(source, unit),
    )


def _act_meant(law: _Law, text: str, reference: Reference, marks: Sequence[_Mark]) -> str | None:
    """The act of an article named without one."""
    beside = _source_beside(law, text, reference.end, marks)
    # CASE 1: «статьёй 20 настоящего Закона (п. 1 ст. 18) [1]»: the quotation's own act
    if beside and _THIS_ACT.match(text, reference.end):
        return beside.act
    # CASE 2: «по статье 18 можно [2]»
    if beside and beside.article == reference.article:
        return beside.act
    holding = {s.act for s in law.sources if s.article == reference.article and is_article(s)}
    # CASE 3: of the articles that were given, one or several have this number
    if holding:
        return holding.pop() if len(holding) == 1 else None
    # CASE 4: «статьи 159 …» in what was taken from [1]
    if beside and law.article(beside.act, reference.article) is not None:
        return beside.act
    # CASE 5: of the acts that were given, one has such an article
    having = {a for a in {s.act for s in law.sources} if law.article(a, reference.article) is not None}
    return having.pop() if len(having) == 1 else None


def _source_beside(law: _Law, text: str, position: int, marks: Sequence[_Mark]) -> Source | None:
    """The source of the first `[n]` that follows on the same line."""
    line_end = text.find("\n", position)
    line_end = len(text) if line_end < 0 else line_end
    mark = next((m for m in marks if position <= m.start < line_end), None)
    return law.source(mark.n) if mark else None


def _verdict(law: _Law, act: str, reference: Reference, source: Source | None, unit: ArticleText | None) -> str:
    if source is not None and source.summary:
        return "summary"
    if not law.has_act(act):
        return "act_not_loaded"
    part = _part(unit, reference) if unit else None
    if unit is None or part is None:
        return "no_such_provision"
    if part.repealed or _is_repealed(unit):
        return "repealed"
    return "verified" if source else "not_in_context"


def _part(unit: ArticleText, reference: Reference) -> Provision | None:
    """The part or point that is named, the article itself where none is; None: it has no such one.

    What is printed as «1.» is a point in some acts and a part in others, and people mix the words up:
    the numbers decide, and the words only between several. An article in one piece has a part 1, itself.
    """
    wanted = [normalise(n) or n for n in (reference.part, reference.point) if n]
    if not wanted:
        return unit.provisions[0]
    numbered = {p.address: p for p in unit.provisions if p.kind in _NUMBERED}
    found = [p for p in numbered.values() if _chain(p.address, numbered)[-len(wanted) :] == wanted]
    if not found:
        return unit.provisions[0] if not numbered and wanted == ["1"] else None
    named = (Kind.POINT, Kind.SUBPOINT) if reference.point else (Kind.PART,)
    return min(found, key=lambda p: (p.kind not in named, p.address.count("/")))


def _chain(address: str, numbered: Mapping[str, Provision]) -> list[str]:
    """Numbers on the way to a provision: `st81/ch1/p6` → 1, 6."""
    steps = address.split("/")
    heads = ("/".join(steps[:length]) for length in range(1, len(steps) + 1))
    return [numbered[head].number for head in heads if head in numbered]


def _address(reference: Reference, source: Source | None, unit: ArticleText | None) -> str | None:
    part = _part(unit, reference) if unit else None
    if unit is None or part is None:
        return source.address if source else None
    return unit.address + part.address.removeprefix(unit.provisions[0].address)


def _edition_date(source: Source | None, unit: ArticleText | None) -> str:
    if source is not None:
        return source.edition_date
    return unit.edition_date.isoformat() if unit and unit.edition_date else ""
