"""What the remote engine learns of a server: context, places, token counts, speed, what comes from its cache."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import orjson
import pytest

from advakod.answers import writing
from advakod.api import engine_state
from advakod.engine import Message, Piece, PromptSize, Reading, Speed, WritingTask, openai
from advakod.engine.openai import OpenAIEngine
from advakod.engine.remote import counting
from advakod.engine.remote.counting import Counter
from advakod.engine.remote.http import Http
from advakod.engine.remote.pace import KEPT, LEAST_READ, MOST_GUESSED, Pace, Timing
from advakod.settings import Prefill
from tests.support.fake_openai import Behaviour, FakeFacts, FakeOpenAI, words
from tests.support.remote_engine import TASK, collect, engine_at

pytestmark = pytest.mark.anyio
TEXT = words(20)
KINDS = ("vllm", "llamacpp")


async def told(facts: FakeFacts, texts: Sequence[str], *, model: str = "") -> tuple[Sequence[int] | None, list[str]]:
    """The counts, and what was asked for them."""
    async with FakeOpenAI(Behaviour(TEXT, facts=facts)) as server, engine_at(server.base_url, model=model) as engine:
        counts = await engine.count(texts)
        await engine.count(texts)
    return counts, [path for path in server.asked if path == "/tokenize"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_counts_each_text_once(kind: str) -> None:
    texts = ["один", "два слова", "", "один", "ещё три слова"]
    counts, asked = await told(FakeFacts(kind), texts)
    assert counts == [1, 2, 0, 1, 3]
    assert len(asked) == (4 if kind == "vllm" else 2)


@pytest.mark.parametrize("facts", [FakeFacts(), FakeFacts("ollama"), FakeFacts(rubbish={"tokens": "x"})])
async def test_a_server_that_cannot_count_is_asked_once(facts: FakeFacts) -> None:
    assert await told(facts, ["один", "два"]) == (None, ["/tokenize"])


@pytest.mark.parametrize("rubbish", [[], {}, 7, {"count": "x"}, {"tokens": []}, {"error": "no"}])
async def test_rubbish_is_no_count(rubbish: object) -> None:
    async with FakeOpenAI(Behaviour(facts=FakeFacts(rubbish=rubbish))) as server, engine_at(server.base_url) as engine:
        assert await engine.count(["один"]) is None
        assert await engine.measure(TASK) is None


async def test_nobody_there_counts_nothing() -> None:
    async with FakeOpenAI() as server:
        pass
    async with engine_at(server.base_url) as engine:
        assert await engine.count(["один"]) is None
        assert await engine.measure(TASK) is None


@pytest.mark.parametrize(("kind", "tokens"), [("vllm", 6), ("llamacpp", 6)])
async def test_a_prompt_is_measured_with_its_template_and_without_its_prefix(kind: str, tokens: int) -> None:
    task = WritingTask("?", [Message("system", "Ты юрист."), Message("user", "Вопрос?")], prefix="Ответ таков:")
    async with FakeOpenAI(Behaviour(facts=FakeFacts(kind))) as server, engine_at(server.base_url) as engine:
        assert await engine.measure(task) == PromptSize(tokens)


@pytest.mark.parametrize(
    ("kind", "context", "places"), [("vllm", 4096, 64), ("llamacpp", 4096, 2), ("ollama", 4096, 64), ("", None, 64)]
)
async def test_context_and_places_are_those_of_the_server(kind: str, context: int | None, places: int) -> None:
    async with FakeOpenAI(Behaviour(facts=FakeFacts(kind))) as server, engine_at(server.base_url) as engine:
        info = await engine.info()
    assert (info.context, info.concurrency, info.reachable) == (context, places, True)


@pytest.mark.parametrize("rubbish", [[], 7, {"default_generation_settings": 3, "total_slots": "x"}])
async def test_props_that_make_no_sense_are_passed_over(rubbish: object) -> None:
    facts = FakeFacts("llamacpp", rubbish=rubbish)
    async with FakeOpenAI(Behaviour(facts=facts)) as server, engine_at(server.base_url) as engine:
        info = await engine.info()
    assert (info.context, info.reachable, info.model) == (None, True, "fake-model")


async def test_a_configured_model_that_is_not_listed_has_no_context_of_another() -> None:
    async with (
        FakeOpenAI(Behaviour(facts=FakeFacts("vllm"))) as server,
        engine_at(server.base_url, model="other") as engine,
    ):
        assert (await engine.info()).model == "other"


async def test_ready_waits_for_a_server_that_loads_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "GLANCE", 3600.0)
    behaviour = Behaviour(TEXT, facts=FakeFacts(loading=2))
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        await engine.ready()
        assert behaviour.facts.loading == 0
        assert (await engine.info()).reachable


async def test_ready_does_not_wait_for_a_server_that_is_not_there() -> None:
    async with FakeOpenAI() as server:
        pass
    async with engine_at(server.base_url) as engine:
        await engine.ready()
        assert not (await engine.info()).reachable


async def test_ready_does_not_take_silence_for_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http.ask, "__kwdefaults__", {"within": 3600.0})
    facts = FakeFacts(mute=("/v1/models",))
    async with FakeOpenAI(Behaviour(facts=facts)) as server, engine_at(server.base_url) as engine:
        await engine.ready()


def test_a_glance_is_over_before_anybody_is_told_that_the_model_is_loading() -> None:
    assert min(writing.A_MOMENT, engine_state.WITHIN) > openai.GLANCE


async def test_many_ask_at_once_what_a_server_is() -> None:
    facts = FakeFacts("llamacpp")
    async with FakeOpenAI(Behaviour(facts=facts)) as server, engine_at(server.base_url) as engine:
        await asyncio.gather(*(engine.info() for _ in range(20)))
        assert server.asked == ["/props"]


# -- a server that does not count any more ----------------------------------------------------------


async def test_a_count_that_is_not_answered_is_not_asked_for_again_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    async with FakeOpenAI(Behaviour(facts=FakeFacts("vllm"))) as server:
        http = Http(server.base_url, read=3600.0)
        await http.start()
        counter = Counter(http, "fake-model", lambda: now)
        assert await counter.count(["один"]) == [1]
        server.behaviour.facts.mute = ("/tokenize",)
        monkeypatch.setattr(counting, "ASK", 0.01)
        assert await counter.count(["два слова"]) is None
        monkeypatch.setattr(counting, "ASK", 3600.0)
        assert await counter.count(["ещё три слова"]) is None
        assert await counter.measure([{"role": "user", "content": "Вопрос?"}]) is None
        assert await counter.count(["один"]) == [1]
        now += counting.PAUSE
        server.behaviour.facts.mute = ()
        assert await counter.count(["два слова"]) == [2]
        await http.stop()


async def test_nobody_waits_to_count_at_a_server_that_has_just_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http.ask, "__kwdefaults__", {"within": 3600.0})
    facts = FakeFacts("vllm", mute=("/v1/models",))
    async with FakeOpenAI(Behaviour(facts=facts)) as server, engine_at(server.base_url) as engine:
        engine._servers[0].health.failed("gone", 3600.0)
        assert await engine.count(["один"]) is None
        assert await engine.measure(TASK) is None


# -- what an answer tells ---------------------------------------------------------------------------


async def test_what_came_from_the_cache_rides_on_the_last_piece() -> None:
    async with (
        FakeOpenAI(Behaviour(TEXT, usage_prompt=900, cached=850)) as server,
        engine_at(server.base_url) as engine,
    ):
        pieces = (await collect(engine))[1]
    assert (pieces[-1].prompt_tokens, pieces[-1].cached_tokens) == (900, 850)
    assert all(piece.cached_tokens is None for piece in pieces[:-1])


async def test_llama_servers_own_account_is_believed_at_once() -> None:
    timings = {"prompt_n": 450, "prompt_ms": 180_000.0, "predicted_n": 111, "predicted_ms": 68_750.0}
    assert await speed_after(1, Behaviour(TEXT, timings=timings)) == Speed(2.5, 1.6)


async def test_a_speed_seen_from_outside_needs_three_answers_and_what_was_cached() -> None:
    behaviour = Behaviour(TEXT, rate=500, usage_prompt=1_000, cached=100)
    assert await speed_after(2, behaviour) is None
    speed = await speed_after(3, behaviour)
    assert speed is not None
    assert speed.writing > 0
    assert speed.reading > 0
    assert await speed_after(4, Behaviour(TEXT, rate=500, usage_prompt=1_000)) is None


@pytest.mark.parametrize("timings", [{}, {"prompt_n": -1.0}, {"prompt_n": 1e300, "prompt_ms": 0.0}])
async def test_timings_that_make_no_sense_teach_nothing(timings: dict[str, float]) -> None:
    assert await speed_after(4, Behaviour(TEXT, timings=timings)) is None


async def speed_after(answers: int, behaviour: Behaviour) -> Speed | None:
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        for _ in range(answers):
            await collect(engine)
        return (await engine.info()).speed


def progress(processed: int, cached: int, seconds: float) -> bytes:
    """llama-server has read so much, and is lost."""
    told = {"total": 5_000, "cache": cached, "processed": processed, "time_ms": seconds * 1_000}
    return b"data: %b\n\n" % orjson.dumps({"choices": [{"delta": {"content": None}}], "prompt_progress": told})


async def test_a_reading_that_broke_off_tells_how_slow_it_was() -> None:
    body = progress(564, 500, 26.0) + progress(756, 500, 102.4)
    assert await speed_after(1, Behaviour(body=body)) == Speed(2.5, 1.25)
    assert await speed_after(4, Behaviour(body=progress(700, 700, 60.0))) is None


async def test_a_reading_that_nobody_waits_for_any_more_tells_how_slow_it_was() -> None:
    behaviour = Behaviour(TEXT, prompt_tokens=900, hang_after=0)
    read = asyncio.Event()

    async def wait(engine: OpenAIEngine) -> None:
        async for piece in engine.write(TASK):
            if piece.reading == Reading(900, 900):
                read.set()

    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        waiting = asyncio.create_task(wait(engine))
        await read.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert (await engine.info()).speed == Speed(1_000, MOST_GUESSED)


async def test_a_text_that_was_stopped_tells_how_fast_it_was_written() -> None:
    behaviour = Behaviour(TEXT, prompt_tokens=900, allowed=1)
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        async with aclosing(engine.write(TASK)) as pieces:
            written = 0
            async for piece in pieces:
                written += piece.tokens
                if written == 1:
                    behaviour.allowed = 15
                if written == 15:
                    break
        speed = (await engine.info()).speed
    assert speed is not None
    assert speed.reading == 1_000
    assert speed.writing != MOST_GUESSED


def test_one_odd_answer_is_forgotten_and_the_load_is_followed() -> None:
    pace = Pace()
    for reading in [100.0] * KEPT + [1.0]:
        pace.learn(Timing(1_000, 1_000 / reading, 100, 10.0, told=True))
    assert pace.speed == Speed(100, 10)
    for _ in range(KEPT // 2):
        pace.learn(Timing(1_000, 1_000.0, 100, 10.0, told=True))
    assert pace.speed == Speed(1, 10)


def test_small_and_cached_prompts_teach_nothing_of_reading() -> None:
    pace = Pace()
    for _ in range(9):
        pace.learn(Timing(LEAST_READ - 1, 1.0, 100, 10.0, told=True))
    assert pace.speed is None


# -- thinking ---------------------------------------------------------------------------------------


def signs(pieces: list[Piece]) -> int:
    """Tokens of thought; they come before the text, and without one."""
    begun = False
    for piece in pieces:
        begun = begun or bool(piece.text)
        assert not (piece.thinking and (begun or piece.text or piece.finish))
    return sum(piece.tokens for piece in pieces if piece.thinking)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_what_a_model_thinks_is_a_sign_of_life_and_no_text(field: str) -> None:
    behaviour = Behaviour(TEXT, reasoning="Сначала подумаю как следует.", reasoning_field=field, per_write=1)
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        text, pieces, failure = await collect(engine)
    assert (text, failure, signs(pieces)) == (TEXT, None, 4)
    assert sum(piece.tokens for piece in pieces) == 24


@pytest.mark.parametrize("split", [0, 1, 7])
@pytest.mark.parametrize("marks", [("<think>", "</think>"), ("[THINK]", "[/THINK]")])
async def test_marks_inside_the_text_are_understood_wherever_they_are_cut(split: int, marks: tuple[str, str]) -> None:
    behaviour = Behaviour(f"{marks[0]}Надо подумать. {marks[1]}\n\n{TEXT}", split=split, per_write=1)
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        text, pieces, failure = await collect(engine)
    assert (text, failure) == (TEXT, None)
    assert signs(pieces) > 0


async def test_a_thought_without_an_end_is_no_answer() -> None:
    async with FakeOpenAI(Behaviour("<think>" + TEXT)) as server, engine_at(server.base_url) as engine:
        text, pieces, failure = await collect(engine)
    assert (text, failure) == ("", None)
    assert pieces[-1].finish


async def test_marks_in_a_text_that_is_gone_on_with_are_text() -> None:
    whole = "Ответ: <think> пишут так. " + TEXT
    async with FakeOpenAI(Behaviour(whole)) as server, engine_at(server.base_url) as engine:
        task = WritingTask("?", TASK.messages, prefix="Ответ: ")
        assert (await collect(engine, task))[0] == whole.removeprefix("Ответ: ")


async def test_the_probe_streams_as_writing_does() -> None:
    async with FakeOpenAI(Behaviour(TEXT)) as server, engine_at(server.base_url, prefill=Prefill.AUTO) as engine:
        await engine.info()
    assert [body["stream"] for body in server.requests] == [True]


async def test_many_count_at_once() -> None:
    async with FakeOpenAI(Behaviour(facts=FakeFacts("vllm"))) as server, engine_at(server.base_url) as engine:
        counts = await asyncio.gather(*(engine.count([words(n), "x"]) for n in range(1, 20)))
    assert counts == [[n, 1] for n in range(1, 20)]
    assert isinstance(engine, OpenAIEngine)
