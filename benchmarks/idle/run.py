"""What a server costs that nobody asks: time to /health, memory, CPU; on a fresh install and with all real acts.

Memory is resident memory, files that are mapped included. After a first question the dictionary of word forms
and the index are in use; that figure is shown beside, without a target.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from benchmarks.client import ask
from benchmarks.harness import ROOT, Figure, Report, main
from benchmarks.processes import scratch, server

CORPUS = ROOT.parent / "shared" / "corpus" / "statutes"
MOST_MEMORY = 150.0  # MB
MOST_START = 3.0  # seconds
SETTLING = 3.0  # seconds after the start
HEALTH_WITHIN = 60.0
NOTES = (
    "Start: from the process's creation to the first 200 of /health. An installation's first start also makes the "
    "database; the index is built in the background.",
    "Memory: VmRSS after three seconds; RssAnon is the part that is not mapped from files and cannot be shared.",
)


def wait_for_health(url: str) -> None:
    deadline = time.monotonic() + HEALTH_WITHIN
    while time.monotonic() < deadline:
        with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(f"{url}/health", timeout=5):
            return
        time.sleep(0.005)
    raise RuntimeError("the server did not answer /health")


def ingest(folder: Path) -> bool:
    """Load and index all real acts; whether they are there."""
    if not CORPUS.is_dir():
        return False
    print("loading the corpus (a minute)", file=sys.stderr)
    env = {**os.environ, "ADVAKOD_DATA_DIR": str(folder), "ADVAKOD_ENV_FILE": os.devnull}
    subprocess.run([sys.executable, "-m", "advakod", "ingest", str(CORPUS)], env=env, check=True, capture_output=True)
    return True


def idle(name: str, folder: Path, seconds: float) -> list[Figure]:
    """One start on a folder of state."""
    with server(folder, ADVAKOD_ENGINE="extractive") as advakod:
        wait_for_health(advakod.url)
        started = time.monotonic() - advakod.started
        time.sleep(SETTLING)
        memory, anonymous, cpu = advakod.memory(), advakod.memory("RssAnon"), advakod.cpu()
        time.sleep(seconds)
        share = (advakod.cpu() - cpu) / max(seconds, 1.0)
        asyncio.run(ask(advakod.url, "Расскажи подробно о правах потребителя"))
        asked = advakod.memory()
    return [
        Figure(f"{name}: start to /health", started, "s", most=MOST_START),
        Figure(f"{name}: memory, idle", memory, "MB", most=MOST_MEMORY),
        Figure(f"{name}: of it not mapped from files", anonymous, "MB"),
        Figure(f"{name}: memory after a first question", asked, "MB"),
        Figure(f"{name}: CPU while idle", share * 100, "% of a core"),
    ]


def measure(given: argparse.Namespace) -> Report:
    seconds = 3.0 if given.quick else given.seconds
    with scratch() as folder:
        figures = [*idle("first start", folder / "fresh", seconds), *idle("second start", folder / "fresh", seconds)]
        if not given.quick and ingest(folder / "full"):
            idle("", folder / "full", 0.0)  # builds whatever the ingest left to the server
            figures += idle("all real acts", folder / "full", seconds)
    return Report("An idle server (extractive)", figures, NOTES)


if __name__ == "__main__":
    sys.exit(main("idle", measure, seconds=10.0))
