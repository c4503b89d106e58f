"""Building an index from the database. `main` is for a process of its own, so that a server's streams keep moving."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from pathlib import Path

import tantivy
from sqlalchemy import Connection

from ..corpus.model import ArticleText, Edition
from ..corpus.queries import article_texts, editions, generation
from ..law.guide import Guide, load_guide
from ..law.model import ActStatus
from ..storage.database import Database
from . import profiles
from .errors import IndexNotBuiltError, LockBusyError
from .fields import Documents, article_documents, subject_profiles, summaries, summary_documents, text_schema
from .generations import PROFILES, TEXTS, EditionFacts, Manifest, Source, new_generation, write_manifest, writing

HEAP = 64_000_000  # bytes that the writer gathers before it writes a segment
THREADS = 1  # analysis, in Python, takes longer than indexing


_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:-\d+)?")
_CITATION = re.compile(rf"стать\w{{1,3}} ({_NUMBER.pattern}(?:(?:, | и | или ){_NUMBER.pattern})*)")


def source_of(connection: Connection, guide: Guide) -> Source:
    """What an index built now would be built from."""
    return Source(generation(connection), guide.fingerprint)


def build(
    database: Database, root: Path, guide: Guide | None = None, *, unneeded: Callable[[], bool] = lambda: False
) -> Manifest | None:
    """Build a new generation from one snapshot and make it the current one.

    `unneeded` is asked once nobody else can build: another process may have done it just before; None then.

    Streams: one edition is in memory at a time. Raises LockBusyError when another
    process builds, IndexNotBuiltError when it cannot be written.
    """
    guide = guide or load_guide()
    with writing(root):
        return None if unneeded() else _build(database, root, guide)


def _build(database: Database, root: Path, guide: Guide) -> Manifest:
    with new_generation(root) as folder, database.reading() as connection:
        started, clock = time.time(), time.monotonic()
        source = source_of(connection, guide)  # first: what changes after it makes this index old
        found = editions(connection)
        try:
            articles, passages = _write(folder, _documents(connection, found, guide), guide)
        except ValueError as error:  # what Tantivy raises for a full disk too
            raise IndexNotBuiltError(str(error)) from error
        manifest = Manifest(source, _facts(found), articles, passages, time.monotonic() - clock, started)
        write_manifest(folder, manifest)
    return manifest


def _documents(connection: Connection, found: list[Edition], guide: Guide) -> Iterator[Documents]:
    """Article by article."""
    numbers = count()
    for edition in found:
        articles = list(article_texts(connection, edition))
        cited = _cited(articles)
        for article in articles:
            entry = guide.find(article.act_id, article.number) if article.number else None
            yield article_documents(article, edition, entry, next(numbers), cited[article.number])
    for entry in summaries(guide, {edition.act_id for edition in found}):
        yield summary_documents(entry, next(numbers))


def _cited(articles: Iterable[ArticleText]) -> Counter[str]:
    """How many articles of the edition refer to each number. References to other acts count too; they are few."""
    cited = Counter[str]()
    for article in articles:
        cited.update({n for found in _CITATION.finditer(article.text) for n in _NUMBER.findall(found[1])})
    return cited


def _write(folder: Path, articles: Iterable[Documents], guide: Guide) -> tuple[int, int]:
    writer = _writer(folder / TEXTS, text_schema())
    written = Counter[str]()

    def profile(documents: Documents) -> profiles.Profile:
        for document in documents.passages:
            writer.add_document(document)
        written.update(articles=1, passages=len(documents.passages))
        return documents.profile

    profiles.write(folder / PROFILES, chain(map(profile, articles), subject_profiles(guide)))
    writer.commit()
    writer.wait_merging_threads()
    return written["articles"], written["passages"]


def _writer(folder: Path, schema: tantivy.Schema) -> tantivy.IndexWriter:
    folder.mkdir()
    return tantivy.Index(schema, path=str(folder)).writer(HEAP, THREADS)


def _facts(found: list[Edition]) -> list[EditionFacts]:
    facts: list[EditionFacts] = []
    documents: set[str] = set()  # `found` has the newest edition of each document first
    for edition in found:
        newest = edition.document_id not in documents
        documents.add(edition.document_id)
        in_force = edition.status is ActStatus.IN_FORCE
        named = (edition.act_title, edition.number)
        facts.append(EditionFacts(edition.id, edition.act_id, edition.document_id, newest, in_force, *named))
    return facts


def main() -> None:
    """Take the database's URL and the index's folder from standard input, a line each."""
    url, root = sys.stdin.read().split("\n")
    database = Database(url)
    try:
        build(database, Path(root))
    except LockBusyError:
        pass  # another process is at it; its index will be found
    finally:
        database.close()
