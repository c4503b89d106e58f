"""How soon something is seen, on an idle server: POST to the first event, the engine's first token to the reader.

The upstream writes the moment as its first token; the reader compares it with the moment at which it holds the
first byte of the delta. Both processes read the same CLOCK_MONOTONIC. Both figures contain a durable commit, so
the disk's own time for one is printed beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import time
from pathlib import Path

from benchmarks.client import COMPLETED, CREATED, DELTA, EVENT_END, Connection
from benchmarks.harness import Figure, Report, main, middle, milliseconds
from benchmarks.processes import process, scratch, server

WARM_UP = 20
MOST_FIRST_EVENT = 25.0  # ms
MOST_FIRST_TOKEN = 10.0  # ms
BETWEEN = 0.02  # seconds, so that nothing of the last answer is still under way
STAMP = re.compile(rb'"delta":"(\d+) ')
NOTES = (
    "One question at a time, each over an open connection of its own; the engine is asked over HTTP, thinks for 50 ms.",
    "Nothing is shown that is not on disk: each figure holds one SQLite commit with synchronous=FULL.",
)


async def one(url: str) -> tuple[float, float]:
    """(POST to first event, engine's first token to its first byte here), in seconds."""
    async with Connection(url) as connection:
        begun = time.monotonic_ns()
        connection.send("POST", "/v1/responses", {"model": "advakod", "input": "Что делать?", "stream": True})
        await connection.until(CREATED)
        created = time.monotonic_ns()
        await connection.until(DELTA)
        seen = time.monotonic_ns()
        found = STAMP.search(await connection.until(EVENT_END))
        assert found is not None
        await connection.until(COMPLETED)
        return (created - begun) / 1e9, (seen - int(found[1])) / 1e9


async def many(url: str, rounds: int) -> list[tuple[float, float]]:
    taken = []
    for _ in range(WARM_UP + rounds):
        taken.append(await one(url))
        await asyncio.sleep(BETWEEN)
    return taken[WARM_UP:]


def commits(folder: Path, rounds: int) -> list[float]:
    """Seconds of a 4 KiB append with fsync, which is the least that a durable commit can take here."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(rounds):
            begun = time.monotonic()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.monotonic() - begun)
    return taken


def measure(given: argparse.Namespace) -> Report:
    rounds = 30 if given.quick else given.rounds
    stamping = [sys.executable, "-m", "benchmarks.latency.upstream"]
    with (
        scratch() as folder,
        process(stamping, r"(http://[\d.:]+)") as model,
        server(folder / "var", ADVAKOD_ENGINE="openai", ADVAKOD_OPENAI_BASE_URL=f"{model.url}/v1") as advakod,
    ):
        taken = asyncio.run(many(advakod.url, rounds))
        fsync = commits(folder, rounds)
    figures = [
        *milliseconds("POST to first event", [first for first, _ in taken], MOST_FIRST_EVENT),
        *milliseconds("engine's first token to its first byte", [token for _, token in taken], MOST_FIRST_TOKEN),
        Figure("the disk's own 4 KiB write + fsync, p50", middle(fsync) * 1e3, "ms"),
    ]
    return Report("Latency on an idle server", figures, NOTES)


if __name__ == "__main__":
    sys.exit(main("latency", measure, rounds=200))
