"""Real acts, ingested once, and small ones of our own, stored the way ingest stores them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from advakod.ingest.model import IngestOptions
from advakod.ingest.pipeline import ingest
from advakod.ingest.store import store
from advakod.law.model import ActIdentity, ParsedDocument, Provision
from advakod.law.parsing import Parsed
from advakod.storage import Database


@pytest.fixture(scope="package")
def database(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """ЗоЗПП, СК, the repealed КЗоТ, ПДД and two parts of ГК. For reading only."""
    opened = Database(f"sqlite:///{tmp_path_factory.mktemp('corpus') / 'advakod.db'}").open()
    names = ("zozpp*", "sk_*", "kzot*", "pdd*", "gk3*", "gk4*")
    ingest(opened, [next((corpus_dir / "statutes").glob(name)) for name in names])
    yield opened
    opened.close()


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without acts, on each kind."""
    opened = Database(database_url).open()
    yield opened
    opened.close()


def save(database: Database, act: ActIdentity, provisions: Sequence[Provision], edition: dt.date | None) -> None:
    """Store one edition."""
    document = ParsedDocument(act, edition, tuple(provisions))
    name = f"{act.id}-{act.part}-{edition}"
    store(database, Parsed(document, ()), (name, name), IngestOptions(), lambda share: None)
