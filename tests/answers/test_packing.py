"""Old logs become one block each: smaller, and the same to every reader."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import func, select

from advakod.answers import event_log, wire
from advakod.answers.event_log import Append
from advakod.answers.model import Outcome, Request, Status
from advakod.settings import Settings
from advakod.storage import Database
from advakod.storage.schema import event, event_block
from tests.answers.room import PATIENCE, Puppet, add_run, claim, ended, room, set_columns, stored, until

WORDS = 1_000


def long_run(database: Database) -> str:
    """A finished run of WORDS deltas."""
    add_run(database)
    (held,) = claim(database, "one")
    bodies = [wire.delta(held.item_id, 2 + n, f"слово{n * n} ") for n in range(WORDS)]
    bodies.append(wire.event("response.completed", 2 + WORDS, response={"id": held.id}))
    last = Append(held.id, 1, 2, bodies)
    done = Outcome(Status.COMPLETED)
    assert database.write_sync(lambda c: event_log.finish(c, "one", last, done, held))
    set_columns(database, held.id, finished_at=time.time() - 60)
    return held.id


def whole(database: Database, run_id: str) -> list[bytes]:
    with database.reading() as connection:
        return event_log.read_all(connection, run_id)


def test_replay_is_the_same_byte_for_byte_and_small(database: Database) -> None:
    run_id = long_run(database)
    before = whole(database, run_id)
    database.write_sync(partial(event_log.pack, run_id=run_id))
    database.write_sync(partial(event_log.pack, run_id=run_id))
    assert whole(database, run_id) == before
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(event)) == 0
        block = connection.scalar(select(event_block.c.body))
        assert block is not None
        assert len(block) < sum(map(len, before)) / 10
        for after in (-1, 0, 500, WORDS + 1, WORDS + 2, WORDS + 50):
            page = event_log.read(connection, run_id, after, 7)  # a packed run is one page
            assert page == list(enumerate(before))[after + 1 :]
        last = event_log.last_event(connection, stored(database, run_id))
    assert last == before[-1]


def test_two_processes_may_pack_at_once(database: Database) -> None:
    run_ids = [long_run(database) for _ in range(3)]
    others = [Database(database.url) for _ in range(4)]
    before = {run_id: whole(database, run_id) for run_id in run_ids}

    def pack_all(other: Database) -> None:
        for run_id in run_ids:
            other.write_sync(partial(event_log.pack, run_id=run_id))

    with ThreadPoolExecutor() as pool:
        list(pool.map(pack_all, others))
    assert {run_id: whole(database, run_id) for run_id in run_ids} == before
    for other in others:
        other.close()


def test_only_what_ended_long_ago_is_packed(database: Database) -> None:
    old, young, running = long_run(database), long_run(database), add_run(database)
    set_columns(database, young, finished_at=time.time())
    with database.reading() as connection:
        assert event_log.packable(connection, time.time() - 30, 10) == [old]
    database.write_sync(partial(event_log.pack, run_id=running.id))
    assert not stored(database, running.id).packed


@pytest.mark.anyio
async def test_the_room_packs_and_everything_reads_on(database: Database, quick: Callable[..., Settings]) -> None:
    engine = Puppet()
    engine.voice("вопрос").say("Раз ", "два").end()
    async with room(quick(event_retention=0), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await ended(answers, run)
        before, response = whole(database, run.id), await answers.response("local", run.id)
        await until(lambda: stored(database, run.id).packed)
        assert whole(database, run.id) == before
        assert await answers.response("local", run.id) == response
        frames = [frame async for batch in answers.follow(run.id, 1, 5.0) for frame in batch]
        assert [wire.body_of(frame) for frame in frames] == before[2:]
        async with asyncio.timeout(PATIENCE):
            assert [result async for result in answers.wait("local", run.id, 5.0)] == [response]
