"""How soon an answer goes on after `kill -9` of the server that writes it: started again, and in a second one.

Of the server that was started again the time counts from its first answer at /health, of the second one from the
kill, to the first event of new text in the hands of a reader who comes back with his position.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.client import CREATED, DELTA, EVENT_END, Connection
from benchmarks.harness import Report, main, milliseconds
from benchmarks.processes import Process, scratch, server

MOST = 2_000.0  # ms
WORDS = 40
HEARD = 10  # words that the killed server writes; it would write no more by itself
ID = re.compile(rb'"id":"(resp_[0-9a-f]+)"')
NUMBER = re.compile(rb'"sequence_number":(\d+)')
NOTES = (
    "The scripted engine, silent after ten words; SQLite with synchronous=FULL; the second server is ready by then.",
    "A dead worker's lock is looked for at the start and every second: that is what the second server waits for.",
)


def writing(folder: Path) -> AbstractContextManager[Process]:
    script = folder / "script.toml"
    text = " ".join(f"слово{n}" for n in range(WORDS))
    script.write_text(f'text = "{text}"\nfaults = [{{ at = {HEARD}, kind = "silence", seconds = 600 }}]\n')
    return server(folder / "var", ADVAKOD_ENGINE="scripted", ADVAKOD_SCRIPT=str(script))


async def begin(url: str) -> tuple[str, int]:
    """A run, and the number of the event with the last word that this server writes of it."""
    async with Connection(url) as connection:
        connection.send("POST", "/v1/responses", {"model": "advakod", "input": "Что делать?", "stream": True})
        await connection.until(CREATED)
        begun = ID.search(await connection.until(EVENT_END))
        heard = ""
        while f"слово{HEARD - 1} " not in heard:
            await connection.until(DELTA)
            event = await connection.until(EVENT_END)
            heard += event.decode()
        last = NUMBER.search(event)
        assert begun is not None
        assert last is not None
        return begun[1].decode(), int(last[1])


async def new_text(url: str, run: str, after: int) -> float:
    """The moment at which a reader holds an event of text behind `after`."""
    async with Connection(url) as connection:
        connection.send("GET", f"/v1/responses/{run}?stream=true&starting_after={after}")
        await connection.until(DELTA)
        await connection.until(EVENT_END)
        return time.monotonic()


async def healthy(url: str) -> float:
    """The moment at which the server says that it is well."""
    async with Connection(url) as connection:
        connection.send("GET", "/health")
        await connection.until(b"200 OK")
        return time.monotonic()


def kill(running: Process) -> float:
    os.kill(running.pid, signal.SIGKILL)
    return time.monotonic()


def started_again(folder: Path) -> float:
    """Seconds from /health to new text."""
    with writing(folder) as first:
        run, after = asyncio.run(begin(first.url))
        kill(first)
    with writing(folder) as second:
        ready = asyncio.run(healthy(second.url))
        return asyncio.run(new_text(second.url, run, after)) - ready


def beside(folder: Path) -> float:
    """Seconds from the kill to new text."""
    with writing(folder) as first, writing(folder) as second:
        asyncio.run(healthy(second.url))
        run, after = asyncio.run(begin(first.url))
        killed = kill(first)
        return asyncio.run(new_text(second.url, run, after)) - killed


def measure(given: argparse.Namespace) -> Report:
    again, other = [], []
    for _ in range(2 if given.quick else given.rounds):
        with scratch() as folder:
            again.append(started_again(folder))
        with scratch() as folder:
            other.append(beside(folder))
    figures = [
        *milliseconds("killed and started again: /health to new text", again, MOST),
        *milliseconds("killed beside another: kill to new text there", other, MOST),
    ]
    return Report("An answer after kill -9 of its writer", figures, NOTES)


if __name__ == "__main__":
    sys.exit(main("takeover", measure, rounds=10))
