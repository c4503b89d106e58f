"""From words to committed events: order, commit before publish, a database that goes away, a lost fence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from advakod.answers import event_log, queries, recorder, wire
from advakod.answers.event_log import Append, Progress
from advakod.answers.hub import Hub
from advakod.answers.model import Outcome, Run, Status
from advakod.answers.recorder import LONGEST_WINDOW, SHORTEST_WINDOW, Flusher, LostFenceError, Recorder
from advakod.errors import StorageError
from advakod.storage import Database
from advakod.telemetry import Metrics
from tests.answers.room import PATIENCE, add_run, claim, events, stored, text_in, types_in, until

pytestmark = pytest.mark.anyio
T = TypeVar("T")
DONE = Outcome(Status.COMPLETED)


class Flaky(Database):
    """A database that can be away."""

    away = False

    async def write(self, change: Callable[[Connection], T]) -> T:
        if self.away:
            raise StorageError("away")
        return await super().write(change)


class Witness(Hub):
    """Checks, at the moment of publishing, that anybody can read what is published."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.seen: dict[str, list[bytes]] = {}

    def publish(self, run_id: str, first_seq: int, bodies: Sequence[bytes]) -> None:
        fresh = Database(self._database.url)
        with fresh.reading() as connection:
            log = event_log.read_all(connection, run_id)
            assert log[first_seq : first_seq + len(bodies)] == list(bodies)
            found = queries.get(connection, run_id)
            assert found is not None
            assert found.status.terminal == any(wire.is_terminal(body) for body in log)
        fresh.close()
        self.seen.setdefault(run_id, []).extend(bodies)
        super().publish(run_id, first_seq, bodies)


class Desk:
    """A flusher with what it needs."""

    def __init__(self, database: Database, patience: float = 20.0) -> None:
        self.database = database
        self.hub = Witness(database)
        self.flusher = Flusher(database, self.hub, "one", patience, Metrics())
        self.lost: list[str] = []

    def open(self) -> Recorder:
        add_run(self.database)
        (held,) = claim(self.database, "one")
        return self.flusher.open(held, Progress(next_seq=2), lambda: self.lost.append(held.id))

    async def finish(self, pen: Recorder) -> None:
        def last_words() -> None:
            pen.event("response.completed", response={})

        await self.flusher.finish(pen, DONE, lambda _: None, last_words)

    def committed(self, pen: Recorder) -> int:
        return stored(self.database, pen.run.id).last_seq


@pytest.fixture
def flaky(tmp_path: Path) -> Iterator[Flaky]:
    database = Flaky(f"sqlite:///{tmp_path / 'test.db'}")
    database.open()
    yield database
    database.close()


@asynccontextmanager
async def desk(database: Database, **options: Any) -> AsyncIterator[Desk]:
    made = Desk(database, **options)
    made.flusher.start()
    async with asyncio.timeout(PATIENCE):
        yield made
    await made.flusher.stop()


async def test_words_and_events_keep_their_order(database: Database) -> None:
    async with desk(database) as d:
        pen = d.open()
        for n in range(200):
            pen.words(f"слово{n} ", 1)
            if n % 50 == 0:
                pen.event("advakod.stage", stage=str(n))
            if n % 7 == 0:
                await asyncio.sleep(0.002)
        await d.finish(pen)
    log = events(database, pen.run.id)
    assert text_in(log) == "".join(f"слово{n} " for n in range(200)) == pen.text
    assert [event["stage"] for event in log if event["type"] == "advakod.stage"] == ["0", "50", "100", "150"]
    before = [text_in(log[:n]) for n, event in enumerate(log) if event["type"] == "advakod.stage"]
    assert before == ["".join(f"слово{n} " for n in range(m + 1)) for m in (0, 50, 100, 150)]
    assert types_in(log)[-1] == "response.completed"
    now = stored(database, pen.run.id)
    assert (now.status, now.output_tokens, now.last_seq) == (Status.COMPLETED, 200, len(log) - 1)
    with database.reading() as connection:
        assert d.hub.seen[pen.run.id] == event_log.read_all(connection, pen.run.id)[2:]


async def test_the_first_words_go_at_once_and_the_next_ones_together(
    flaky: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SHORTEST_WINDOW", 600.0)
    monkeypatch.setattr(recorder, "LONGEST_WINDOW", 600.0)
    async with desk(flaky) as d:
        pen = d.open()
        pen.words("Первое ", 1)
        await until(lambda: d.committed(pen) == 2)
        pen.words("второе ", 1)
        pen.words("третье", 1)
        await asyncio.sleep(0.05)
        assert d.committed(pen) == 2
        pen.event("advakod.stage", stage="checking")
        await d.finish(pen)  # takes along what waits
    assert [event.get("delta") for event in events(flaky, pen.run.id)[2:5]] == ["Первое ", "второе третье", None]


async def test_the_window_widens_with_the_number_of_runs(flaky: Flaky) -> None:
    async with desk(flaky) as d:
        held = Run("resp_1", "local", Status.IN_PROGRESS, request=Any, created_at=0)  # type: ignore[arg-type]
        assert d.flusher.window == SHORTEST_WINDOW
        pens = [d.flusher.open(held, Progress(), lambda: None) for _ in range(100)]
        assert SHORTEST_WINDOW < d.flusher.window < LONGEST_WINDOW
        pens += [d.flusher.open(held, Progress(), lambda: None) for _ in range(900)]
        assert d.flusher.window == LONGEST_WINDOW
        for pen in pens:
            d.flusher.close(pen)
        assert d.flusher.window == SHORTEST_WINDOW


async def test_a_database_that_comes_back_has_lost_nothing(flaky: Flaky) -> None:
    async with desk(flaky) as d:
        pen = d.open()
        pen.words("До. ", 1)
        await until(lambda: d.committed(pen) == 2)
        flaky.away = True
        for n in range(20):
            pen.words(f"{n} ", 1)
            await asyncio.sleep(0.01)
        ending = asyncio.create_task(d.finish(pen))
        await asyncio.sleep(0.2)
        assert not ending.done()
        assert len(d.hub.seen[pen.run.id]) == 1  # nothing that is not on disk
        flaky.away = False
        await ending
    log = events(flaky, pen.run.id)
    assert text_in(log) == "До. " + "".join(f"{n} " for n in range(20))
    assert d.lost == []


async def test_patience_ends_and_the_run_is_let_go(flaky: Flaky) -> None:
    async with desk(flaky, patience=0.15) as d:
        pen, ending = d.open(), d.open()
        flaky.away = True
        pen.words("Слово", 1)
        await until(lambda: d.lost == [pen.run.id])
        with pytest.raises(StorageError):
            await d.finish(ending)
        assert ending.lost
        flaky.away = False
        other = d.open()  # the flusher lives
        other.words("Другое", 1)
        await until(lambda: d.committed(other) == 2)


async def test_a_lost_fence_is_told_once_and_nothing_more_is_written(database: Database) -> None:
    async with desk(database) as d:
        pen, kept = d.open(), d.open()
        pen.words("Раз ", 1)
        kept.words("Два ", 1)
        await until(lambda: d.committed(pen) == 2)
        taken = [(pen.run.id, pen.run.attempt)]
        await database.write(lambda connection: queries.take_over(connection, taken, "two", 9e9))
        pen.words("лишнее ", 1)
        kept.words("нужное", 1)
        await until(lambda: d.lost)
        pen.words("лишнее", 1)
        with pytest.raises(LostFenceError):
            await d.finish(pen)
        await d.finish(kept)
    assert d.lost == [pen.run.id]
    assert text_in(events(database, pen.run.id)) == "Раз "
    assert text_in(events(database, kept.run.id)) == "Два нужное"


async def test_what_one_run_breaks_breaks_it_alone(flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug or a driver's refusal: the flusher serves everybody and goes on."""
    append = event_log.append

    def picky(connection: Connection, worker: str, appends: Sequence[Append]) -> set[str]:
        if any(b"poison" in body for one in appends for body in one.bodies):
            raise ValueError("cannot be stored")
        return append(connection, worker, appends)

    monkeypatch.setattr(event_log, "append", picky)
    async with desk(flaky) as d:
        pens = [d.open() for _ in range(5)]
        for n, pen in enumerate(pens):
            pen.words("poison" if n == 2 else "мёд", 1)
        await until(lambda: d.lost)
        assert d.lost == [pens[2].run.id]
        for n, pen in enumerate(pens):
            if n != 2:
                await d.finish(pen)
                assert text_in(events(flaky, pen.run.id)) == "мёд"


async def test_rubbish_from_an_engine_can_be_stored(database: Database) -> None:
    async with desk(database) as d:
        pen = d.open()
        pen.words("\ud83d", 1)
        pen.words("а\0б", 1)
        pen.words("😀\u2028\n", 1)
        await d.finish(pen)
    assert text_in(events(database, pen.run.id)) == "?а\ufffdб😀\u2028\n" == pen.text


async def test_the_end_is_never_in_the_log_before_the_run_has_ended(flaky: Flaky) -> None:
    """Even when flushes are under way all the time: Witness looks at every publishing."""
    async with desk(flaky) as d:
        for _ in range(10):
            pen = d.open()
            gate = threading.Event()
            blocked = flaky._writer.submit(partial(_wait, gate))
            pen.event("advakod.stage", stage="checking")
            await until(partial(_is_busy, pen))  # its flush stands behind the gate
            ending = asyncio.create_task(d.finish(pen))
            await asyncio.sleep(0)
            gate.set()
            await ending
            await asyncio.wrap_future(blocked)
            assert types_in(events(flaky, pen.run.id))[2:] == ["advakod.stage", "response.completed"]


def _wait(gate: threading.Event, _: Connection) -> None:
    gate.wait()


def _is_busy(pen: Recorder) -> bool:
    return not pen.idle.is_set()


async def test_an_old_attempt_of_this_process_does_not_disturb_the_new_one(flaky: Flaky) -> None:
    """Lost and got back before it was noticed: both pens are open, one of them writes."""
    async with desk(flaky) as d:
        old = d.open()
        take = partial(queries.take_over, found=[(old.run.id, 1)], worker="one", lease_until=9e9)
        (held,) = await flaky.write(take)
        new = d.flusher.open(held, Progress(next_seq=2), lambda: None)
        new.words("новое ", 1)
        old.words("старое", 1)
        new.words("слово", 1)
        d.flusher.close(old)
        await until(lambda: text_in(events(flaky, held.id)) == "новое слово")
        await d.finish(new)
