"""Questions to the corpus. Every function takes a connection and sees complete editions only."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import Connection, Row, Select, select

from ..law.model import ActStatus, Kind, Provision
from ..law.numbers import segment
from ..storage import schema as s
from .assembly import articles_of, assemble
from .model import Act, ArticleText, Document, Edition, EditionChoice

GENERATION_KEY = "corpus_generation"


def generation(connection: Connection) -> int:
    """Grows with every change of the corpus; what was built from it is fresh while this is the same."""
    value = connection.scalar(select(s.meta.c.value).where(s.meta.c.key == GENERATION_KEY))
    return int(value or 0)


def editions(connection: Connection, act_id: str | None = None) -> list[Edition]:
    """All editions, or those of one act, by document, the newest first."""
    query = _edition_query().where(s.edition.c.complete)
    rows = connection.execute(query if act_id is None else query.where(s.document.c.act_id == act_id))
    return sorted(map(_edition, rows), key=lambda e: (e.document_id, _backwards(e)))


def acts(connection: Connection, act_id: str | None = None) -> list[Act]:
    """Acts with a complete edition, or that one; in force before repealed and foreign, then by title."""
    by_document = defaultdict[str, list[Edition]](list)
    for found in editions(connection, act_id):
        by_document[found.document_id].append(found)
    documents = defaultdict[str, list[Document]](list)
    held = select(s.document).where(s.document.c.id.in_(by_document)).order_by(s.document.c.part)
    for row in connection.execute(held):
        texts = tuple(by_document[row.id])
        documents[row.act_id].append(Document(row.id, row.title, row.part, row.number, texts))
    rows = connection.execute(select(s.act).where(s.act.c.id.in_(documents)))
    held_acts = (
        Act(row.id, row.type, row.title, row.number, row.date, ActStatus(row.status), tuple(documents[row.id]))
        for row in rows
    )
    return sorted(held_acts, key=lambda act: (act.status is not ActStatus.IN_FORCE, act.title))


def choose_editions(
    connection: Connection, on: dt.date | None = None, act_id: str | None = None
) -> list[EditionChoice]:
    """One choice a document. Without a date the newest edition; with one, the newest known to apply then.

    Repealed and foreign acts are chosen too: look at `status` before offering one as the law in force.
    """
    by_document = groupby(editions(connection, act_id), key=lambda e: e.document_id)
    return [_choose(document, list(found), on) for document, found in by_document]


def current_editions(connection: Connection, on: dt.date | None = None) -> list[Edition]:
    """The editions to use; a document with none known to apply on the date is left out."""
    return [c.edition for c in choose_editions(connection, on) if c.edition is not None]


def provisions(connection: Connection, edition_id: int) -> list[Provision]:
    """An edition in reading order; `parent` is an index into this list."""
    return list(map(_provision, connection.execute(_provision_query(edition_id))))


def article_texts(connection: Connection, edition: Edition) -> Iterator[ArticleText]:
    """Every unit that search returns, in reading order: articles, preambles, points of an act without articles."""
    return articles_of(edition, provisions(connection, edition.id))


def article(connection: Connection, act_id: str, number: str, on: dt.date | None = None) -> ArticleText | None:
    """An article by its normalised number, as of the date; None also when no edition is known to apply then."""
    return unit(connection, act_id, segment(Kind.ARTICLE, number), on)


def unit(connection: Connection, act_id: str, address: str, on: dt.date | None = None) -> ArticleText | None:
    """A provision by its address in the act («st81», «pre», «st81/ch1/p6»), put together with what is below it."""
    for found in (e for e in current_editions(connection, on) if e.act_id == act_id):
        text = unit_of(connection, found, address)
        if text is not None:
            return text
    return None


def unit_of(connection: Connection, edition: Edition, address: str) -> ArticleText | None:
    """The same in one edition."""
    found = provision_at(connection, edition, address)
    if found is None:
        return None
    below = _subtree(connection, edition.id, found[0])
    return assemble(edition, found[0], below, ancestors(connection, edition, below[0].parent))


def provision_at(connection: Connection, edition: Edition, address: str) -> tuple[int, Provision] | None:
    """One provision by its address in the act, without what is below it, and its ordinal."""
    row = connection.execute(_provision_query(edition.id).where(s.provision.c.address == address).limit(1)).first()
    return None if row is None else (row.ordinal, _provision(row))


def ancestors(connection: Connection, edition: Edition, parent: int) -> list[Provision]:
    """The provision with the ordinal `parent` and those that enclose it, the outermost first."""
    found: list[Provision] = []
    while parent >= 0:
        row = connection.execute(_provision_query(edition.id).where(s.provision.c.ordinal == parent)).one()
        found.append(_provision(row))
        parent = row.parent
    return found[::-1]


def _subtree(connection: Connection, edition_id: int, ordinal: int) -> list[Provision]:
    """A provision and what is below it: the rows that follow until one hangs higher."""
    c = s.provision.c
    outside = select(c.ordinal).where(c.edition_id == edition_id, c.ordinal > ordinal, c.parent < ordinal)
    end = connection.scalar(outside.order_by(c.ordinal).limit(1))
    rows = _provision_query(edition_id).where(c.ordinal >= ordinal)
    return list(map(_provision, connection.execute(rows if end is None else rows.where(c.ordinal < end))))


def _choose(document: str, found: Sequence[Edition], on: dt.date | None) -> EditionChoice:
    if on is None:
        return EditionChoice(document, found[0], found[0])
    begun = sorted((e for e in found if e.start and e.start <= on), key=lambda e: e.start or on, reverse=True)
    last = begun[0] if begun else None
    # An older edition that a later one has followed is known to apply only where its end is known too.
    known = next((e for e in begun if e.known_on(on) and (e is last or e.in_force_to)), None)
    if known is not None:
        return EditionChoice(document, known, known)
    likely = last is not None and last.in_force_to is None
    nearest = last if last and likely else min(found, key=lambda e: _distance(e, on))
    return EditionChoice(document, None, nearest, likely)


def _distance(edition: Edition, on: dt.date) -> int:
    return abs((on - edition.start).days) if edition.start else 10**9


def _backwards(edition: Edition) -> int:
    return -edition.edition_date.toordinal() if edition.edition_date else 0


def _edition_query() -> Select[tuple[object, ...]]:
    joined = s.edition.join(s.document).join(s.act)
    return select(
        s.edition,
        s.document.c.act_id,
        s.document.c.number,
        s.document.c.part,
        s.document.c.date.label("act_date"),
        s.act.c.type.label("act_type"),
        s.act.c.title.label("act_title"),
        s.act.c.status,
    ).select_from(joined)


def _edition(row: Row[tuple[object, ...]]) -> Edition:
    facts = {name: row._mapping[name] for name in Edition.__dataclass_fields__}
    return Edition(**(facts | {"status": ActStatus(facts["status"])}))


def _provision_query(edition_id: int) -> Select[tuple[object, ...]]:
    return select(s.provision).where(s.provision.c.edition_id == edition_id).order_by(s.provision.c.ordinal)


def _provision(row: Row[tuple[object, ...]]) -> Provision:
    m = row._mapping
    return Provision(
        m["address"],
        Kind(m["kind"]),
        m["number"],
        m["heading"],
        m["text"],
        m["parent"],
        tuple(m["notes"]),
        m["repealed"],
    )
