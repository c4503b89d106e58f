"""What every benchmark shares: figures beside their targets, the machine in words, the command line.

A benchmark is a folder with a `run.py` that ends in `sys.exit(main("name", measure))`. Every one takes
`--quick` (few rounds, to see that it works) and `--json`.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; with `most` or `least` it is held to a target."""

    what: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def reached(self) -> bool | None:
        """None when there is no target."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    @property
    def shown(self) -> str:
        return f"{number(self.value)} {self.unit}".strip()

    @property
    def target(self) -> str:
        bounds = [f"≤ {number(self.most)}"] if self.most is not None else []
        bounds += [f"≥ {number(self.least)}"] if self.least is not None else []
        return f"{' and '.join(bounds)} {self.unit}".strip() if bounds else ""

    @property
    def verdict(self) -> str:
        return {None: "", True: "reached", False: "MISSED"}[self.reached]


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark found; `notes` say what bounds the figures and how they were taken."""

    title: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()
    machine: str = ""

    @property
    def reached(self) -> bool:
        return all(figure.reached is not False for figure in self.figures)

    def show(self) -> None:
        print(f"# {self.title}\n# {self.machine}")
        width = max((len(figure.what) for figure in self.figures), default=0)
        for figure in self.figures:
            target = f"(target {figure.target}: {figure.verdict})" if figure.target else ""
            print(f"  {figure.what:{width}}  {figure.shown:>14}  {target}".rstrip())
        for note in self.notes:
            print(f"  · {note}")

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        facts = json.loads(text)
        return cls(**{**facts, "figures": [Figure(**figure) for figure in facts["figures"]]})


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == int(value):
        return f"{value:,.0f}".replace(",", " ")
    digits = next((digits for digits, least in enumerate((100, 10, 1)) if abs(value) >= least), 3)
    return f"{value:,.{digits}f}".replace(",", " ")


def machine() -> str:
    """One line that says what the figures were taken on, when, of which commit, and how busy it was."""
    model = "unknown CPU"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())):
        model = found[1]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"{now}; {os.cpu_count()} × {model}, {memory:.0f} GiB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; commit {_commit()}; load {os.getloadavg()[0]:.1f}"
    )


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    command = [git, "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def middle(values: Sequence[float]) -> float:
    return statistics.median(values)


def milliseconds(what: str, seconds: Sequence[float], most: float | None = None) -> list[Figure]:
    """The middle, which has the target, and the tail, which has none."""
    return [
        Figure(f"{what}, p50", statistics.median(seconds) * 1e3, "ms", most=most),
        Figure(f"{what}, p95", percentile(seconds, 0.95) * 1e3, "ms"),
    ]


def main(name: str, measure: Callable[[argparse.Namespace], Report], **options: Any) -> int:
    """A benchmark's command line; `options` are numbers with defaults. Exit status 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}.run", description=sys.modules["__main__"].__doc__
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    for option, default in options.items():
        parser.add_argument(f"--{option}", type=type(default), default=default)
    given = parser.parse_args()
    begun = machine()  # before the benchmark itself loads the machine
    report = dataclasses.replace(measure(given), machine=begun)
    if given.json:
        print(report.to_json())
    else:
        report.show()
    return 0 if report.reached else 1
