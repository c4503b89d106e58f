"""Questions to the corpus. Every function takes a connection and sees complete editions only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import Connection, Row, Select, select

from ..law.model import ActStatus, Kind, Provision
from ..law.numbers import segment
from ..storage import schema as s
from .assembly import articles_of, assemble
from .model import ArticleText, Edition, EditionChoice

GENERATION_KEY = "corpus_generation"


def generation(connection: Connection) -> int:
    """Grows with every change of the corpus; what was built from it is fresh while this is the same."""
    value = connection.scalar(select(s.meta.c.value).where(s.meta.c.key == GENERATION_KEY))
    return int(value or 0)


def editions(connection: Connection) -> list[Edition]:
    """All editions, by document, the newest first."""
    rows = connection.execute(_edition_query().where(s.edition.c.complete))
    return sorted(map(_edition, rows), key=lambda e: (e.document_id, _backwards(e)))


def choose_editions(connection: Connection, on: dt.date | None = None) -> list[EditionChoice]:
    """One choice a document. Without a date the newest edition; with one, the newest known to apply then.

    Repealed and foreign acts are chosen too: look at `status` before offering one as the law in force.
    """
    by_document = groupby(editions(connection), key=lambda e: e.document_id)
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
    c = s.provision.c
    ordinal = connection.scalar(
        select(c.ordinal).where(c.edition_id == edition.id, c.address == address).order_by(c.ordinal).limit(1)
    )
    if ordinal is None:
        return None
    below = _subtree(connection, edition.id, ordinal)
    return assemble(edition, ordinal, below, _ancestors(connection, edition.id, below[0].parent))


def _subtree(connection: Connection, edition_id: int, ordinal: int) -> list[Provision]:
    """A provision and what is below it: the rows that follow until one hangs higher."""
    c = s.provision.c
    outside = select(c.ordinal).where(c.edition_id == edition_id, c.ordinal > ordinal, c.parent < ordinal)
    end = connection.scalar(outside.order_by(c.ordinal).limit(1))
    rows = _provision_query(edition_id).where(c.ordinal >= ordinal)
    return list(map(_provision, connection.execute(rows if end is None else rows.where(c.ordinal < end))))


def _ancestors(connection: Connection, edition_id: int, parent: int) -> list[Provision]:
    """Enclosing provisions, the outermost first."""
    found: list[Provision] = []
    while parent >= 0:
        row = connection.execute(_provision_query(edition_id).where(s.provision.c.ordinal == parent)).one()
        found.append(_provision(row))
        parent = row.parent
    return found[::-1]


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
