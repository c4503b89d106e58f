"""A finished run of 10,000 events, replayed to a reader that comes back: from its request to the last byte.

The run is put into the log as the worker would leave it, once as rows and once as a packed block. The reader
keeps every byte and counts the events.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from sqlalchemy import Connection as Database_
from sqlalchemy import update

from advakod.answers import event_log, queries, wire
from advakod.answers.model import Outcome, Request, Run, Status, new_id
from advakod.storage import Database
from advakod.storage.schema import run as run_table
from benchmarks.client import COMPLETED, EVENT_END, Connection
from benchmarks.harness import Figure, Report, main, milliseconds
from benchmarks.processes import Process, scratch, server

EVENTS = 10_000
MOST = 50.0  # ms
LOCAL = "local"  # the owner of what is asked without a key
NOTES = (
    "10,000 events of 25 letters each, read over a new connection of the loopback interface, position by position.",
    "Rows: five reads of 2,000 events. Packed: one zlib block.",
)


def finished_run() -> tuple[Run, list[bytes]]:
    """A completed run and its events; most are deltas, as in an answer."""
    now = time.time()
    run = Run(
        new_id("resp"), LOCAL, Status.COMPLETED, Request("Что делать?"), now, finished_at=now, last_seq=EVENTS - 1
    )
    words = [f"двадцать пять букв {n:05} " for n in range(EVENTS - 3)]
    bodies = [wire.event("response.created", 0, response=wire.response(run, Status.QUEUED))]
    bodies += [wire.delta(run.item_id, seq, word) for seq, word in enumerate(words, 1)]
    item = wire.message_item(run, "completed", [wire.text_part("".join(words))])
    bodies.append(wire.event("response.output_item.done", EVENTS - 2, output_index=0, item=item))
    ended = wire.response(run, Status.COMPLETED, [item], Outcome(Status.COMPLETED))
    bodies.append(wire.event("response.completed", EVENTS - 1, response=ended))
    return run, bodies


def store(folder: Path) -> tuple[str, str]:
    """The ids of two equal runs: as rows, and packed."""
    stored = [finished_run(), finished_run()]

    def change(connection: Database_) -> None:
        for run, bodies in stored:
            queries.add(connection, run, idempotency_key=None, request_hash="")
            event_log.add_first(connection, run.id, 0, bodies)
            connection.execute(update(run_table).where(run_table.c.id == run.id).values(finished_at=run.finished_at))
        event_log.pack(connection, stored[1][0].id)

    database = Database(f"sqlite:///{folder}/advakod.db").open()
    try:
        database.write_sync(change)
    finally:
        database.close()
    return stored[0][0].id, stored[1][0].id


async def replay(url: str, run_id: str, after: int = -1) -> float:
    """Seconds from the request to the last byte. Raises AssertionError when an event is missing."""
    async with Connection(url) as connection:
        begun = time.monotonic()
        connection.send("GET", f"/v1/responses/{run_id}?stream=true&starting_after={after}")
        got = await connection.until(COMPLETED) + await connection.until(EVENT_END)
        taken = time.monotonic() - begun
    assert got.count(b"\nid: ") + got.count(b"\r\nid: ") >= EVENTS - 1 - after, "events are missing"
    return taken


async def rounds_of(name: str, advakod: Process, run_id: str, rounds: int) -> list[Figure]:
    await replay(advakod.url, run_id)
    begun = advakod.cpu()
    taken = [await replay(advakod.url, run_id) for _ in range(rounds)]
    cpu = (advakod.cpu() - begun) / rounds
    half = [await replay(advakod.url, run_id, EVENTS // 2) for _ in range(rounds)]
    return [
        *milliseconds(f"{name}, whole", taken, MOST),
        Figure(f"{name}, whole: the server's CPU", cpu * 1e3, "ms"),
        *milliseconds(f"{name}, from the middle on", half, MOST),
    ]


def measure(given: argparse.Namespace) -> Report:
    rounds = 5 if given.quick else given.rounds
    figures: list[Figure] = []
    with scratch() as folder:
        rows, packed = store(folder)
        with server(folder, ADVAKOD_ENGINE="scripted", ADVAKOD_EVENT_RETENTION="86400") as advakod:
            for name, run_id in (("rows", rows), ("packed", packed)):
                figures += asyncio.run(rounds_of(name, advakod, run_id, rounds))
    return Report(f"Replay of a finished run of {EVENTS:,} events", figures, NOTES)


if __name__ == "__main__":
    sys.exit(main("replay", measure, rounds=20))
