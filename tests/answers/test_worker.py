"""Several workers on one database: who writes what, in which order, and who goes on when one is gone."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from advakod.answers import Answers, queries
from advakod.answers.model import Context, Request, Run, Status
from advakod.answers.worker import Worker
from advakod.engine.script import Script
from advakod.engine.scripted import ScriptedEngine
from advakod.errors import StorageError
from advakod.settings import Settings
from advakod.storage import Database
from tests.answers.room import (
    PATIENCE,
    Puppet,
    add_run,
    claim,
    column,
    ended,
    events,
    room,
    rooms,
    set_columns,
    stored,
    text_in,
    types_in,
    until,
)
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.anyio
T = TypeVar("T")
Quick = Callable[..., Settings]
# What has nothing to do with the kind of database is tested on one.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def worker_of(answers: Answers) -> Worker:
    assert answers._worker is not None
    return answers._worker


async def die(answers: Answers) -> None:
    """As `kill -9` does: nothing more is written, and the lock comes free."""
    worker = worker_of(answers)
    for task in [*worker._loops, *(task for _, task in worker._held.values())]:
        task.cancel()
    await answers._flusher.stop()
    worker._lock.release()
    worker._held.clear()


# -- claiming ------------------------------------------------------------------------------------


@on_sqlite
async def test_the_oldest_question_first_and_no_more_than_the_limit(database: Database, quick: Quick) -> None:
    engine = Puppet(concurrency=3)
    asked = [add_run(database, f"вопрос {n}", created_at=time.time() - 9 + n) for n in range(8)]
    async with room(quick(), database, engine) as answers:
        for n in range(8):
            voice = engine.voice(f"вопрос {n}")
            await until(partial(getattr, voice, "writing"))
            assert answers.running <= 3
            assert [stored(database, run.id).status for run in asked[n + 3 :]] == ["queued"] * len(asked[n + 3 :])
            voice.say("ответ").end()
            assert (await ended(answers, asked[n])).status is Status.COMPLETED


async def test_taking_over_and_claiming_together_keep_the_limit(database: Database, quick: Quick) -> None:
    """Ownerless runs go before waiting ones, however many wait."""
    for n in range(3):
        add_run(database, f"брошен {n}")
    claim(database, "long dead", 3)
    for n in range(5):
        add_run(database, f"ждёт {n}", created_at=time.time() - 9)
    engine = Puppet(concurrency=2)
    async with room(quick(), database, engine) as answers:
        await until(lambda: engine.voice("брошен 0").writing and engine.voice("брошен 1").writing)
        await asyncio.sleep(0.5)
        assert answers.running == 2
        engine.voice("брошен 0").say("да").end()
        await until(lambda: engine.voice("брошен 2").writing)
        assert not any(engine.voice(f"ждёт {n}").tasks for n in range(5))


@on_sqlite
async def test_a_second_question_waits_for_the_first(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        first = await answers.ask("local", Request("первый"))
        second = await answers.ask("local", Request("второй", previous_response_id=first.id))
        other = await answers.ask("local", Request("посторонний"))
        await until(lambda: engine.voice("первый").writing and engine.voice("посторонний").writing)
        assert stored(database, second.id).status is Status.QUEUED
        engine.voice("первый").say("Ответ на первый.").end()
        await until(lambda: engine.voice("второй").writing)
        said = [turn.content for turn in engine.voice("второй").tasks[0].messages]
        assert any("Ответ на первый." in turn for turn in said)
        for run, voice in ((second, "второй"), (other, "посторонний")):
            engine.voice(voice).say("да").end()
            await ended(answers, run)


# -- going on ------------------------------------------------------------------------------------


async def test_what_one_hands_back_the_other_goes_on_with(database: Database, quick: Quick) -> None:
    """Every word that the engine gave is kept, those of the last moment too."""
    one, two = Puppet(), Puppet()
    async with rooms(quick(), database, two) as (second,):
        worker_of(second).concurrency = 0
        async with rooms(quick(), database, one) as (first,):
            run = await first.ask("local", Request("вопрос"))
            one.voice("вопрос").say("Раз, ")
            await until(lambda: "Раз" in text_in(events(database, run.id)))
            one.voice("вопрос").say("два, ")
            await until(lambda: one.voice("вопрос").lines.empty())
            await first.stop()
            assert text_in(events(database, run.id)) == "Раз, два, "
            assert one.voice("вопрос").writing == 0
            assert column(database, run.id, "worker") == ""
        worker_of(second).concurrency = 4
        await until(lambda: two.voice("вопрос").tasks)
        assert two.voice("вопрос").tasks[0].prefix == "Раз, два, "
        two.voice("вопрос").say("три.").end()
        done = await ended(second, run)
    log = events(database, run.id)
    assert (done.status, done.attempt, text_in(log)) == (Status.COMPLETED, 2, "Раз, два, три.")
    for once in ("response.in_progress", "advakod.sources", "response.output_item.added", "response.completed"):
        assert types_in(log).count(once) == 1


async def test_the_run_of_a_dead_worker_goes_on_by_its_lock(database: Database, quick: Quick) -> None:
    """And not by its lease, which here outlasts anybody's patience."""
    one, two = Puppet(), Puppet()
    async with rooms(quick(heartbeat=60), database, one, two) as (first, second):
        worker_of(second).concurrency = 0
        run = await first.ask("local", Request("вопрос"))
        one.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(database, run.id)) == "Раз, ")
        worker_of(second).concurrency = 4
        await die(first)
        await until(lambda: two.voice("вопрос").tasks)
        assert stored(database, run.id).attempt == 2
        two.voice("вопрос").say("два.").end()
        assert (await ended(second, run)).status is Status.COMPLETED
    assert text_in(events(database, run.id)) == "Раз, два."


async def test_a_stuck_worker_loses_its_run_by_the_lease_and_writes_nothing_more(
    database: Database, quick: Quick
) -> None:
    """Alive, its lock held, but not renewing: as under SIGSTOP. Afterwards it frees its engine."""
    one, two = Puppet(), Puppet()
    async with rooms(quick(heartbeat=0.3), database, one, two) as (first, second):
        worker_of(second).concurrency = 0
        run = await first.ask("local", Request("вопрос"))
        one.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(database, run.id)) == "Раз, ")
        worker_of(second).concurrency = 4
        real = first.database.write
        gate = asyncio.Event()

        async def stuck(change: Callable[[Connection], Any]) -> Any:
            await gate.wait()
            return await real(change)

        first.database.write = stuck  # type: ignore[method-assign]
        one.voice("вопрос").say("лишнее")
        await until(lambda: two.voice("вопрос").tasks)
        assert two.voice("вопрос").tasks[0].prefix == "Раз, "
        gate.set()
        await until(lambda: not one.voice("вопрос").writing, "its engine is free")
        await until(lambda: first.running == 0)
        two.voice("вопрос").say("два.").end()
        assert (await ended(second, run)).attempt == 2
    assert text_in(events(database, run.id)) == "Раз, два."


@on_sqlite
async def test_a_silent_loser_frees_its_engine(database: Database, quick: Quick) -> None:
    """It has nothing to write, so only the renewal of its lease tells it."""
    one = Puppet()
    async with room(quick(), database, one) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: one.voice("вопрос").writing)
        await until(lambda: stored(database, run.id).context is not None)
        set_columns(database, run.id, worker="another", attempt=7, lease_until=time.time() + 1)
        await until(lambda: one.voice("вопрос").closed)


@on_sqlite
async def test_a_run_that_came_back_before_its_loss_was_noticed(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(heartbeat=5), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        voice = engine.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(database, run.id)) == "Раз, ")
        set_columns(database, run.id, worker="long dead", attempt=2)
        await until(lambda: len(voice.tasks) == 2)
        await until(lambda: voice.writing == 1)
        assert answers.running == 1
        voice.say("два.").end()
        done = await ended(answers, run)
        assert (done.status, done.attempt) == (Status.COMPLETED, 3)
        await until(lambda: answers.running == 0)
    assert text_in(events(database, run.id)) == "Раз, два."


@on_sqlite
async def test_leases_are_renewed(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(heartbeat=0.15), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: engine.voice("вопрос").writing)
        first = column(database, run.id, "lease_until")
        await until(lambda: column(database, run.id, "lease_until") > first + 0.2)
        await until(lambda: stored(database, run.id).spent > 0.1)  # told with a renewal too
        assert stored(database, run.id).attempt == 1  # it was never taken from itself
        engine.voice("вопрос").say("да").end()
        await ended(answers, run)


# -- real processes ------------------------------------------------------------------------------

ANOTHER = """
import asyncio, sys
from advakod.settings import load_settings
from advakod.storage import Database
from tests.answers.test_worker import SCRIPT
from advakod.engine.scripted import ScriptedEngine
from tests.answers.room import room

async def main():
    database = Database(sys.argv[1])
    settings = load_settings(data_dir=sys.argv[2], heartbeat=0.3)
    async with room(settings, database, ScriptedEngine(SCRIPT)):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
SCRIPT = Script(" ".join(f"слово{n}" for n in range(120)), tokens_per_second=200)


@pytest.mark.parametrize(
    ("database_url", "how"), [("sqlite", signal.SIGSTOP), ("postgres", signal.SIGKILL)], indirect=["database_url"]
)
async def test_another_process_is_killed_or_paused(database: Database, quick: Quick, how: signal.Signals) -> None:
    """A paused one writes nothing after it wakes up, and lives on."""
    settings = quick(heartbeat=0.3)
    async with room(settings, database, ScriptedEngine(SCRIPT)) as answers:
        worker_of(answers).concurrency = 0
        url = database.url.render_as_string(hide_password=False)
        command = [sys.executable, "-c", ANOTHER, url, str(settings.data_dir)]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
            run = await answers.ask("local", Request("вопрос"))
            await until(lambda: text_in(events(database, run.id)))
            process.send_signal(how)
            worker_of(answers).concurrency = 4
            done = await ended(answers, run)
            assert (done.status, done.worker) == (Status.COMPLETED, answers.worker_name)
            log = events(database, run.id)
            assert text_in(log) == SCRIPT.text
            if how is signal.SIGSTOP:
                process.send_signal(signal.SIGCONT)
                worker_of(answers).concurrency = 0
                second = await ended(answers, await answers.ask("local", Request("ещё")))
                assert (second.status, second.worker == answers.worker_name) == (Status.COMPLETED, False)
                assert events(database, run.id) == log
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_server_that_drops_its_connections_costs_no_word(
    database: Database, quick: Quick, postgres: PostgresServer
) -> None:
    """The worker's lock with them: it is held again, and the run goes on here."""
    async with room(quick(), database, ScriptedEngine(SCRIPT)) as answers:
        run = await answers.ask("local", Request("вопрос"))
        drop = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.url.database}'"
        for _ in range(4):
            await asyncio.sleep(0.1)
            await asyncio.to_thread(postgres.execute, drop)
        await until(lambda: _status(database, run) is Status.COMPLETED)
    assert text_in(events(database, run.id)) == SCRIPT.text


def _status(database: Database, run: Run) -> Status | None:
    with suppress(StorageError, OSError):  # this connection was dropped, too
        return stored(database, run.id).status
    return None


# -- strays: runs of ours that nobody here writes ------------------------------------------------


async def test_a_claim_whose_answer_was_lost(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(heartbeat=15), database, engine) as answers:
        run = add_run(database, "вопрос")
        database.write_sync(partial(_claimed_by, run_id=run.id, worker=answers.worker_name))
        engine.voice("вопрос").say("да").end()
        assert (await ended(answers, run)).status is Status.COMPLETED


def _claimed_by(connection: Connection, run_id: str, worker: str) -> None:
    taken = queries.claim(connection, worker, 1, time.time() + 30)
    assert [run.id for run in taken] == [run_id]


async def test_a_claim_under_way_when_the_worker_stops_is_handed_back(database: Database, quick: Quick) -> None:
    engine = Puppet()
    own = Database(database.url).open()
    async with room(quick(), own, engine) as answers:
        gate = threading.Event()
        blocked = own._writer.submit(lambda _: gate.wait())
        run = add_run(database, "вопрос") if not database.is_sqlite else None
        if run is None:  # SQLite's one writer is behind the gate: the run comes the same way, before the claim
            own._writer.submit(lambda connection: _add(connection))
        worker_of(answers).wake()
        await asyncio.sleep(0.05)
        stopping = asyncio.create_task(answers.stop())
        await asyncio.sleep(0.05)
        gate.set()
        await stopping
        await asyncio.wrap_future(blocked)
    own.close()
    with database.reading() as connection:
        held = queries.held_by(connection, [answers.worker_name], 9)
    assert held == []


def _add(connection: Connection) -> None:
    made = Run("resp_x", "local", Status.QUEUED, Request("вопрос"), created_at=time.time(), last_seq=-1)
    queries.add(connection, made, idempotency_key=None, request_hash="")


@on_sqlite
async def test_an_end_that_could_not_be_stored_is_not_the_end(
    database: Database, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes away for longer than the run has patience, at the worst moment; nothing hangs."""
    engine = Puppet()
    async with room(quick(heartbeat=15), database, engine) as answers:
        answers._flusher._patience = 0.1
        run = await answers.ask("local", Request("вопрос"))
        voice = engine.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(database, run.id)) == "Раз, ")
        with monkeypatch.context() as patch:

            async def away(_: Callable[[Connection], T]) -> T:
                raise StorageError("away")

            patch.setattr(database, "write", away)
            voice.say("два.").end()
            await until(lambda: answers.running == 0)
        voice.say("два.").end()
        assert (await ended(answers, run)).status is Status.COMPLETED
    assert text_in(events(database, run.id)) == "Раз, два."


@on_sqlite
async def test_a_reading_that_fails_for_a_while_fails_no_run(
    database: Database, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Citations are checked against a database that is away just then."""
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        voice = engine.voice("вопрос").say("Ответ.")
        await until(lambda: text_in(events(database, run.id)) == "Ответ.")
        read = database.read
        away = True

        async def sometimes(query: Callable[[Connection], T]) -> T:
            if away:
                raise StorageError("away")
            return await read(query)

        monkeypatch.setattr(database, "read", sometimes)
        voice.end()
        await until(lambda: "advakod.stage" in types_in(events(database, run.id))[-1:])
        away = False
        assert (await ended(answers, run)).status is Status.COMPLETED


# -- what must not stop the loops ----------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("error", [StorageError("away"), sqlite3.ProgrammingError("odd"), OSError("odd"), ValueError()])
async def test_the_loops_outlive_any_error(
    database: Database, quick: Quick, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    engine = Puppet()
    async with room(quick(heartbeat=0.1), database, engine) as answers:
        failed = 0
        with monkeypatch.context() as patch:

            def broken(*_: Any, **__: Any) -> Any:
                nonlocal failed
                failed += 1
                raise error

            for name in ("claim", "foreign_workers", "expired", "queued"):
                patch.setattr(queries, name, broken)
            patch.setattr(worker_of(answers)._lock, "hold", broken)
            await until(lambda: failed > 10)
        engine.voice("вопрос").say("да").end()
        run = await answers.ask("local", Request("вопрос"))
        assert (await ended(answers, run)).status is Status.COMPLETED
        assert not any(task.done() for task in [*worker_of(answers)._loops, *answers._chores])


# -- stopping ------------------------------------------------------------------------------------


@on_sqlite
async def test_a_waiting_run_is_stopped_at_once(database: Database, quick: Quick) -> None:
    async with room(quick(), database, Puppet()) as answers:
        worker_of(answers).concurrency = 0
        run = await answers.ask("local", Request("вопрос"))
        done = await answers.cancel("local", run.id)
        assert (done.status, done.reason) == (Status.CANCELLED, "cancelled")
        assert types_in(events(database, run.id))[-1] == "response.incomplete"
        assert (await answers.cancel("local", run.id)).status is Status.CANCELLED


@on_sqlite
async def test_stopping_while_it_writes_frees_the_engine_and_keeps_the_words(database: Database, quick: Quick) -> None:
    """The engine takes its time to let go and is told once."""
    engine = Puppet(cleanup=0.6)
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        voice = engine.voice("вопрос").say("Раз, ", "два")
        await until(lambda: "два" in text_in(events(database, run.id)))
        began = time.monotonic()
        await answers.cancel("local", run.id)
        done = await ended(answers, run)
        assert (done.status, done.reason, voice.closed) == (Status.CANCELLED, "cancelled", 1)
        assert time.monotonic() - began >= 0.6
    log = events(database, run.id)
    last = log[-1]["response"]
    assert (last["status"], last["incomplete_details"]["reason"]) == ("cancelled", "cancelled")
    assert text_in(log) == last["output"][0]["content"][0]["text"] == "Раз, два"


@on_sqlite
async def test_stopping_before_the_first_word(
    database: Database, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        asking = asyncio.Event()
        go = asyncio.Event()
        info = engine.info

        async def slow() -> Any:
            asking.set()
            await go.wait()
            return await info()

        monkeypatch.setattr(engine, "info", slow)
        run = await answers.ask("local", Request("вопрос"))
        await asking.wait()
        await answers.cancel("local", run.id)
        go.set()
        done = await ended(answers, run)
        assert done.status is Status.CANCELLED
        assert engine.voice("вопрос").tasks == []


async def test_stopping_what_another_process_writes(database: Database, quick: Quick) -> None:
    one, two = Puppet(), Puppet()
    async with rooms(quick(), database, one, two) as (first, second):
        worker_of(second).concurrency = 0
        run = await first.ask("local", Request("вопрос"))
        one.voice("вопрос").say("Раз")
        await until(lambda: one.voice("вопрос").writing)
        await second.cancel("local", run.id)
        assert (await ended(second, run)).status is Status.CANCELLED
        assert one.voice("вопрос").writing == 0


@on_sqlite
async def test_a_stop_outlives_the_worker_that_did_not_hear_it(database: Database, quick: Quick) -> None:
    run = add_run(database, "вопрос")
    claim(database, "long dead")
    database.write_sync(lambda connection: queries.request_cancel(connection, run.id))
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        assert (await ended(answers, run)).status is Status.CANCELLED
        assert engine.voice("вопрос").tasks == []


@on_sqlite
async def test_a_run_without_a_way_back_dies_with_its_reader(database: Database, quick: Quick) -> None:
    engine = Puppet()
    settings = quick(heartbeat=0.2)
    async with room(settings, database, engine) as answers:
        gone = await answers.ask("local", Request("ушёл", stateless=True), detached=False)
        there = await answers.ask("local", Request("читает", stateless=True), detached=False)
        kept = await answers.ask("local", Request("вернётся"))
        began = time.monotonic()
        while stored(database, gone.id).status is not Status.CANCELLED:
            await answers.reader_seen(there.id)
            assert time.monotonic() - began < PATIENCE
            await asyncio.sleep(0.02)
        assert time.monotonic() - began > 2.5 * settings.heartbeat - 0.1
        assert stored(database, there.id).status is stored(database, kept.id).status is Status.IN_PROGRESS
        for run, voice in ((there, "читает"), (kept, "вернётся")):
            engine.voice(voice).say("да").end()
            assert (await ended(answers, run)).status is Status.COMPLETED


# -- the budget ----------------------------------------------------------------------------------


async def test_the_budget_is_one_for_all_attempts(database: Database, quick: Quick) -> None:
    """What an attempt has spent is in the database when its process dies, and the next one has only what is left."""
    budget = 50 * PATIENCE  # nobody here waits for the whole of it
    one, two = Puppet(), Puppet()
    async with rooms(quick(inference_timeout=budget), database, one, two) as (first, second):
        worker_of(second).concurrency = 0
        run = await first.ask("local", Request("вопрос"))
        one.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(database, run.id)) and stored(database, run.id).spent > 0)
        await die(first)
        left = 1.0
        set_columns(database, run.id, spent=budget - left)  # as if it had written for that long
        worker_of(second).concurrency = 4
        two.voice("вопрос").say("два")
        done = await ended(second, run)
        assert (done.status, done.reason, done.attempt) == (Status.INCOMPLETE, "timeout", 2)
        assert done.spent > budget - left
    assert text_in(events(database, run.id)) in ("Раз, ", "Раз, два")


@on_sqlite
async def test_a_spent_budget_asks_no_engine(database: Database, quick: Quick) -> None:
    run = add_run(database, "вопрос", context=Context())
    claim(database, "long dead")
    set_columns(database, run.id, spent=999.0)
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        assert (await ended(answers, run)).reason == "timeout"
        assert engine.voice("вопрос").tasks == []
