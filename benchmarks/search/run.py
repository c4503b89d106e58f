"""Search over real acts, in process: `python benchmarks/search/run.py [--corpus FOLDER] [--questions FILE]`.

Prints the machine, the date, what was indexed and how fast, the times of a search (every question of
the set, several rounds, the first of which is thrown away) and how good the hits are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

from advakod.evaluation import evaluate, load_questions
from advakod.evaluation.report import HEADER
from advakod.ingest.pipeline import ingest
from advakod.search import Search
from advakod.storage import Database

SHARED = Path(__file__).parents[3] / "shared"
ROUNDS = 4
GOAL_P50_MS, GOAL_P99_MS = 3.0, 15.0
LONGEST = "Продавец не вернул деньги за телефон с недостатками. " * 380  # 20,000 characters


def main() -> None:
    options = _options()
    print(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, {_machine()}")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/advakod.db").open()
        search = Search(database, Path(folder))
        _build(database, search, options.corpus)
        _measure(search, options.questions)
        search.close()
        database.close()


def _build(database: Database, search: Search, corpus: Path) -> None:
    started, cpu = time.monotonic(), time.process_time()
    outcomes = ingest(database, [corpus])
    print(
        f"ingest: {len(outcomes)} files, {time.monotonic() - started:.1f} s, {time.process_time() - cpu:.1f} s of CPU"
    )
    cpu = time.process_time()
    manifest = search.refresh()
    print(
        f"index: {manifest.articles:,} articles, {manifest.passages:,} passages, {manifest.seconds:.1f} s, "
        f"{time.process_time() - cpu:.1f} s of CPU; peak memory {_peak_mib():.0f} MiB"
    )


def _measure(search: Search, questions: Path) -> None:
    asked = load_questions(questions)
    seconds: list[float] = []
    for number in range(ROUNDS):
        report = evaluate(search, asked)
        seconds += [outcome.seconds for outcome in report.outcomes] if number else []
    seconds.sort()
    p50, p99 = (1000 * seconds[int(share * len(seconds))] for share in (0.5, 0.99))
    print(
        f"search: {len(seconds)} searches, p50 {p50:.2f} ms (goal {GOAL_P50_MS:g}), p99 {p99:.2f} ms (goal {GOAL_P99_MS:g})"
    )
    started = time.perf_counter()
    search.search(LONGEST)
    print(f"search: {len(LONGEST):,} characters, {1000 * (time.perf_counter() - started):.1f} ms")
    for row in (HEADER, *report.table()):
        print("".join(cell.ljust(24) for cell in row).rstrip())


def _machine() -> str:
    cpu = next((line.split(": ")[1] for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    load = os.getloadavg()[0]
    return f"{cpu or platform.machine()}, {os.cpu_count()} cores (load {load:.1f}), Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus" / "statutes")
    parser.add_argument("--questions", type=Path, default=SHARED / "eval" / "questions.dev.jsonl")
    return parser.parse_args()


if __name__ == "__main__":
    main()
