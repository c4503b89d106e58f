"""The drill: a random model of Vistral-24B's exact shape behind our real server, one real question, a budget D.

`make drill-24b`, by hand: it writes 13.3 GB, takes all the cores and, for 900 and 300 seconds, half an hour. Every
event is logged with its time; the summary holds the plan beside what came. Exit status 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engine.big_gguf import SHAPES, Shape, big_model
from benchmarks.engine.drill_log import Drill, ask
from benchmarks.engine.steal import watched
from benchmarks.harness import ROOT, Figure, Report, machine, number
from benchmarks.idle.run import ingest
from benchmarks.processes import scratch, server

BUDGETS = (900, 300)  # seconds
SPARE = 1.5  # of the model's size that should be free: 20 GB for the 24B
MOST_OFF = 25.0  # % of what the plan expected
HEARTBEAT = 15.0  # seconds, the default
LATE = 1.0  # second that a heartbeat may be late on a machine that has no core free
NOTES = (
    "Times are counted from the moment at which the model is loaded and the budget begins; the model's loading and the "
    "measuring of its speed come before it, and are in no plan.",
    "Random weights never end a sentence: the answer ends by the plan's tokens, or by the budget.",
    "Tokens are the tiny model's, short ones: a plan of so many of them holds less law than a real model's.",
    "A silence is the time without any byte; heartbeats come every 15 s where nothing else does.",
)
QUESTION = "Купил телефон, через неделю он перестал включаться. Могу ли я вернуть его и получить деньги назад?"


@contextmanager
def model(folder: Path, name: str, shape: Shape, *, keep: bool, sure: bool) -> Iterator[Path]:
    """The model's file, written unless it is there; gone afterwards unless it is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"random-{name}.gguf"
    try:
        if not path.exists():
            _agree(folder, shape, sure=sure)
            print(f"writing {path}: {number(shape.bytes / 1e9)} GB", file=sys.stderr, flush=True)
            big_model(path, shape, name=path.stem)
        yield path
    finally:
        path.with_suffix(".part").unlink(missing_ok=True)
        if not keep:
            path.unlink(missing_ok=True)


def _agree(folder: Path, shape: Shape, *, sure: bool) -> None:
    """Asks where there is little room. Raises SystemExit when the answer is no, or nobody is there to give one."""
    free, wanted = shutil.disk_usage(folder).free, shape.bytes * SPARE
    if free >= wanted or sure:
        return
    print(f"{folder}: {free / 1e9:.1f} GB free, {wanted / 1e9:.1f} GB should be.", file=sys.stderr)
    if not sys.stdin.isatty() or input("Go on all the same? [y/N] ").strip().lower() != "y":
        raise SystemExit("not enough room: --folder names another place, --yes goes on all the same")


def drill(path: Path, data_dir: Path, budget: int, log: Path) -> Report:
    """One question to a server that has just been started: loading the model is seen, too."""
    begun = machine()
    settings = {"VISTRAL_MODEL_PATH": str(path.absolute()), "VISTRAL_INFERENCE_TIMEOUT": str(budget)}
    with watched() as steal, server(data_dir, **settings) as advakod, log.open("w") as lines:
        taken = ask(advakod.url, QUESTION, lines)
    figures = [*figures_of(taken, budget), Figure("taken by the host meanwhile", steal.percent, "%")]
    return Report(f"{path.stem}, D = {budget} s: {taken.ending}", figures, NOTES, begun)


def figures_of(taken: Drill, budget: int) -> list[Figure]:
    plan = taken.plan
    return [
        Figure("plan: tokens to read", plan["prompt_tokens"] or 0),
        Figure("really read", taken.prompt_tokens),
        Figure("plan: tokens to write at most", plan["answer_tokens"] or 0),
        Figure("really written", taken.output_tokens),
        Figure("provisions in the prompt", plan["provisions"]),
        Figure("plan: first word after", taken.expected("expected_first_word"), "s"),
        Figure("really after", taken.first_word, "s"),
        Figure("plan: in all", taken.expected("expected_seconds"), "s"),
        Figure("really in all", taken.spent, "s", most=budget),
        Figure("off by", taken.off, "%", most=MOST_OFF),
        Figure("completed", float(taken.completed), least=1),
        Figure("longest silence", taken.silence, "s", most=HEARTBEAT + LATE),
        Figure("signs of life: heartbeats", taken.heartbeats),
        Figure("signs of life: stages", taken.stages),
        Figure("signs of life: texts", taken.texts),
        Figure("loading and measuring the model", taken.loading, "s"),
        Figure("reading", taken.reading_speed, "tokens/s"),
        Figure("writing", taken.writing_speed, "tokens/s"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine.drill_24b", description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="24b")
    parser.add_argument("--budget", type=int, action="append", metavar="SECONDS", help="D; may be given again")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "drill", help="for the model and the logs")
    parser.add_argument("--keep", action="store_true", help="leave the model there for the next time")
    parser.add_argument("--yes", action="store_true", help="do not ask where there is little room")
    given = parser.parse_args()
    reports = []
    with (
        model(given.folder, given.shape, SHAPES[given.shape], keep=given.keep, sure=given.yes) as path,
        scratch() as data_dir,
    ):
        ingest(data_dir)  # where the real acts are there, the plan has something to choose from
        for budget in given.budget or BUDGETS:
            log = given.folder / f"{given.shape}-{budget}.log"
            reports.append(drill(path, data_dir, budget, log))
            reports[-1].show()
    return 0 if all(report.reached for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
