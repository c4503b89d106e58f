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
        assert time.monotonic() - began > 0.35
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


def told(database: Database, run_id: str, kind: str) -> list[dict[str, Any]]:
    """What events of a kind say, without their number."""
    return [
        {name: value for name, value in event.items() if name not in ("type", "sequence_number")}
        for event in events(database, run_id)
        if event["type"] == kind
    ]


def stages_in(database: Database, run_id: str) -> list[dict[str, Any]]:
    """Of its writing: on a busy machine it may wait before."""
    return [stage for stage in told(database, run_id, "advakod.stage") if stage["stage"] != "queued"]


async def test_reading_is_told_at_once_and_then_seldom(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    engine.tells_reading = True
    voice = engine.voice("вопрос")
    for done in range(0, 901, 100):
        voice.read(done, 900)
    async with room(quick(heartbeat=60), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        reading = {"stage": "reading", "done": 0, "total": 900}
        await until(lambda: stages_in(sqlite, run.id) == [reading])
        voice.say("Раз.").end()
        await ended(answers, run)
    stages = stages_in(sqlite, run.id)
    assert stages == [reading, {"stage": "writing"}, {"stage": "checking"}]
    kinds = types_in(events(sqlite, run.id))
    assert (
        kinds.index("response.output_text.delta") == kinds.index("advakod.stage", kinds.index("advakod.stage") + 1) + 1
    )


async def test_reading_goes_on_being_told(sqlite: Database, quick: Quick) -> None:
    """By an engine of which it was not known: writing was said of it too early, and is said again."""
    engine = Puppet()
    voice = engine.voice("вопрос")
    async with room(quick(heartbeat=0.03), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        for done in (0, 450, 900):
            while done not in [stage.get("done") for stage in stages_in(sqlite, run.id)]:
                voice.read(done, 900)  # again and again: told once
                await asyncio.sleep(0.02)
        voice.say("Раз.").end()
        await ended(answers, run)
    stages = [(stage["stage"], stage.get("done")) for stage in stages_in(sqlite, run.id)]
    assert stages == [
        ("writing", None),
        ("reading", 0),
        ("reading", 450),
        ("reading", 900),
        ("writing", None),
        ("checking", None),
    ]


async def test_reading_is_no_first_word(sqlite: Database, quick: Quick) -> None:
    """It neither puts off the end of the wait for one nor is a silence between words."""
    engine = Puppet()
    voice = engine.voice("вопрос").read(0, 900)
    async with room(quick(first_token_timeout=0.5, stall_timeout=0.05), sqlite, engine) as answers:
        began = time.monotonic()
        run = await answers.ask("local", Request("вопрос"))

        async def read_on() -> None:
            for done in range(900):
                voice.read(done, 900)
                await asyncio.sleep(0.01)

        reading = asyncio.create_task(read_on())
        done = await ended(answers, run)
        reading.cancel()
    assert (done.status, done.reason) == (Status.INCOMPLETE, "stalled")
    assert time.monotonic() - began >= 0.5
    assert text_in(events(sqlite, done.id)) == ""


async def test_a_plan_is_told_once_and_before_the_first_word(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(max_tokens=500), sqlite, engine) as answers:
        for n in range(4):
            engine.voice(f"{n}").say("Раз, ", "два.").end()
            run = await ended(answers, await answers.ask("local", Request(f"{n}")))
            (plan,) = told(sqlite, run.id, "advakod.plan")
            assert (plan["budget"], plan["max_tokens"]) == (30, 500)
            assert plan["expected_tokens"] == (2 if n == 3 else None)
            assert (plan["expected_seconds"] is not None) == (n == 3)
        kinds = types_in(events(sqlite, run.id))
        assert kinds.index("advakod.plan") < kinds.index("response.output_text.delta")


async def test_what_goes_on_after_a_crash_is_not_planned_anew(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        engine.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(sqlite, run.id)))
    async with room(quick(), sqlite, second := Puppet()) as answers:
        second.tells_reading = True
        second.voice("вопрос").read(5, 10).say("два.").end()
        await ended(answers, run)
    assert len(told(sqlite, run.id, "advakod.plan")) == 1
    stages = [stage["stage"] for stage in stages_in(sqlite, run.id)]
    assert stages == ["writing", "reading", "writing", "checking"]


async def test_a_run_that_goes_on_tells_its_sources_and_foretells_nothing(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), sqlite, engine) as answers:
        for n in range(4):
            engine.voice(f"{n}").say("Раз.").end(FinishReason.LENGTH if n == 3 else FinishReason.STOP)
            run = await ended(answers, await answers.ask("local", Request(f"{n}")))
        engine.voice("3").say(" Два.").end()
        again = await ended(answers, await answers.continue_("local", run.id))
    for name in ("advakod.sources", "advakod.notice"):
        assert told(sqlite, again.id, name) == told(sqlite, run.id, name)
    (plan,) = told(sqlite, again.id, "advakod.plan")
    assert (plan["expected_seconds"], plan["expected_tokens"]) == (None, None)


async def test_words_within_the_stall_time_are_no_silence(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(stall_timeout=1.5), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        for n in range(8):
            engine.voice("вопрос").say(f"{n} ")
            await asyncio.sleep(0.25)
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
