"""Every benchmark but the peers, one after another, each in a process of its own; the tables in Markdown at the end.

`python -m benchmarks.all [--quick] [NAME…]`. They are what docs/reference/benchmarks.md ends with. Exit status 1
when a target is missed or a benchmark fails.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.harness import ROOT, Report

BY_HAND = {"peers"}
FAILED = 1


def names() -> list[str]:
    found = {path.parent.name for path in (ROOT / "benchmarks").glob("*/run.py")}
    return sorted(found - BY_HAND)


def run(name: str, *, quick: bool) -> Report | None:
    """None when it fails; its words are on stderr."""
    print(f"== {name}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", f"benchmarks.{name}.run", "--json", *(["--quick"] if quick else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    try:
        return Report.from_json(done.stdout)
    except ValueError:
        return None


def markdown(name: str, report: Report) -> str:
    """A benchmark's section of the page."""
    lines = [f"### {name}: {report.title}", "", f"{report.machine}", ""]
    lines += ["| what | figure | target | |", "|---|---:|---:|---|"]
    lines += [f"| {f.what} | {f.shown} | {f.target} | {f.verdict} |" for f in report.figures]
    return "\n".join([*lines, "", *(f"- {note}" for note in report.notes), ""])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.all", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all but the peers")
    parser.add_argument("--quick", action="store_true", help="few rounds: see that they work")
    given = parser.parse_args()
    reports = {name: run(name, quick=given.quick) for name in given.names or names()}
    for name, report in reports.items():
        print(markdown(name, report) if report else f"### {name}: failed\n")
    return 0 if all(report is not None and report.reached for report in reports.values()) else FAILED


if __name__ == "__main__":
    sys.exit(main())
