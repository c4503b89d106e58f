"""One attempt: what silence, failures, the budget and odd engines make of a run."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from advakod.answers import event_log, grounding, outcomes, prompt, queries, writing
from advakod.answers.event_log import TokenIds
from advakod.answers.model import Context, Reason, Request, Status
from advakod.engine.errors import EngineContextError, EngineFaultError, EngineLostError, EngineUnreachableError
from advakod.engine.interface import Continuation, EngineInfo, FinishReason, Piece, Speed, Uncounted, WritingTask
from advakod.engine.script import Fault, FaultKind, Script
from advakod.engine.scripted import ScriptedEngine
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
    assert final["incomplete_details"] == {"reason": "timeout", "message": outcomes.SENTENCES[Reason.TIMEOUT]}


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
        reading = {"stage": "reading", "done": 0, "total": 900, "seconds_left": None, "expected_first_word": None}
        await until(lambda: stages_in(sqlite, run.id) == [reading])
        voice.say("Раз.").end()
        await ended(answers, run)
    stages = stages_in(sqlite, run.id)
    assert stages == [reading, {"stage": "writing"}, {"stage": "checking"}]
    kinds = types_in(events(sqlite, run.id))
    assert (
        kinds.index("response.output_text.delta") == kinds.index("advakod.stage", kinds.index("advakod.stage") + 1) + 1
    )


async def test_reading_tells_how_long_it_takes_at_its_own_pace(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    voice = engine.voice("вопрос").read(100, 90_000)
    async with room(quick(heartbeat=0.03), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: stages_in(sqlite, run.id)[-1:] != [])
        while not (left := stages_in(sqlite, run.id)[-1].get("seconds_left")):
            voice.read(500, 90_000)  # again and again: told at most every H/3
            await asyncio.sleep(0.01)
        voice.say("Раз.").end()
        done = await ended(answers, run)
    (stage,) = [s for s in stages_in(sqlite, run.id) if s.get("done") == 500]
    assert done.started_at is not None
    assert done.finished_at is not None
    assert 0 < left == stage["seconds_left"]  # by the pace of the 400 tokens before
    assert stage["expected_first_word"] == pytest.approx(left, abs=done.finished_at - done.started_at + 0.1)


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
    async with room(quick(stall_timeout=2.0), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        for n in range(8):
            engine.voice("вопрос").say(f"{n} ")
            await asyncio.sleep(0.3)
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
    for _ in range(outcomes.ENGINE_TRIES + 1):
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


# -- plans, ends of sentences, tokens, thinking --------------------------------------------------------

SLOW = Speed(1_000.0, 4.0)
SENTENCE = "Раз два три четыре пять. "


def planned(**facts: Any) -> ScriptedEngine:
    """Counts words, reads 1,000 of them a second and writes 100 unless told otherwise."""
    usual: dict[str, Any] = {
        "text": SENTENCE * 400,
        "reading_speed": 1_000.0,
        "tokens_per_second": 100.0,
        "context": 4_096,
    }
    return ScriptedEngine(Script(**usual | facts))


async def test_a_plan_tells_what_it_takes(sqlite: Database, quick: Quick) -> None:
    engine = planned(text=SENTENCE * 2)
    async with room(quick(inference_timeout=30), sqlite, engine) as answers:
        run = await ended(answers, await answers.ask("local", Request("вопрос")))
    assert run.status is Status.COMPLETED
    (plan,) = told(sqlite, run.id, "advakod.plan")
    words = plan["prompt_tokens"]
    assert words == sum(len(m.content.split()) for m in prompt.messages(run.request, run.context or Context()))
    assert (plan["cached_tokens"], plan["provisions"], plan["answer_tokens"]) == (0, 0, 1_024)
    assert plan["expected_first_word"] == pytest.approx(words / 1_000, abs=0.06)
    assert plan["expected_seconds"] == pytest.approx(words / 1_000 + 10.24, abs=0.06)
    assert run.context is not None
    assert run.context.plan is not None


async def test_a_short_plan_ends_with_a_sentence(sqlite: Database, quick: Quick) -> None:
    async with room(quick(), sqlite, Remembering(planned(), SLOW)) as answers:
        run = await ended(answers, await answers.ask("local", Request("вопрос")))
        final = await answers.response("local", run.id)
    (plan,) = told(sqlite, run.id, "advakod.plan")
    assert plan["answer_tokens"] < 150
    assert (run.status, final["status"]) == (Status.COMPLETED, "completed")
    assert [notice["code"] for notice in told(sqlite, run.id, "advakod.notice")] == ["shortened"]
    text = text_in(events(sqlite, run.id))
    assert text.rstrip().endswith("пять.")
    assert (SENTENCE * 400).startswith(text)
    assert run.output_tokens < plan["answer_tokens"]


async def test_a_plan_without_a_sentence_ends_with_its_tokens(sqlite: Database, quick: Quick) -> None:
    async with room(quick(), sqlite, Remembering(planned(text="слово " * 400), SLOW)) as answers:
        run = await ended(answers, await answers.ask("local", Request("вопрос")))
    (plan,) = told(sqlite, run.id, "advakod.plan")
    codes = [notice["code"] for notice in told(sqlite, run.id, "advakod.notice")]
    assert (run.status, run.output_tokens, codes) == (Status.COMPLETED, plan["answer_tokens"], ["shortened"])


async def test_what_the_person_asked_for_is_no_plan(sqlite: Database, quick: Quick) -> None:
    async with room(quick(), sqlite, planned()) as answers:
        run = await ended(answers, await answers.ask("local", Request("вопрос", max_output_tokens=7)))
    assert (run.status, run.reason, run.output_tokens) == (Status.INCOMPLETE, "max_output_tokens", 7)
    assert told(sqlite, run.id, "advakod.notice") == []


async def test_the_last_seconds_end_with_a_sentence(sqlite: Database, quick: Quick) -> None:
    """The engine is slower than it said: what is left of the budget decides, not the plan."""

    class Late(Puppet):
        async def info(self) -> EngineInfo:
            return dataclasses.replace(await super().info(), speed=Speed(1_000, 15.0))  # 60 tokens: four seconds

    engine = Late()
    voice = engine.voice("вопрос").say("Раз. ", "Два")
    async with room(quick(inference_timeout=8), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос", max_output_tokens=1))  # no plan is less than that

        async def go_on() -> None:
            while not voice.closed:
                voice.say(". ", "Три")
                await asyncio.sleep(0.05)

        speaking = asyncio.create_task(go_on())
        done = await ended(answers, run)
        speaking.cancel()
    assert done.status is Status.COMPLETED
    assert [notice["code"] for notice in told(sqlite, run.id, "advakod.notice")] == ["shortened"]
    assert text_in(events(sqlite, run.id)).rstrip().endswith("Три.")


async def test_tokens_are_stored_and_given_back(sqlite: Database, quick: Quick) -> None:
    first = planned(faults=(Fault(20, FaultKind.SILENCE, 60.0),))
    async with room(quick(), sqlite, first) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: text_in(events(sqlite, run.id)).count(" ") == 20)
    known = tokens_of(sqlite, run.id)
    assert known == TokenIds(tuple(range(20)), len(SENTENCE) * 4)
    again = Remembering(planned(text=SENTENCE * 400))
    async with room(quick(max_tokens=40), sqlite, again) as answers:
        done = await ended(answers, run)
        assert tokens_of(sqlite, run.id) == TokenIds(tuple(range(40)), len(SENTENCE) * 8)
        more = await ended(answers, await answers.continue_("local", done.id))
        assert tokens_of(sqlite, more.id).ids[:40] == tuple(range(40))
    (taken_over, continued) = again.tasks
    assert (taken_over.prefix_ids, taken_over.prefix_ids_length) == (known.ids, known.characters)
    assert continued.prefix_ids == tuple(range(40))
    sqlite.write_sync(partial(event_log.pack, run_id=run.id))
    sqlite.write_sync(partial(queries.erase, run_ids=[more.id]))
    assert tokens_of(sqlite, run.id) == tokens_of(sqlite, more.id) == TokenIds()


async def test_another_engine_gets_no_tokens_of_the_first(sqlite: Database, quick: Quick) -> None:
    async with room(quick(), sqlite, planned(faults=(Fault(20, FaultKind.SILENCE, 60.0),))) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: text_in(events(sqlite, run.id)).count(" ") == 20)
    other = Remembering(planned(text=SENTENCE * 300))  # its fingerprint is another
    async with room(quick(max_tokens=40), sqlite, other) as answers:
        await ended(answers, run)
    (task,) = other.tasks
    assert (task.prefix, task.prefix_ids, task.prefix_ids_length) == (SENTENCE * 4, (), 0)
    assert tokens_of(sqlite, run.id).ids == tuple(range(20))


async def test_thinking_is_told_and_is_no_word(sqlite: Database, quick: Quick) -> None:
    async with room(quick(), sqlite, planned(text=SENTENCE, thinking=9)) as answers:
        run = await ended(answers, await answers.ask("local", Request("вопрос")))
        final = await answers.response("local", run.id)
    assert [stage["stage"] for stage in stages_in(sqlite, run.id)][:2] == ["writing", "thinking"]
    assert [stage["stage"] for stage in stages_in(sqlite, run.id)].count("thinking") == 1
    assert text_in(events(sqlite, run.id)) == SENTENCE
    assert final["usage"]["output_tokens_details"]["reasoning_tokens"] == 9
    assert final["usage"]["output_tokens"] == 9 + 5


async def test_what_was_thought_takes_room_from_the_answer(sqlite: Database, quick: Quick) -> None:
    """So that it ends with a sentence all the same."""
    engine = Remembering(planned(thinking=60), SLOW)
    async with room(quick(), sqlite, engine) as answers:
        run = await ended(answers, await answers.ask("local", Request("вопрос")))
    (plan,) = told(sqlite, run.id, "advakod.plan")
    assert run.status is Status.COMPLETED
    assert 60 + run.output_tokens < plan["answer_tokens"]
    assert text_in(events(sqlite, run.id)).rstrip().endswith("пять.")


async def test_tokens_of_another_model_are_not_kept(sqlite: Database, quick: Quick) -> None:
    """The run was planned for one model and is written by another: its tokens mean nothing to the first."""
    first = planned(faults=(Fault(0, FaultKind.SILENCE, 60.0),))
    async with room(quick(), sqlite, first) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: told(sqlite, run.id, "advakod.plan"))
    async with room(quick(), sqlite, planned(text=SENTENCE)) as answers:
        done = await ended(answers, run)
    assert text_in(events(sqlite, run.id)) == SENTENCE
    assert done.status is Status.COMPLETED
    assert tokens_of(sqlite, run.id).ids == ()


async def test_a_crash_in_a_thought_tells_of_the_next_one(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    engine.tells_reading = True
    voice, thought = engine.voice("вопрос").read(5, 10), Piece("", 5, thinking=True)
    voice.lines.put_nowait(thought)
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: [stage["stage"] for stage in stages_in(sqlite, run.id)][-1:] == ["thinking"])
        seen = time.monotonic()
        await until(lambda: time.monotonic() - seen > answers.settings.time.progress)  # reading is told again
        voice.fail(EngineLostError("gone")).read(7, 10).lines.put_nowait(thought)
        voice.say("Да.").end()
        await ended(answers, run)
    stages = [stage["stage"] for stage in stages_in(sqlite, run.id)]
    assert stages == ["reading", "thinking", "reading", "thinking", "writing", "checking"]


async def test_one_that_only_thinks_says_so(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    voice = engine.voice("вопрос")
    voice.lines.put_nowait(Piece("", 5, thinking=True))
    voice.end(FinishReason.LENGTH)
    async with room(quick(), sqlite, engine) as answers:
        done = await ended(answers, await answers.ask("local", Request("вопрос")))
    assert (done.status, done.reason) == (Status.FAILED, "engine_only_thought")


async def test_loading_is_told_once_and_costs_no_budget(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    loaded = asyncio.Event()
    engine.ready = loaded.wait  # type: ignore[method-assign,assignment]
    engine.voice("вопрос").say("Да.").end()
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: [stage["stage"] for stage in stages_in(sqlite, run.id)] == ["loading"])
        waited = time.monotonic()
        await until(lambda: time.monotonic() - waited > 0.3)
        waited = time.monotonic() - waited
        loaded.set()
        done = await ended(answers, run)
        after = time.time()
    assert done.status is Status.COMPLETED
    assert done.started_at is not None
    assert done.spent <= after - done.started_at - waited
    assert [stage["stage"] for stage in stages_in(sqlite, run.id)].count("loading") == 1


async def test_an_engine_that_loads_again_amid_a_text_is_seen_to_write_again(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    loaded = asyncio.Event()
    voice = engine.voice("вопрос").say("Раз, ")
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: text_in(events(sqlite, run.id)))
        engine.ready = loaded.wait  # type: ignore[method-assign,assignment]
        voice.fail(None)
        await until(lambda: stages_in(sqlite, run.id)[-1]["stage"] == "loading")
        loaded.set()
        await until(lambda: stages_in(sqlite, run.id)[-1]["stage"] == "writing")
        voice.say("два.").end()
        done = await ended(answers, run)
    assert done.status is Status.COMPLETED
    assert text_in(events(sqlite, run.id)) == "Раз, два."


async def test_what_is_expected_counts_the_loading(sqlite: Database, quick: Quick) -> None:
    engine = planned(text=SENTENCE)
    loaded = asyncio.Event()
    engine.ready = loaded.wait  # type: ignore[method-assign,assignment]
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: [stage["stage"] for stage in stages_in(sqlite, run.id)] == ["loading"])
        loaded.set()
        await ended(answers, run)
    (plan,) = told(sqlite, run.id, "advakod.plan")
    assert plan["expected_first_word"] >= plan["prompt_tokens"] / 1_000 + writing.A_MOMENT - 0.1  # rounded


async def test_loading_has_an_end_and_can_be_stopped(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    engine.ready = asyncio.Event().wait  # type: ignore[method-assign,assignment]
    async with room(quick(queue_timeout=0.4), sqlite, engine) as answers:
        done = await ended(answers, await answers.ask("local", Request("вопрос")))
    assert (done.status, done.reason) == (Status.FAILED, "engine_not_ready")
    engine.ready = asyncio.Event().wait  # type: ignore[method-assign,assignment]
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("другой"))
        await until(lambda: "loading" in [stage["stage"] for stage in stages_in(sqlite, run.id)])
        await answers.cancel("local", run.id)
        done = await ended(answers, run)
    assert done.status is Status.CANCELLED
    assert engine.voice("другой").tasks == []


async def test_an_engine_that_has_given_up_fails_the_run_and_keeps_what_was_written(
    sqlite: Database, quick: Quick
) -> None:
    async def never() -> None:
        raise EngineUnreachableError("dead")

    engine = Puppet()
    voice = engine.voice("начатый").say("Раз, ")
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("начатый"))
        await until(lambda: text_in(events(sqlite, run.id)))
        engine.ready = never  # type: ignore[method-assign]
        voice.fail(None)
        begun = await ended(answers, run)
        fresh = await ended(answers, await answers.ask("local", Request("новый")))
    assert (begun.status, begun.reason) == (Status.INCOMPLETE, "engine_lost")
    assert (fresh.status, fresh.reason) == (Status.FAILED, "engine_unreachable")


async def test_a_prompt_over_the_context_is_made_smaller(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    voice = engine.voice("вопрос " * 50).fail(EngineContextError("400")).fail(EngineContextError("400"))
    voice.say("Да.").end()
    async with room(quick(), sqlite, engine) as answers:
        done = await ended(answers, await answers.ask("local", Request("вопрос " * 50)))
    assert done.status is Status.COMPLETED
    sizes = [len(task.messages[-1].content) for task in voice.tasks]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] / 2


@pytest.mark.parametrize(("text", "codes"), [("Вернуть можно [1].", []), ("Вернуть можно.", ["uncited"])])
async def test_a_text_that_cites_nothing_is_marked(sqlite: Database, quick: Quick, text: str, codes: list[str]) -> None:
    async with room(quick(), sqlite, ScriptedEngine(Script(text, search=True))) as answers:
        done = await ended(answers, await answers.ask("local", Request("Можно ли вернуть товар без чека в магазин?")))
    assert done.status is Status.COMPLETED
    found = [notice["code"] for notice in told(sqlite, done.id, "advakod.notice")]
    assert [code for code in found if code == "uncited"] == codes


async def test_a_conversation_is_read_once(sqlite: Database, quick: Quick) -> None:
    """The prompt of the second question begins with that of the first and its answer, all of it cached."""
    engine = planned(text=SENTENCE * 8)
    async with room(quick(), sqlite, engine) as answers:
        first = await ended(answers, await answers.ask("local", Request("Что с гарантией на товар?")))
        follow_up = Request("А если чека нет?", previous_response_id=first.id)
        second = await ended(answers, await answers.ask("local", follow_up))
    (plan,) = told(sqlite, second.id, "advakod.plan")
    assert first.context is not None
    before = prompt.messages(first.request, first.context)
    assert second.context is not None
    assert prompt.messages(second.request, second.context)[: len(before)] == before
    repeated = sum(len(message.content.split()) for message in before) + 8 * 5
    assert plan["cached_tokens"] >= 0.95 * repeated
    final = told(sqlite, second.id, "response.completed")[0]["response"]
    assert final["usage"]["input_tokens_details"]["cached_tokens"] == plan["cached_tokens"]


class Remembering(Uncounted):
    """Another engine, and what it was asked for."""

    def __init__(self, inner: ScriptedEngine, speed: Speed | None = None) -> None:
        self._inner = inner
        self._speed = speed
        self.tasks: list[WritingTask] = []
        self.start, self.stop = inner.start, inner.stop

    async def info(self) -> EngineInfo:
        """`speed` is what it says, not what it does."""
        facts = await self._inner.info()
        return dataclasses.replace(facts, speed=self._speed or facts.speed)

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        self.tasks.append(task)
        async for piece in self._inner.write(task):
            yield piece


def tokens_of(database: Database, run_id: str) -> TokenIds:
    with database.reading() as connection:
        return event_log.token_ids(connection, run_id)
