"""A snapshot and what follows it are together the whole log, whenever it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from advakod.answers import Answers, event_log, snapshot, wire
from advakod.answers.feedback import Ground, Rating
from advakod.answers.model import Request, Run, Status
from advakod.answers.snapshot import View, fold
from advakod.engine.errors import EngineFaultError
from advakod.engine.interface import Continuation, FinishReason
from advakod.errors import NotFoundError
from advakod.settings import Settings
from advakod.storage import Database
from tests.answers.room import PATIENCE, Puppet, add_run, ended, room, rooms, set_columns, until

pytestmark = pytest.mark.anyio
Quick = Callable[..., Settings]
OF_LOG = ("status", "reason", "message", "text", "sources", "summary", "citations", "notices", "stage", "plan")


def bodies_of(database: Database, run_id: str) -> list[bytes]:
    with database.reading() as connection:
        return event_log.read_all(connection, run_id)


def told(view: View) -> dict[str, Any]:
    """What a page knows that has folded these events."""
    return {name: getattr(view, name) for name in (*OF_LOG, "last_seq")}


def resumed(facts: dict[str, Any]) -> View:
    """A page that knows nothing but a snapshot, as it came over the wire."""
    facts = orjson.loads(orjson.dumps(facts))
    given = {name: facts[name] for name in OF_LOG if name != "text"}
    return View(**given, last_seq=facts["last_seq"], _words=[facts["text"]])


def gone_on(facts: dict[str, Any], rest: Sequence[bytes]) -> dict[str, Any]:
    """That page after the events that it followed."""
    view = resumed(facts)
    for body in rest:
        view.take(body)
    return told(view)


async def follow(answers: Answers, run_id: str, after: int) -> list[bytes]:
    async with asyncio.timeout(PATIENCE):
        return [wire.body_of(frame) async for batch in answers.follow(run_id, after, 1.0) for frame in batch]


def completed(engine: Puppet) -> None:
    engine.tells_reading = True
    engine.voice("вопрос").read(0, 9).read(9, 9).say("Ответ ", "по ст. 18 ", "ЗоЗПП.").end()


def cut(engine: Puppet) -> None:
    engine.voice("вопрос").say("Ответ ", "длинный").end(FinishReason.LENGTH)


def empty(engine: Puppet) -> None:
    engine.voice("вопрос").end()


def broken(engine: Puppet) -> None:
    engine.continuation = Continuation.NONE
    engine.voice("вопрос").say("Отв").fail(EngineFaultError("x"))


@pytest.fixture(params=[completed, cut, empty, broken])
async def log(request: pytest.FixtureRequest, tmp_path: Path, quick: Quick) -> AsyncIterator[list[bytes]]:
    """Of each kind of end; its run has been waiting a while."""
    database, engine = Database(f"sqlite:///{tmp_path / 'log.db'}").open(), Puppet()
    async with room(quick(), database, engine) as answers:
        assert answers._worker is not None
        answers._worker.concurrency = 0
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: b"queued" in bodies_of(database, run.id)[-1])
        request.param(engine)
        answers._worker.concurrency = 4
        answers._worker.wake()
        await ended(answers, run)
    yield bodies_of(database, run.id)
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_beginning_of_a_log_and_its_rest_are_the_whole(database: Database, log: list[bytes]) -> None:
    """Stored as it stood at that moment, read as the page reads it."""
    whole = told(fold(log))
    for at in range(2, len(log) + 1):
        run = add_run(database)
        if at > 2:
            database.write_sync(partial(event_log.add_first, run_id=run.id, first_seq=2, bodies=log[2:at]))
        set_columns(database, run.id, last_seq=at - 1)
        with database.reading() as connection:
            taken = snapshot.read(connection, "local", run.id)
        facts = taken.facts(0.0, can_continue=False)
        assert facts["last_seq"] == at - 1
        assert gone_on(facts, log[at:]) == whole


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_packing_changes_nothing(database: Database, log: list[bytes]) -> None:
    run = add_run(database)
    database.write_sync(partial(event_log.add_first, run_id=run.id, first_seq=2, bodies=log[2:]))
    set_columns(database, run.id, last_seq=len(log) - 1, status=Status.COMPLETED, finished_at=1.0)
    read = partial(snapshot.read, owner="local", run_id=run.id)
    with database.reading() as connection:
        before = read(connection).facts(0.0, can_continue=True)
    database.write_sync(partial(event_log.pack, run_id=run.id))
    with database.reading() as connection:
        assert read(connection).facts(0.0, can_continue=True) == before


async def test_at_any_moment_of_a_running_answer(database: Database, quick: Quick) -> None:
    """Many snapshots while it is written; the stream after each makes the same page as the stream from 0."""
    engine = Puppet()
    voice = engine.voice("вопрос")
    pages: list[dict[str, Any]] = []
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))

        async def come_and_follow() -> None:
            facts = await answers.snapshot("local", run.id)
            pages.append(gone_on(facts, await follow(answers, run.id, facts["last_seq"])))

        readers = []
        for n in range(30):
            voice.say(f"слово{n} ")
            readers.append(asyncio.create_task(come_and_follow()))
            await asyncio.sleep(0.01)
        voice.end()
        await asyncio.gather(*readers)
        whole = told(fold(await follow(answers, run.id, -1)))
    assert len(pages) == 30
    assert all(page == whole for page in pages)


async def test_a_snapshot_outlives_a_take_over(database: Database, quick: Quick) -> None:
    """Taken of the first attempt, gone on with after another process has taken the run and written on."""
    first, second = Puppet(), Puppet()
    async with rooms(quick(), database, first, second) as (here, there):
        assert here._worker is not None
        assert there._worker is not None
        there._worker.concurrency = 0
        run = await here.ask("local", Request("вопрос"))
        first.voice("вопрос").say("Раз, ")
        await until(lambda: fold(bodies_of(database, run.id)).text)
        before = await there.snapshot("local", run.id)
        assert (before["text"], before["status"]) == ("Раз, ", "in_progress")
        here._worker.concurrency, there._worker.concurrency = 0, 4
        second.tells_reading = True
        second.voice("вопрос").read(1, 2).say("два.").end()
        set_columns(database, run.id, worker="dead")  # as `kill -9` leaves it: its lock is free
        done = await ended(there, run)
        assert (done.attempt, done.status) == (2, Status.COMPLETED)
        page = gone_on(before, await follow(there, run.id, before["last_seq"]))
        after = await there.snapshot("local", run.id)
    assert page == told(fold(bodies_of(database, run.id)))
    assert {name: after[name] for name in page} == page
    assert after["text"] == "Раз, два."


async def answered(answers: Answers, engine: Puppet, finish: FinishReason = FinishReason.STOP) -> Run:
    engine.voice("вопрос").say("Раз, ", "два").end(finish)
    return await ended(answers, await answers.ask("local", Request("вопрос")))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_it_says(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answered(answers, engine)
        facts = await answers.snapshot("local", run.id)
        assert (facts["status"], facts["question"], facts["text"]) == ("completed", "вопрос", "Раз, два")
        assert (facts["input_tokens"], facts["output_tokens"], facts["last_seq"]) == (7, 2, run.last_seq)
        assert facts["created_at"] <= facts["started_at"] <= facts["first_text_at"] <= facts["finished_at"]
        assert facts["now"] >= facts["finished_at"]
        assert (facts["can_continue"], facts["feedback"], facts["citations"]) == (False, None, [])
        await answers.feedback.give("local", run.id, Rating.DOWN, Ground.UNCLEAR, "Непонятно")
        given = (await answers.snapshot("local", run.id))["feedback"]
        assert (given["rating"], given["reason"], given["comment"]) == ("down", "unclear", "Непонятно")
        with pytest.raises(NotFoundError):
            await answers.snapshot("anna", run.id)
        with pytest.raises(NotFoundError):
            await answers.suggestions("anna", run.id, 3)
        assert await answers.suggestions("local", run.id, 3) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("continuation", "reachable", "may"),
    [(Continuation.EXACT, True, True), (Continuation.NONE, True, False), (Continuation.NONE, False, True)],
)
async def test_whether_it_can_be_continued(
    database: Database, quick: Quick, continuation: Continuation, reachable: bool, may: bool
) -> None:
    """As far as is known: an engine that is away may be able to."""
    engine = Puppet(continuation)
    async with room(quick(), database, engine) as answers:
        run = await answered(answers, engine, FinishReason.LENGTH)
        engine.reachable = reachable
        facts = await answers.snapshot("local", run.id)
    assert (facts["status"], facts["reason"], facts["can_continue"]) == ("incomplete", "max_output_tokens", may)
    assert facts["message"]
