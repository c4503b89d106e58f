"""What the reader of acts is told, as it goes over the wire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..corpus.assembly import CONTAINERS, line_title
from ..corpus.concordance import Unit
from ..corpus.model import Act, ContentsLine, Document, Edition, Neighbour, Reading
from ..law.acts import by_id
from ..law.guide import Entry
from ..law.model import ActStatus, Kind
from ..search.fields import act_title


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFacts:
    """Редакция документа."""

    edition_date: dt.date | None
    in_force_from: dt.date | None
    in_force_to: dt.date | None  # the last day
    articles: int  # 0: an act made of points
    source_name: str
    ingested_at: float
    old: bool  # older than ADVAKOD_EDITION_WARN days


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """Документ акта: сам акт или часть кодекса."""

    id: str
    title: str
    part: int  # 0: not in parts
    number: str
    editions: list[EditionFacts]  # the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDocument(DocumentFacts):
    """Документ и его редакция, которая показана."""

    edition: EditionFacts | None  # None: none is known to apply on the date


@dataclass(frozen=True, slots=True, kw_only=True)
class ActFacts:
    """Акт."""

    id: str
    type: str
    title: str  # «О защите прав потребителей»
    name: str  # «Закон РФ «О защите прав потребителей»»
    number: str
    date: dt.date | None
    status: ActStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedAct(ActFacts):
    """Загруженный акт с документами и редакциями."""

    documents: list[DocumentFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideFacts:
    """Акт в путеводителе: краткие пересказы статей."""

    id: str
    title: str
    edition_date: dt.date
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LawReply:
    """Что загружено и что пересказано."""

    acts: list[LoadedAct]
    guide: list[GuideFacts]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """Строка оглавления; `place` нет у раздела или главы без собственного текста."""

    place: str | None
    address: str
    kind: Kind
    number: str
    title: str
    level: int
    repealed: bool
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActReply(ActFacts):
    """Акт с оглавлением. `summary`: текст не загружен, показаны пересказы."""

    summary: bool
    documents: list[OpenedDocument]
    contents: list[LineFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitFacts:
    """Найденная статья."""

    place: str
    title: str
    excerpt: str
    path: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsReply:
    """Что найдено внутри акта; `total` считает и то, что не поместилось."""

    hits: list[HitFacts]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionFacts:
    """Часть статьи. Первая из них — сама статья, её `level` 0."""

    address: str
    kind: Kind
    label: str  # the number as printed: «1.», «а)»
    text: str
    level: int
    notes: list[str]
    repealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Пересказ статьи; суммы и сроки только там, где текст статьи тот же, что при пересказе."""

    summary: str
    figures: list[str]
    edition_date: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleReply:
    """Статья целиком. `focus` — адрес части, которую просили."""

    act: ActFacts
    edition: EditionFacts | None
    place: str
    url: str
    address: str
    focus: str | None
    kind: Kind
    number: str
    heading: str
    title: str
    path: list[str]
    repealed: bool
    summary: bool
    text: str
    provisions: list[ProvisionFacts]
    previous: Neighbour | None
    next: Neighbour | None
    guide: Aside | None


# -- from the corpus ------------------------------------------------------------------------------


def edition_facts(edition: Edition, oldest: dt.date) -> EditionFacts:
    """`oldest`: an edition before this day is old; one without a date is not called so."""
    return EditionFacts(
        edition_date=edition.edition_date,
        in_force_from=edition.in_force_from,
        in_force_to=edition.in_force_to,
        articles=edition.articles,
        source_name=edition.source_name,
        ingested_at=edition.ingested_at,
        old=edition.edition_date is not None and edition.edition_date < oldest,
    )


def act_facts(act: Act) -> ActFacts:
    name = act_title(act.type, act.title)
    return ActFacts(
        id=act.id, type=act.type, title=act.title, name=name, number=act.number, date=act.date, status=act.status
    )


def loaded_act(act: Act, oldest: dt.date) -> LoadedAct:
    documents = [DocumentFacts(**_document(document, oldest)) for document in act.documents]
    return LoadedAct(**_fields(act_facts(act)), documents=documents)


def act_reply(act: Act, opened: Sequence[tuple[Edition, list[ContentsLine]]], oldest: dt.date) -> ActReply:
    shown = {edition.document_id: edition_facts(edition, oldest) for edition, _ in opened}
    documents = [OpenedDocument(**_document(d, oldest), edition=shown.get(d.id)) for d in act.documents]
    contents = [_line(line, edition.document_id) for edition, lines in opened for line in lines]
    return ActReply(**_fields(act_facts(act)), summary=False, documents=documents, contents=contents)


def article_reply(act: Act, reading: Reading, entry: Entry | None, oldest: dt.date) -> ArticleReply:
    text, unit = reading.text, reading.text.provisions[0]
    named = unit.kind is Kind.ARTICLE or unit.kind in CONTAINERS
    figures = list(entry.figures_beside(text.text)) if entry else []
    aside = Aside(summary=entry.summary, figures=figures, edition_date=entry.edition_date) if entry else None
    return ArticleReply(
        act=act_facts(act),
        edition=edition_facts(reading.edition, oldest),
        place=reading.place,
        url=f"/law/{act.id}/{reading.place}",
        address=text.address,
        focus=reading.focus,
        kind=text.kind,
        number=text.number,
        heading=text.heading if named else "",
        title=f"Пункт {text.number}" if text.kind is Kind.POINT else line_title(unit.kind, *_words(reading)),
        path=list(text.path),
        repealed=text.repealed,
        summary=False,
        text=text.text,
        provisions=list(_provisions(reading)),
        previous=reading.previous,
        next=reading.next,
        guide=aside,
    )


def _words(reading: Reading) -> tuple[str, str, str]:
    return reading.text.number, reading.text.heading, reading.text.provisions[0].text


def _provisions(reading: Reading) -> Iterator[ProvisionFacts]:
    levels: list[int] = []
    for provision in reading.text.provisions:
        above = provision.parent - reading.text.ordinal  # `parent` counts within the edition
        levels.append(levels[above] + 1 if levels else 0)
        label = "" if provision.kind is Kind.ARTICLE or provision.kind in CONTAINERS else provision.heading
        yield ProvisionFacts(
            address=provision.address,
            kind=provision.kind,
            label=label,
            text=provision.text,
            level=levels[-1],
            notes=list(provision.notes),
            repealed=provision.repealed,
        )


def _document(document: Document, oldest: dt.date) -> dict[str, Any]:
    editions = [edition_facts(edition, oldest) for edition in document.editions]
    facts = {"id": document.id, "title": document.title, "part": document.part, "number": document.number}
    return facts | {"editions": editions}


def _line(line: ContentsLine, document: str) -> LineFacts:
    return LineFacts(line.place, line.address, line.kind, line.number, line.title, line.level, line.repealed, document)


def _fields(facts: ActFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in ActFacts.__dataclass_fields__}


# -- from the everyday guide ----------------------------------------------------------------------


def guide_facts(entries: Sequence[Entry]) -> list[GuideFacts]:
    """One an act, in the order of the guide."""
    by_act: dict[str, list[Entry]] = {}
    for entry in entries:
        by_act.setdefault(entry.act, []).append(entry)
    return [
        GuideFacts(id=act, title=_known(act).name, edition_date=held[0].edition_date, articles=len(held))
        for act, held in by_act.items()
    ]


def guide_units(entries: Sequence[Entry]) -> list[Unit]:
    return [Unit(entry.article, _title(entry), (), entry.summary) for entry in entries]


def guide_act(act: str, entries: Sequence[Entry]) -> ActReply:
    """An act of which only summaries are there."""
    lines = [LineFacts(e.article, f"st{e.article}", Kind.ARTICLE, e.article, _title(e), 0, False, act) for e in entries]
    return ActReply(**_fields(_known(act)), summary=True, documents=[], contents=lines)


def guide_article(entry: Entry, entries: Sequence[Entry]) -> ArticleReply:
    """A summary that stands for its article. No figures: there is no text that they could be held against."""
    at = entries.index(entry)
    own = ProvisionFacts(
        address=f"st{entry.article}", kind=Kind.ARTICLE, label="", text=entry.summary, level=0, notes=[], repealed=False
    )
    return ArticleReply(
        act=_known(entry.act),
        edition=None,
        place=entry.article,
        url=f"/law/{entry.act}/{entry.article}",
        address=f"ru/{entry.act}@{entry.edition_date.isoformat()}/st{entry.article}",
        focus=None,
        kind=Kind.ARTICLE,
        number=entry.article,
        heading=entry.title,
        title=_title(entry),
        path=[],
        repealed=False,
        summary=True,
        text=entry.summary,
        provisions=[own],
        previous=_beside(entries, at - 1),
        next=_beside(entries, at + 1),
        guide=Aside(summary=entry.summary, figures=[], edition_date=entry.edition_date),
    )


def _beside(entries: Sequence[Entry], index: int) -> Neighbour | None:
    return Neighbour(entries[index].article, _title(entries[index])) if 0 <= index < len(entries) else None


def _title(entry: Entry) -> str:
    return line_title(Kind.ARTICLE, entry.article, entry.title, "")


def _known(act: str) -> ActFacts:
    """What the registry knows of an act that is not loaded."""
    known = by_id(act)
    if known is None:
        return ActFacts(id=act, type="", title=act, name=act, number="", date=None, status=ActStatus.IN_FORCE)
    own = known.identity()
    name = act_title(own.type, own.title)
    return ActFacts(
        id=act, type=own.type, title=own.title, name=name, number=own.number, date=own.date, status=own.status
    )
