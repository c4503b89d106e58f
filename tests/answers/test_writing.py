"""One attempt: what silence, failures, the budget and odd engines make of a run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from advakod.answers import grounding, writing
from advakod.answers.model import Context, Reason, Request, Status
from advakod.engine.errors import EngineFaultError, EngineLostError
from advakod.engine.interface import Continuation, EngineInfo, FinishReason, Piece, WritingTask
from advakod.settings import Settings
from advakod.storage import Database
from tests.answers.room import Puppet, add_run, claim, ended, events, room, stored, text_in, types_in, until

pytestmark = pytest.mark.anyio
Quick = Callable[..., Settings]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}").open()
    yield database
    database.close()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "RETRY_SECONDS", 0.01)


async def test_the_budget_ends_it_with_every_word_kept(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    engine.voice("вопрос").say("Раз, ", "два")
    async with room(quick(inference_timeout=0.4), sqlite, engine) as answers:
        began = time.monotonic()
        run = await answers.ask("local", Request("вопрос"))
        done = await ended(answers, run)
        assert 0.35 < time.monotonic() - began < 3
        assert (done.status, done.reason) == (Status.INCOMPLETE, "timeout")
        assert engine.voice("вопрос").writing == 0
        final = await answers.response("local", run.id)
    assert text_in(events(sqlite, run.id)) == "Раз, два"
    assert final["incomplete_details"] == {"reason": "timeout", "message": writing.SENTENCES[Reason.TIMEOUT]}


@pytest.mark.parametrize("said", [[], ["Раз, ", "два"]])
async def test_silence_is_a_stall(sqlite: Database, quick: Quick, said: list[str]) -> None:
    engine = Puppet()
    engine.voice("вопрос").say(*said)
    async with room(quick(first_token_timeout=0.2, stall_timeout=0.2), sqlite, engine) as answers:
        done = await ended(answers, await answers.ask("local", Request("вопрос")))
    assert (done.status, done.reason) == (Status.INCOMPLETE, "stalled")
    assert text_in(events(sqlite, done.id)) == "".join(said)
    assert engine.voice("вопрос").writing == 0


async def test_words_within_the_stall_time_are_no_silence(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(stall_timeout=0.5), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        for n in range(8):
            engine.voice("вопрос").say(f"{n} ")
            await asyncio.sleep(0.1)
        engine.voice("вопрос").end()
        assert (await ended(answers, run)).status is Status.COMPLETED


@pytest.mark.parametrize("error", [EngineFaultError("x"), EngineLostError("x"), None])
async def test_an_engine_that_breaks_is_asked_to_go_on(sqlite: Database, quick: Quick, error: Exception | None) -> None:
    """None: it ended mid-word without a finish reason, which is never completed."""
    engine = Puppet()
    voice = engine.voice("вопрос").say("Раз, ").fail(error).say("два, ").fail(error).say("три.").end()
    async with room(quick(), sqlite, engine) as answers:
        done = await ended(answers, await answers.ask("local", Request("вопрос")))
    assert done.status is Status.COMPLETED
    assert [task.prefix for task in voice.tasks] == ["", "Раз, ", "Раз, два, "]
    assert text_in(events(sqlite, done.id)) == "Раз, два, три."


async def test_one_that_only_breaks_is_lost(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    voice = engine.voice("вопрос").say("Раз, ")
    for _ in range(writing.ENGINE_TRIES + 1):
        voice.fail(None)
    async with room(quick(), sqlite, engine) as answers:
        done = await ended(answers, await answers.ask("local", Request("вопрос")))
    assert (done.status, done.reason) == (Status.INCOMPLETE, "engine_lost")
    assert text_in(events(sqlite, done.id)) == "Раз, "


async def test_one_that_cannot_continue_is_not_asked_to(sqlite: Database, quick: Quick) -> None:
    engine = Puppet(Continuation.NONE)
    voice = engine.voice("вопрос").say("Раз, ").fail(EngineFaultError("x"))
    async with room(quick(), sqlite, engine) as answers:
        done = await ended(answers, await answers.ask("local", Request("вопрос")))
    assert (done.status, done.reason, len(voice.tasks)) == (Status.INCOMPLETE, "engine_lost", 1)


async def test_after_a_crash_an_engine_that_cannot_continue_keeps_every_word(sqlite: Database, quick: Quick) -> None:
    engine = Puppet(Continuation.NONE)
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        engine.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(sqlite, run.id)))
    async with room(quick(), sqlite, again := Puppet(Continuation.NONE)) as answers:
        done = await ended(answers, run)
    assert (done.status, done.reason) == (Status.INCOMPLETE, "engine_lost")
    assert text_in(events(sqlite, run.id)) == "Раз, "
    assert again.voice("вопрос").tasks == []


async def test_the_context_of_the_first_attempt_serves_the_next(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: engine.voice("вопрос").writing)
        frozen = stored(sqlite, run.id).context
    assert frozen is not None
    async with room(quick(), sqlite, second := Puppet()) as answers:
        second.voice("вопрос").say("да").end()
        done = await ended(answers, run)
    assert done.context == frozen
    (one,), (two,) = engine.voice("вопрос").tasks, second.voice("вопрос").tasks
    assert (one.seed, one.messages) == (two.seed, two.messages)


@pytest.mark.parametrize("where", ["check", "info", "write"])
async def test_a_bug_fails_the_run_and_keeps_the_words(
    sqlite: Database, quick: Quick, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    engine = Puppet()
    async with room(quick(), sqlite, engine) as answers:

        def broken(*_: Any, **__: Any) -> Any:
            raise ZeroDivisionError("bug")

        target = grounding if where == "check" else engine
        monkeypatch.setattr(target, where, broken)
        engine.voice("вопрос").say("Слово").end()
        done = await ended(answers, await answers.ask("local", Request("вопрос")))
        assert (done.status, done.reason) == (Status.FAILED, "internal_error")
        assert text_in(events(sqlite, done.id)) == ("Слово" if where == "check" else "")
        assert answers.running == 0


async def test_an_engine_that_complains_when_stopped_is_stopped(sqlite: Database, quick: Quick) -> None:
    class Sore(Puppet):
        writings = 0

        async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
            self.writings += 1
            yield Piece("Слово")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise EngineFaultError("connection reset") from None

    async with room(quick(), sqlite, engine := Sore()) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: text_in(events(sqlite, run.id)))
        await answers.cancel("local", run.id)
        done = await ended(answers, run)
    assert (done.status, engine.writings) == (Status.CANCELLED, 1)


async def test_an_unreachable_engine_is_not_one_that_cannot_continue(sqlite: Database, quick: Quick) -> None:
    """Nobody knows yet what it can; it is tried, and comes back."""
    add_run(sqlite, "вопрос", context=Context())
    claim(sqlite, "long dead")
    engine = Puppet(Continuation.NONE)
    engine.reachable = False
    infos = 0
    real = engine.info

    async def info() -> EngineInfo:
        nonlocal infos
        infos += 1
        return await real()

    engine.info = info  # type: ignore[method-assign]
    engine.voice("вопрос").fail(EngineLostError("x")).say("да").end()
    async with room(quick(), sqlite, engine) as answers:
        await until(lambda: engine.voice("вопрос").closed == 2)
        await until(lambda: answers.running == 0)
    assert infos >= 2


async def test_length_and_emptiness(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    engine.voice("длинный").say("слово").end(FinishReason.LENGTH)
    engine.voice("пустой").say("  \n").end()
    async with room(quick(), sqlite, engine) as answers:
        long = await ended(answers, await answers.ask("local", Request("длинный", max_output_tokens=9)))
        empty = await ended(answers, await answers.ask("local", Request("пустой")))
    assert (long.status, long.reason) == (Status.INCOMPLETE, "max_output_tokens")
    assert (empty.status, empty.reason) == (Status.FAILED, "engine_empty")
    assert engine.voice("длинный").tasks[0].max_tokens == 9


async def test_a_crash_between_the_last_word_and_the_end_closes_the_text_once(
    sqlite: Database, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Puppet()
    checking, never = asyncio.Event(), asyncio.Event()
    async with room(quick(), sqlite, engine) as answers:
        flusher = answers._flusher
        read = flusher.read

        async def stuck(query: Any) -> Any:
            checking.set()
            await never.wait()
            return await read(query)

        monkeypatch.setattr(flusher, "read", stuck)
        engine.voice("вопрос").say("Ответ.").end()
        run = await answers.ask("local", Request("вопрос"))
        await checking.wait()
    async with room(quick(), sqlite, second := Puppet()) as answers:
        second.voice("вопрос").end()
        assert (await ended(answers, run)).status is Status.COMPLETED
    kinds = types_in(events(sqlite, run.id))
    for once in ("advakod.citations", "response.output_text.done", "response.output_item.done", "response.completed"):
        assert kinds.count(once) == 1
    assert second.voice("вопрос").tasks[0].prefix == "Ответ."
