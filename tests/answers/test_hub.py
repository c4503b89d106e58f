"""Readers: each event once and in order, from any position, whoever writes and however slow they are."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advakod.answers import event_log, hub, wire
from advakod.answers.event_log import Append
from advakod.answers.hub import Hub, Tail
from advakod.answers.model import Outcome, Run, Status
from advakod.errors import StorageError
from advakod.storage import Database
from tests.answers.room import PATIENCE, add_run, claim, until

pytestmark = pytest.mark.anyio
SILENCE = 5.0  # longer than any test: nobody is silent unless a test wants it


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}").open()
    yield database
    database.close()


class Writer:
    """Commits events of one run, as this process (published) or as another."""

    def __init__(self, database: Database) -> None:
        add_run(database)
        (self.run,) = claim(database, "one")
        self.next = 2
        self._database = database

    async def write(self, count: int = 1, *, size: int = 5, ends: bool = False) -> Append:
        bodies = [wire.delta(self.run.item_id, self.next + n, "я" * size) for n in range(count)]
        last = Append(self.run.id, 1, self.next, bodies)
        if ends:
            bodies.append(wire.event("response.completed", last.last_seq + 1, response={}))
            facts: Run = self.run
            change = partial(_finish, last=last, facts=facts)
            assert await self._database.write(change)
        else:
            assert await self._database.write(partial(event_log.append, worker="one", appends=[last]))
        self.next = last.last_seq + 1
        return last


def _finish(connection: object, last: Append, facts: Run) -> bool:
    return event_log.finish(connection, "one", last, Outcome(Status.COMPLETED), facts)  # type: ignore[arg-type]


def numbers(frames: list[bytes]) -> list[int]:
    return [int(frame[4 : frame.index(b"\n")]) for frame in frames]


async def read(bus: Hub, run_id: str, after: int = -1, silence: float = SILENCE) -> list[int]:
    """All numbers to the end of the run."""
    seen: list[int] = []
    async with asyncio.timeout(PATIENCE), aclosing(bus.follow(run_id, after, silence)) as batches:
        async for frames in batches:
            seen += numbers(frames)
    return seen


@asynccontextmanager
async def open_hub(database: Database) -> AsyncIterator[Hub]:
    """Nothing may be left of it: no tail, no poller."""
    bus = Hub(database)
    yield bus
    bus.close()
    await until(lambda: not bus._tails and not bus._pollers)


# -- the tail ------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8), st.integers(0, 400)), max_size=30),
    st.integers(200, 3000),
)
@settings(deadline=None, max_examples=150)
def test_a_tail_is_a_stretch_of_the_log(moves: list[tuple[int, int, int]], room: int) -> None:
    """Whatever it is given, in whatever order: what it holds is contiguous and right."""
    log = [wire.delta("msg", seq, f"{seq}" + "я" * (seq * 37 % 50)) for seq in range(40)]
    frames = [wire.sse_frame(seq, body) for seq, body in enumerate(log)]
    tail = Tail()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "TAIL_BYTES", room)
        for first, count, _ in moves:
            tail.extend(first, log[first : first + count])
            assert tail.frames == frames[tail.first : tail.next]
            assert tail.next >= min(first + count, 40)
            for position in range(-1, 41):
                after = tail.after(position)
                if after is None:
                    assert position + 1 < tail.first
                else:
                    assert after == frames[position + 1 : tail.next]


# -- readers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_every_reader_gets_each_event_once_and_in_order(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Written here, then elsewhere, then here again; readers come at any time, from any position, at any speed."""
    monkeypatch.setattr(hub, "TAIL_BYTES", 3_000)
    monkeypatch.setattr(hub, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(event_log, "PAGE", 7)
    chance = random.Random(seed)
    writer = Writer(sqlite)
    run_id = writer.run.id

    async def reader() -> tuple[int, list[int]]:
        after = chance.randrange(-1, writer.next)
        seen: list[int] = []
        async with aclosing(bus.follow(run_id, after, SILENCE)) as batches:
            async for frames in batches:
                seen += numbers(frames)
                if chance.random() < 0.3:
                    await asyncio.sleep(chance.random() * 0.02)
        return after, seen

    async with open_hub(sqlite) as bus, asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        readers = []
        here = False
        for step in range(60):
            if chance.random() < 0.3:
                readers.append(group.create_task(reader()))
            if chance.random() < 0.15:
                here = not here
                if here:
                    bus.written_here(run_id, writer.next)
                else:
                    bus.not_written_here(run_id)
            written = await writer.write(chance.randrange(1, 6), size=chance.randrange(1, 200), ends=step == 59)
            if here:
                bus.publish(run_id, written.first_seq, written.bodies)
            await asyncio.sleep(0)
        bus.not_written_here(run_id)
    assert readers
    for after, seen in (task.result() for task in readers):
        assert seen == list(range(after + 1, writer.next))


async def test_a_run_of_another_process_is_followed(database: Database) -> None:
    writer = Writer(database)
    async with open_hub(database) as bus:
        reading = [asyncio.create_task(read(bus, writer.run.id, after)) for after in (-1, 1)]
        await until(lambda: bus._pollers)
        await writer.write(5)
        await writer.write(5, ends=True)
        assert await asyncio.gather(*reading) == [list(range(13)), list(range(2, 13))]


@pytest.mark.parametrize("packed", [False, True])
async def test_an_ended_run_is_read_without_waiting(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(hub, "POLL_SECONDS", 600.0)
    monkeypatch.setattr(hub, "LOOK_SECONDS", 600.0)
    writer = Writer(sqlite)
    await writer.write(4_500)
    await writer.write(1, ends=True)
    if packed:
        await sqlite.write(partial(event_log.pack, run_id=writer.run.id))
    last = writer.next - 1
    for after in (-1, 2_000, last - 1, last):
        async with open_hub(sqlite) as bus:
            assert await read(bus, writer.run.id, after) == list(range(after + 1, last + 1))
            assert not bus._pollers


async def test_events_of_the_attempt_before_are_seen_while_the_new_one_is_silent(sqlite: Database) -> None:
    """Committed elsewhere just before this process took the run over."""
    writer = Writer(sqlite)
    async with open_hub(sqlite) as bus, aclosing(bus.follow(writer.run.id, -1, SILENCE)) as batches:
        assert numbers(await anext(batches)) == [0, 1]
        waiting = asyncio.create_task(anext(batches))
        await until(lambda: bus._pollers)
        bus._pollers[writer.run.id].cancel()  # it would have found them too, a moment later
        await writer.write(3)
        bus.written_here(writer.run.id, writer.next)
        async with asyncio.timeout(PATIENCE):
            assert numbers(await waiting) == [2, 3, 4]
        bus.not_written_here(writer.run.id)


async def test_silence_is_told_and_nothing_else(sqlite: Database) -> None:
    writer = Writer(sqlite)
    loop = asyncio.get_running_loop()
    async with open_hub(sqlite) as bus, aclosing(bus.follow(writer.run.id, 1, 0.05)) as batches:
        bus.written_here(writer.run.id, writer.next)
        began = loop.time()
        for _ in range(4):
            assert await anext(batches) == []
        assert loop.time() - began > 0.19
        written = await writer.write()
        bus.publish(writer.run.id, written.first_seq, written.bodies)
        assert numbers(await anext(batches)) == [2]
        bus.not_written_here(writer.run.id)


async def test_what_is_written_here_is_not_polled(sqlite: Database) -> None:
    writer = Writer(sqlite)
    async with open_hub(sqlite) as bus:
        bus.written_here(writer.run.id, writer.next)
        async with aclosing(bus.follow(writer.run.id, -1, 0.02)) as batches:
            assert [bool(await anext(batches)) for _ in range(3)] == [True, False, False]
            assert not bus._pollers
        bus.not_written_here(writer.run.id)


async def test_readers_outlive_an_absent_database(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """They keep their positions and hear heartbeats."""
    monkeypatch.setattr(hub, "POLL_SECONDS", 0.01)
    writer = Writer(sqlite)
    await writer.write(3)
    async with open_hub(sqlite) as bus:
        with monkeypatch.context() as away:

            async def read_nothing(_: object) -> None:
                raise StorageError("away")

            away.setattr(sqlite, "read", read_nothing)
            reading = aclosing(bus.follow(writer.run.id, -1, 0.05))
            batches = await reading.__aenter__()
            assert await anext(batches) == []
        async with asyncio.timeout(PATIENCE):
            seen = numbers(await anext(batches))
        assert seen == list(range(5))
        await reading.__aexit__(None, None, None)


async def test_a_poller_that_breaks_is_replaced(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "POLL_SECONDS", 0.01)
    writer = Writer(sqlite)
    async with open_hub(sqlite) as bus, aclosing(bus.follow(writer.run.id, 1, 0.05)) as batches:
        assert await anext(batches) == []
        bus._pollers[writer.run.id].cancel()
        await until(lambda: not bus._pollers)
        await writer.write()
        async with asyncio.timeout(PATIENCE):
            while not (frames := await anext(batches)):
                pass
        assert numbers(frames) == [2]


async def test_close_ends_every_stream(sqlite: Database) -> None:
    writer = Writer(sqlite)
    bus = Hub(sqlite)
    reading = [asyncio.create_task(read(bus, writer.run.id)) for _ in range(10)]
    await until(lambda: bus.readers == 10 and bus._pollers)
    bus.close()
    assert await asyncio.gather(*reading) == [[0, 1]] * 10
    await until(lambda: not bus._tails and not bus._pollers)
    assert await read(bus, writer.run.id) == []
    assert bus.readers == 0


async def test_readers_that_vanish_leave_nothing(sqlite: Database) -> None:
    writer = Writer(sqlite)
    async with open_hub(sqlite) as bus:
        before = len(asyncio.all_tasks())
        reading = [asyncio.create_task(read(bus, writer.run.id)) for _ in range(20)]
        await until(lambda: bus.readers == 20 and bus._pollers)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        await until(lambda: not bus._tails and not bus._pollers and len(asyncio.all_tasks()) == before)


async def test_slow_readers_cost_their_position(sqlite: Database) -> None:
    """A thousand readers that never come for what is written: memory stays, the writer is not held up."""
    writer = Writer(sqlite)
    async with open_hub(sqlite) as bus:
        bus.written_here(writer.run.id, writer.next)
        slow = [bus.follow(writer.run.id, -1, SILENCE) for _ in range(1_000)]
        await asyncio.gather(*(anext(batches) for batches in slow))
        tracemalloc.start()
        try:
            for _ in range(50):
                written = await writer.write(20, size=500)  # 1 MB of text in all
                bus.publish(writer.run.id, written.first_seq, written.bodies)
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert grown < 4 * hub.TAIL_BYTES
        assert bus.readers == 1_000
        for batches in slow:
            await batches.aclose()
        bus.not_written_here(writer.run.id)
