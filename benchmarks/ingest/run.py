"""All real acts ingested and indexed from nothing: seconds, peak memory, article counts.

The counts are those of the corpus's README. `--corpus FOLDER` takes the files from elsewhere.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from advakod.ingest import FileOutcome, Status, ingest
from advakod.search.build import build
from advakod.storage.database import Database
from benchmarks.harness import ROOT, Figure, Report, main
from benchmarks.processes import scratch

CORPUS = ROOT.parent / "shared" / "corpus" / "statutes"
EXPECTED = {
    "gk1": 590,
    "gk2": 685,
    "gk3": 123,
    "gk4": 329,
    "tk": 529,
    "sk": 177,
    "zhk": 243,
    "uk": 523,
    "gpk": 498,
    "nk1": 267,
    "nk1_prev": 266,
    "zozpp": 54,
    "koap": 736,  # «about 731» in the corpus's README; the file prints 736 different numbers
}
MOST_SECONDS = 60.0
MOST_MEMORY = 2**30 / 1e6  # MB: 1 GiB


def measure(given: argparse.Namespace) -> Report:
    """One process ingests, indexes, and ingests the same again; `--quick` changes nothing."""
    corpus = Path(given.corpus)
    if not corpus.is_dir():
        sys.exit(f"no corpus at {corpus}")
    with scratch() as folder:
        database = Database(f"sqlite:///{folder}/advakod.db").open()
        try:
            marks = [time.monotonic()]
            outcomes = ingest(database, [corpus])
            marks.append(time.monotonic())
            build(database, folder / "index")
            marks.append(time.monotonic())
            ingest(database, [corpus])
            marks.append(time.monotonic())
        finally:
            database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Report("All real acts into a new database", _figures(outcomes, marks, peak), list(_notes(outcomes)))


def _figures(outcomes: Sequence[FileOutcome], marks: Sequence[float], peak: float) -> list[Figure]:
    start, ingested, indexed, again = marks
    return [
        Figure("ingest and index", indexed - start, "s", most=MOST_SECONDS),
        Figure("ingest", ingested - start, "s"),
        Figure("index", indexed - ingested, "s"),
        Figure("the same files again", again - indexed, "s"),
        Figure("peak memory", peak, "MB", most=MOST_MEMORY),
        Figure("articles", sum(outcome.articles for outcome in outcomes)),
        Figure("files with another number of articles than expected", len(_wrong(outcomes)), most=0),
    ]


def _notes(outcomes: Sequence[FileOutcome]) -> list[str]:
    counts = ", ".join(f"{outcome.path.name.partition('_')[0]} {outcome.articles}" for outcome in outcomes)
    wrong = "".join(f" WRONG: {outcome.path.name} ({outcome.status})." for outcome in _wrong(outcomes))
    return [f"Articles: {counts}.{wrong}", "The law files are parsed one after another in one process."]


def _wrong(outcomes: Sequence[FileOutcome]) -> list[FileOutcome]:
    """Files whose outcome, or whose number of articles, is not the expected one."""
    return [outcome for outcome in outcomes if outcome.status is not Status.ADDED or not _expected(outcome)]


def _expected(outcome: FileOutcome) -> bool:
    stem = outcome.path.name
    name = max((known for known in EXPECTED if stem.startswith(f"{known}_")), key=len, default="")
    return not name or outcome.articles == EXPECTED[name]


if __name__ == "__main__":
    sys.exit(main("ingest", measure, corpus=str(CORPUS)))
