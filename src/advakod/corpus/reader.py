"""An act as a person reads it: opened at a place, with what stands around. Raises the errors of `errors`."""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import Connection

from ..law.acts import by_id
from .assembly import CONTAINERS, assemble
from .contents import neighbours
from .errors import ActNotLoadedError, EditionNotLoadedError, NoSuchProvisionError
from .model import Act, ArticleText, Edition, EditionChoice, Reading
from .places import address_at, place_of
from .queries import acts, ancestors, choose_editions, provision_at, unit_of

_ID = re.compile(r"[\w-]{1,120}")  # anything else is no act, and not every database would take it


def act(connection: Connection, act_id: str) -> Act:
    """The act with its documents and their editions."""
    found = acts(connection, act_id) if _ID.fullmatch(act_id) else []
    if not found:
        raise _not_loaded(act_id)
    return found[0]


def editions_on(connection: Connection, act_id: str, on: dt.date | None = None) -> list[Edition]:
    """The act's editions to read, in the order of its parts; parts with none known to apply are left out."""
    choices = _choices(connection, act_id, on)
    known = [c.edition for c in choices if c.edition is not None]
    if not known and on is not None:
        raise _no_edition(choices[0], on)
    return known


def read(connection: Connection, act_id: str, place: str, on: dt.date | None = None) -> Reading:
    """The whole article (preamble, point) that a place names or that holds the address it is."""
    choices = _choices(connection, act_id, on)
    editions = [c.edition for c in choices if c.edition is not None]
    for choice in choices:
        found = _find(connection, choice.nearest, place)
        if found is None:
            continue
        if choice.edition is None and on is not None:
            raise _no_edition(choice, on)
        text, focus = found
        before, after = neighbours(connection, editions, choice.nearest, text.ordinal)
        address = text.provisions[0].address
        return Reading(choice.nearest, text, place_of(choice.nearest, address, text.number), focus, before, after)
    if on is not None and (unknown := next((c for c in choices if c.edition is None), None)):
        raise _no_edition(unknown, on)
    raise NoSuchProvisionError(f"{act_id}/{place}")


def _choices(connection: Connection, act_id: str, on: dt.date | None) -> list[EditionChoice]:
    choices = choose_editions(connection, on, act_id) if _ID.fullmatch(act_id) else []
    if not choices:
        raise _not_loaded(act_id)
    return sorted(choices, key=lambda c: c.nearest.part)


def _find(connection: Connection, edition: Edition, place: str) -> tuple[ArticleText, str | None] | None:
    """The unit, and the address asked for where that is a part of it."""
    address = address_at(edition, place)
    found = provision_at(connection, edition, address) if address else None
    if found is None:
        return None
    ordinal, provision = found
    chain = [*ancestors(connection, edition, provision.parent), provision]
    depth = next((n for n, p in enumerate(chain) if p.kind not in CONTAINERS), None)
    if depth is None:  # a chapter: nothing to read, or a few words of its own
        return (assemble(edition, ordinal, [provision], chain[:-1]), None) if provision.text else None
    unit = unit_of(connection, edition, chain[depth].address)
    return None if unit is None else (unit, None if chain[depth] is provision else provision.address)


def _not_loaded(act_id: str) -> ActNotLoadedError:
    known = by_id(act_id)
    said = f"Акт не загружен: {known.short}. Список загруженных — на странице законов." if known else ""
    return ActNotLoadedError(act_id, message=said)


def _no_edition(choice: EditionChoice, on: dt.date) -> EditionNotLoadedError:
    date = choice.nearest.edition_date
    nearest = f"от {date:%d.%m.%Y}" if date else "без даты"
    return EditionNotLoadedError(f"{choice.document_id} on {on}", on=f"{on:%d.%m.%Y}", nearest=nearest)
