"""Search over the real acts, in process: times, quality by style, what building the index costs.

`python -m benchmarks.search.run [--quick] [--json]`. Every question of the development set is asked
several rounds; the first is thrown away, since it fills the caches of word forms and of the disk.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator

from advakod.evaluation import Question, evaluate, load_questions
from advakod.evaluation import Report as Quality
from advakod.ingest import ingest
from advakod.search import Search
from advakod.storage import Database
from benchmarks.harness import ROOT, Figure, Report, main, percentile
from benchmarks.processes import scratch

SHARED = ROOT.parent / "shared"
STATUTES = SHARED / "corpus" / "statutes"
QUESTIONS = SHARED / "eval" / "questions.dev.jsonl"
LONGEST = ("Продавец не вернул деньги за телефон с недостатками, ст. 18 ЗоЗПП. " * 300)[:20_000]


def measure(options: argparse.Namespace) -> Report:
    questions = load_questions(QUESTIONS)
    with scratch() as folder:
        database = Database(f"sqlite:///{folder / 'advakod.db'}").open()
        search = Search(database, folder)
        try:
            ingest(database, [STATUTES])
            figures = [*_build(search), *_times(search, questions, 1 if options.quick else 5)]
            figures += _quality(evaluate(search, questions))
        finally:
            search.close()
            database.close()
    return Report("Search over the real acts, in process", figures, ("intervals: advakod eval retrieval --json",))


def _build(search: Search) -> Iterator[Figure]:
    cpu = time.process_time()
    manifest = search.refresh()
    yield Figure("articles", manifest.articles)
    yield Figure("passages", manifest.passages)
    yield Figure("index, wall", manifest.seconds, "s")
    yield Figure("index, CPU", time.process_time() - cpu, "s")
    yield Figure(
        "peak memory, ingest and index",
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "MB",
        2**30 / 1e6,
    )


def _times(search: Search, questions: list[Question], rounds: int) -> Iterator[Figure]:
    evaluate(search, questions)
    reports = [evaluate(search, questions) for _ in range(rounds)]
    seconds = [outcome.seconds for report in reports for outcome in report.outcomes]
    yield Figure("searches", len(seconds))
    yield Figure("a search, p50", percentile(seconds, 0.5) * 1e3, "ms", most=4)
    yield Figure("a search, p99", percentile(seconds, 0.99) * 1e3, "ms", most=15)
    started = time.perf_counter()
    search.search(LONGEST)
    yield Figure("a question of 20 000 characters", (time.perf_counter() - started) * 1e3, "ms")


def _quality(report: Quality) -> Iterator[Figure]:
    styles = report.as_dict()["styles"]
    assert isinstance(styles, dict)
    for style, numbers in styles.items():
        for name in ("hit@1", "hit@10", "ndcg@10", "refused"):
            if name in numbers:
                yield Figure(f"{style}, {name}", numbers[name])


if __name__ == "__main__":
    sys.exit(main("search", measure))
