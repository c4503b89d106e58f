"""A parsed document into the database, in transactions short enough for streams to keep moving.

An edition is written as incomplete and without its date, so that readers skip it and a stored edition
of the same date is not touched; the last transaction makes it complete and, when it replaces another,
deletes that. A crash leaves an incomplete edition, which the next ingest of the document removes.
Of two processes that store one document at once, the later to begin wins; the other is told so.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Integer, String, cast, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..corpus.queries import GENERATION_KEY
from ..corpus.queries import provisions as stored_provisions
from ..law import acts
from ..law.model import ActIdentity, ActStatus, ParsedDocument, Provision
from ..law.parsing import Parsed
from ..storage import schema as s
from ..storage.database import Database
from ..storage.errors import storage_errors
from .errors import BeingIngestedError, EditionConflictError
from .model import IngestOptions, Status

T = TypeVar("T")

_ABANDONED = 3_600.0  # seconds; an incomplete edition this old belongs to no running ingest
_CHUNK = 250  # provisions in the first transaction; the following adapt to the time that takes
_TARGET = 0.08  # seconds a transaction should take; the promise is 0.2, and machines stutter
_LARGEST = 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """A stored edition that stands in the way of the new one."""

    id: int
    sha256: str
    in_force_from: dt.date | None
    in_force_to: dt.date | None
    edition_date: dt.date | None


_FOUND = tuple(s.edition.c[name] for name in ("id", "source_sha256", "in_force_from", "in_force_to", "edition_date"))


def document_id(act: ActIdentity) -> str:
    """The act's id; `gk-1` for a part of a code in parts."""
    return f"{act.id}-{act.part}" if act.part else act.id


def known_file(connection: Connection, sha256: str) -> tuple[str, str, dt.date | None, int] | None:
    """Act id, title, edition date and articles of a complete edition that came from the same bytes."""
    query = (
        select(s.act.c.id, s.act.c.title, s.edition.c.edition_date, s.edition.c.articles)
        .select_from(s.edition.join(s.document).join(s.act))
        .where(s.edition.c.source_sha256 == sha256, s.edition.c.complete)
    )
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1], row[2], row[3])


def store(
    database: Database,
    parsed: Parsed,
    source: tuple[str, str],
    options: IngestOptions,
    on_share: Callable[[float], None],
) -> Status:
    """Store an edition whole or not at all. `source` is the file's name and SHA-256."""
    document, key = parsed.document, document_id(parsed.document.act)
    with database.reading() as connection:
        found = _same_edition(connection, key, document.edition_date)
        same = found is not None and _same_words(connection, found, source[1], document)
        twin = None if found else _twin(connection, key, source[1], document)
    if twin is not None:  # the same text, once with its date and once without: one edition
        return _update_facts(database, twin, options, document.edition_date)
    if found is not None and same and not (options.replace and found.sha256 != source[1]):
        return _update_facts(database, found, options, None)
    if found is not None and not options.replace:
        raise EditionConflictError(act=document.act.title, edition=_russian(document.edition_date))
    edition_id = _write(database, lambda c: _begin(c, document, source, options))
    _fill(database, edition_id, document.provisions, on_share)
    _write(database, lambda c: _finish(c, edition_id, parsed, found.id if found else None))
    return Status.ADDED


def _write(database: Database, change: Callable[[Connection], T]) -> T:
    try:
        with storage_errors():
            return database.write_sync(change)
    except IntegrityError as error:  # the rows it stood on are gone, or another has taken its place
        raise BeingIngestedError(str(error)) from error


def _same_edition(connection: Connection, key: str, edition_date: dt.date | None) -> Found | None:
    c = s.edition.c
    query = select(*_FOUND).where(
        c.document_id == key, c.complete, c.edition_date == edition_date if edition_date else c.edition_date.is_(None)
    )
    row = connection.execute(query).first()
    return None if row is None else Found(*row)


def _same_words(connection: Connection, found: Found, sha256: str, document: ParsedDocument) -> bool:
    return found.sha256 == sha256 or tuple(stored_provisions(connection, found.id)) == document.provisions


def _twin(connection: Connection, key: str, sha256: str, document: ParsedDocument) -> Found | None:
    """A stored edition without a date that has these very words; any edition, where the document has no date."""
    c = s.edition.c
    undated = c.edition_date.is_(None) if document.edition_date else c.edition_date.is_not(None)
    query = select(*_FOUND).where(c.document_id == key, c.complete, undated).order_by(c.edition_date.desc())
    editions = (Found(*row) for row in connection.execute(query).all())
    return next((found for found in editions if _same_words(connection, found, sha256, document)), None)


def _update_facts(database: Database, found: Found, options: IngestOptions, edition_date: dt.date | None) -> Status:
    """The text is stored already; dates that are given now may be new."""
    given = {"in_force_from": options.in_force_from, "in_force_to": options.in_force_to, "edition_date": edition_date}
    changed = {name: value for name, value in given.items() if value and value != getattr(found, name)}
    if not changed:
        return Status.UNCHANGED

    def change(connection: Connection) -> None:
        connection.execute(update(s.edition).where(s.edition.c.id == found.id).values(**changed))
        key = connection.scalars(select(s.edition.c.document_id).where(s.edition.c.id == found.id)).one()
        _derive_ends(connection, key)
        _count_change(connection)

    _write(database, change)
    return Status.UPDATED


def _begin(connection: Connection, document: ParsedDocument, source: tuple[str, str], options: IngestOptions) -> int:
    key = document_id(document.act)
    _remove_leftovers(connection, key)
    _ensure_act(connection, document.act, options.status)
    row = {
        "document_id": key,
        "edition_date": None,
        "in_force_from": options.in_force_from or document.in_force_from,
        "in_force_to": options.in_force_to or document.in_force_to,
        "source_name": source[0],
        "source_sha256": source[1],
        "articles": len(document.articles),
        "ingested_at": time.time(),
        "complete": False,
    }
    return int(connection.execute(insert(s.edition).values(row).returning(s.edition.c.id)).scalar_one())


def _remove_leftovers(connection: Connection, key: str) -> None:
    c = s.edition.c
    abandoned = (c.document_id == key) | (c.ingested_at < time.time() - _ABANDONED)
    for edition_id in connection.scalars(select(c.id).where(~c.complete, abandoned)).all():
        _remove(connection, edition_id)


def _remove(connection: Connection, edition_id: int) -> None:
    connection.execute(delete(s.provision).where(s.provision.c.edition_id == edition_id))
    connection.execute(delete(s.edition).where(s.edition.c.id == edition_id))
    connection.execute(delete(s.meta).where(s.meta.c.key == _changes_key(edition_id)))


def _ensure_act(connection: Connection, act: ActIdentity, status: ActStatus | None) -> None:
    """The act's and the document's rows. An act that is there keeps its facts, but a status that is given."""
    if connection.scalar(select(s.act.c.id).where(s.act.c.id == act.id)) is None:
        known = acts.by_id(act.id)
        first = known.identity() if known else act
        facts = {"type": act.type, "title": act.title, "number": first.number, "date": first.date}
        connection.execute(insert(s.act).values(id=act.id, status=act.status.value, **facts))
    elif status is not None:
        connection.execute(update(s.act).where(s.act.c.id == act.id).values(status=status.value))
    key = document_id(act)
    if connection.scalar(select(s.document.c.id).where(s.document.c.id == key)) is None:
        own = {"title": act.title, "number": act.number, "date": act.date}
        connection.execute(insert(s.document).values(id=key, act_id=act.id, part=act.part, **own))


def _fill(
    database: Database, edition_id: int, provisions: Sequence[Provision], on_share: Callable[[float], None]
) -> None:
    """Write provisions in chunks that each take about the target time."""
    start, size = 0, _CHUNK
    while start < len(provisions):
        rows = [_row(edition_id, i, provisions[i]) for i in range(start, min(start + size, len(provisions)))]
        began = time.perf_counter()
        _write(database, lambda c, rows=rows: c.execute(insert(s.provision), rows) and None)  # type: ignore[misc]
        took = max(time.perf_counter() - began, 0.001)
        start += len(rows)
        size = max(20, min(_LARGEST, int(size * min(2.0, _TARGET / took))))
        on_share(start / len(provisions))


def _row(edition_id: int, ordinal: int, p: Provision) -> dict[str, Any]:
    return {
        "edition_id": edition_id,
        "ordinal": ordinal,
        "address": p.address,
        "kind": p.kind.value,
        "number": p.number,
        "heading": p.heading,
        "text": p.text,
        "notes": list(p.notes),
        "parent": p.parent,
        "repealed": p.repealed,
    }


def _finish(connection: Connection, edition_id: int, parsed: Parsed, replaced: int | None) -> None:
    if replaced is not None:
        _remove(connection, replaced)
    done = connection.execute(
        update(s.edition)
        .where(s.edition.c.id == edition_id, ~s.edition.c.complete)
        .values(complete=True, edition_date=parsed.document.edition_date)
    )
    if done.rowcount != 1:
        raise BeingIngestedError("another ingest of the same document has removed this one's rows")
    changes = ",".join(day.isoformat() for day in parsed.changes)
    connection.execute(insert(s.meta).values(key=_changes_key(edition_id), value=changes))
    _derive_ends(connection, document_id(parsed.document.act))
    _count_change(connection)


def _derive_ends(connection: Connection, key: str) -> None:
    """An older edition ends the day before the first change that a newer one lists and it does not.

    A change comes into force on its date at the earliest, so this may be too early but never too late.
    """
    c = s.edition.c
    rows = connection.execute(select(c.id, c.edition_date, c.in_force_to).where(c.document_id == key, c.complete)).all()
    keys = [_changes_key(row.id) for row in rows]
    lists = connection.scalars(select(s.meta.c.value).where(s.meta.c.key.in_(keys))).all()
    changes = sorted({dt.date.fromisoformat(day) for text in lists for day in text.split(",") if day})
    for row in rows:
        following = next((day for day in changes if row.edition_date and day > row.edition_date), None)
        if following and row.in_force_to is None:
            end = following - dt.timedelta(days=1)
            connection.execute(update(s.edition).where(c.id == row.id).values(in_force_to=end))


def _count_change(connection: Connection) -> None:
    """Move `corpus_generation` on: what was built from the corpus is out of date."""
    value = s.meta.c.value
    counted = update(s.meta).where(s.meta.c.key == GENERATION_KEY).values(value=cast(cast(value, Integer) + 1, String))
    if connection.execute(counted).rowcount == 0:
        connection.execute(insert(s.meta).values(key=GENERATION_KEY, value="1"))


def _changes_key(edition_id: int) -> str:
    return f"edition_changes:{edition_id}"


def _russian(day: dt.date | None) -> str:
    return day.strftime("%d.%m.%Y") if day else "неизвестной даты"
