"""Small acts for the tests of answers: stored the way ingest stores them, and given as sources."""

from __future__ import annotations

import datetime as dt

from advakod.engine.interface import Source
from advakod.ingest.model import IngestOptions
from advakod.ingest.store import store
from advakod.law.acts import by_id
from advakod.law.model import ActIdentity, Kind, ParsedDocument, Provision
from advakod.law.parsing import Parsed
from advakod.storage import Database

EDITION = dt.date(2023, 8, 4)


def article(number: str, heading: str, *points: str, repealed: bool = False, first: int = 0) -> list[Provision]:
    """An article with points 1, 2, …; `first` is its place among the document's provisions."""
    address = f"st{number}"
    found = [Provision(address, Kind.ARTICLE, number, heading, "", -1, repealed=repealed)]
    for n, text in enumerate(points, 1):
        found.append(Provision(f"{address}/p{n}", Kind.POINT, str(n), f"{n}.", text, first))
    return found


def save(database: Database, act: ActIdentity, *articles: list[Provision], edition: dt.date | None = EDITION) -> None:
    provisions: list[Provision] = []
    for found in articles:
        parent = len(provisions)
        provisions += [p if p.parent < 0 else _under(p, parent) for p in found]
    document = ParsedDocument(act, edition, tuple(provisions))
    name = f"{act.id}-{edition}"
    store(database, Parsed(document, ()), (name, name), IngestOptions(), lambda share: None)


def _under(provision: Provision, parent: int) -> Provision:
    return Provision(
        provision.address, provision.kind, provision.number, provision.heading, provision.text, parent,
        repealed=provision.repealed,
    )  # fmt: skip


def known(act: str, part: int = 0) -> ActIdentity:
    found = by_id(act)
    assert found is not None
    return found.identity(found.document(part))


def source(
    n: int, act: str, number: str, text: str = "", *, title: str = "", summary: bool = False, date: dt.date = EDITION
) -> Source:
    titles = {"zozpp": "Закон РФ «О защите прав потребителей»", "gk": "Гражданский кодекс Российской Федерации"}
    address = f"ru/{act}@{date.isoformat()}/st{number}"
    return Source(
        n, act, titles.get(act, act), number, title, address, date.isoformat(), text, score=10.0 - n, summary=summary
    )
