"""Files into the corpus, one after another: a file that fails changes nothing and the rest goes on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import AdvakodError
from ..law import parsing
from ..storage.database import Database
from . import reader
from .errors import DocumentError, NotAnActError, UnknownActError
from .model import FileOutcome, IngestOptions, Progress, Stage, Status
from .store import known_file, store

log = logging.getLogger(__name__)

OnProgress = Callable[[Progress], None]


def ingest(
    database: Database,
    paths: Sequence[Path],
    options: IngestOptions | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> list[FileOutcome]:
    """Read, parse and store each file; one outcome a file, in order.

    Reading and parsing hold no transaction. A file that was stored before changes nothing; a newer
    edition is added beside the older ones. Options that cannot be true raise
    InputError before anything is read.
    """
    options = options or IngestOptions()
    files = reader.files_of(paths)
    options.check(len(files))
    return [_one(database, file, options, _Reporter(on_progress, file, i, len(files))) for i, file in enumerate(files)]


class _Reporter:
    def __init__(self, on_progress: OnProgress, path: Path, index: int, total: int) -> None:
        self._report = on_progress
        self._progress = Progress(path, index, total, Stage.READING)

    def reading(self) -> None:
        self._report(self._progress)

    def storing(self, share: float = 0.0) -> None:
        self._report(dataclasses.replace(self._progress, stage=Stage.STORING, share=share))

    def done(self, outcome: FileOutcome) -> None:
        self._report(dataclasses.replace(self._progress, stage=Stage.DONE, share=1.0, outcome=outcome))


def _one(database: Database, path: Path, options: IngestOptions, report: _Reporter) -> FileOutcome:
    began = time.perf_counter()
    report.reading()
    try:
        outcome = _ingest(database, path, options, report)
    except AdvakodError as error:
        log.info("not ingested: %s: %s", path.name, error.detail or error.code)
        outcome = FileOutcome(path, Status.FAILED, code=error.code, message=error.message)
    # A file is other people's content: whatever a library makes of it must not stop the files after it.
    except Exception:
        log.exception("not ingested: %s", path.name)
        failure = DocumentError()
        outcome = FileOutcome(path, Status.FAILED, code=failure.code, message=failure.message)
    outcome = dataclasses.replace(outcome, seconds=time.perf_counter() - began)
    report.done(outcome)
    return outcome


def _ingest(database: Database, path: Path, options: IngestOptions, report: _Reporter) -> FileOutcome:
    file = reader.load(path)
    known = None if options != IngestOptions() else _known(database, path, file.sha256)
    if known is not None:
        return known
    source = reader.parse(file)
    parsed = _parse(source, options)
    report.storing()
    status = store(database, parsed, (source.name, source.sha256), options, report.storing)
    document = parsed.document
    return FileOutcome(
        path,
        status,
        act=document.act.id,
        title=document.act.title,
        address=_address(document.act.id, document.edition_date),
        edition_date=document.edition_date,
        articles=len(document.articles),
        provisions=len(document.provisions),
        warnings=document.warnings,
    )


def _known(database: Database, path: Path, sha256: str) -> FileOutcome | None:
    """The outcome for bytes that are stored already: nothing is parsed again."""
    with database.reading() as connection:
        found = known_file(connection, sha256)
    if found is None:
        return None
    act, title, edition_date, articles = found
    address = _address(act, edition_date)
    return FileOutcome(path, Status.UNCHANGED, act, title, address, edition_date, articles)


def _parse(source: reader.Source, options: IngestOptions) -> parsing.Parsed:
    try:
        return parsing.parse(source.paragraphs, options.name, options.edition_date, undivided=bool(options.act))
    except parsing.NotAnActError as error:
        raise NotAnActError from error
    except parsing.UnknownActError as error:
        raise UnknownActError from error


def _address(act: str, edition_date: dt.date | None) -> str:
    return f"ru/{act}@{edition_date.isoformat()}" if edition_date else f"ru/{act}"
