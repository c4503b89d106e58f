"""Several servers that stand in for each other: who is asked, who goes on, what is said when nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import pytest

from advakod.engine import (
    Continuation,
    EngineContextError,
    EngineFilteredError,
    EngineLostError,
    EngineRefusedError,
    EngineRubbishError,
    EngineUnreachableError,
    FinishReason,
    Piece,
    Reading,
    WritingTask,
    openai,
)
from advakod.engine.openai import OpenAIEngine, Turn
from advakod.engine.remote.authors import HELD, Authors
from advakod.engine.remote.failures import SilentError
from advakod.engine.remote.health import LONGEST_PAUSE, PAUSE, Health, in_order
from advakod.engine.remote.http import Http, shown
from advakod.engine.remote.server import Server
from advakod.errors import EngineError, SettingsError
from advakod.settings import Prefill, load_settings
from tests.support.fake_openai import Behaviour, FakeFacts, FakeOpenAI, Refusal, words
from tests.support.remote_engine import TASK, collect, engine_at

pytestmark = pytest.mark.anyio
TEXT = words(20)


@asynccontextmanager
async def servers(*behaviours: Behaviour, **how: Any) -> AsyncIterator[tuple[list[FakeOpenAI], OpenAIEngine]]:
    """Fake servers, and an engine that knows them in this order."""
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(FakeOpenAI(behaviour)) for behaviour in behaviours]
        urls = ", ".join(fake.base_url for fake in fakes)
        engine = await stack.enter_async_context(engine_at(urls, **how))
        yield fakes, engine


def asked(fakes: Sequence[FakeOpenAI]) -> list[int]:
    """Texts that each was asked for."""
    return [len(fake.requests) for fake in fakes]


async def test_the_first_that_is_well_writes() -> None:
    async with servers(Behaviour(TEXT), Behaviour("другой")) as (fakes, engine):
        for _ in range(3):
            assert (await collect(engine))[0] == TEXT
        assert asked(fakes) == [3, 0]


async def test_one_that_is_not_there_is_passed_over_and_asked_last() -> None:
    async with servers(Behaviour(TEXT), Behaviour(TEXT)) as (fakes, engine):
        await fakes[0].stop()
        assert [(await collect(engine))[0] for _ in range(2)] == [TEXT, TEXT]
        assert asked(fakes) == [0, 2]
        info = await engine.info()
        assert info.reachable
        assert info.details["base_url"] == fakes[1].base_url
        fares: Any = info.details["servers"]
        first, second = fares
        assert (first["failures"], second["failures"]) == (1, 0)
        assert first["reason"]


@pytest.mark.parametrize(
    "first",
    [
        Behaviour(refusals=[Refusal(500)]),
        Behaviour(refusals=[Refusal(502, "bad gateway")]),
        Behaviour(refusals=[Refusal(503)]),
        Behaviour(refusals=[Refusal(429, headers={"Retry-After": "30"})]),
        Behaviour(refusals=[Refusal(401)]),
        Behaviour(refusals=[Refusal(404)]),
        Behaviour(drop_first=2),
        Behaviour(body=b"<html>\n\n<p>\n\n"),
        Behaviour(body=b"{}", content_type="application/json"),
        Behaviour(body=b"data: {not json}\n\n"),
        Behaviour(body=bytes(range(256)) * 40),
        Behaviour(body=b""),
        Behaviour(TEXT, finish=None),
        Behaviour(TEXT, finish="abort"),
        Behaviour(TEXT, close_after=0),
        Behaviour(TEXT, close_after=5),
        Behaviour(TEXT, close_after=5, split=3),
        Behaviour(TEXT, error_after=5),
        Behaviour(TEXT, error_after=0),
    ],
)
async def test_whatever_the_first_does_the_second_writes_what_is_missing(first: Behaviour) -> None:
    async with servers(first, Behaviour(TEXT)) as (fakes, engine):
        text, pieces, failure = await collect(engine)
        assert (text, failure) == (TEXT, None)
        assert [piece.finish for piece in pieces if piece.finish] == [FinishReason.STOP]
        assert len(fakes[1].requests) == 1


@pytest.mark.parametrize("ping", [0.0, 0.02])
async def test_one_that_falls_silent_in_the_middle_is_left(ping: float) -> None:
    first = Behaviour(TEXT, hang_after=5, ping_every=ping)
    async with servers(first, Behaviour(TEXT), stall=0.2) as (fakes, engine):
        assert (await collect(engine))[0] == TEXT
        assert await fakes[0].is_idle()
    assert fakes[1].requests[0]["messages"][-1] == {"role": "assistant", "content": words(5)}


async def test_silence_before_the_first_word_is_reading() -> None:
    async with servers(Behaviour(TEXT, hang_after=0), Behaviour(TEXT), stall=0.01) as (fakes, engine):
        writing = asyncio.create_task(collect(engine))
        while not fakes[0].open_streams:  # noqa: ASYNC110  # a poll is enough here
            await asyncio.sleep(0.01)
        done, _ = await asyncio.wait([writing], timeout=0.2)
        assert not done
        writing.cancel()
        await asyncio.wait([writing])
        assert asked(fakes) == [1, 0]


async def test_one_that_gives_no_sign_is_left_before_the_first_word() -> None:
    async with servers(Behaviour(TEXT, mute=True), Behaviour(TEXT), silence=0.05) as (fakes, engine):
        assert (await collect(engine))[0] == TEXT
        assert engine._servers[0].health.failures == 1
        assert (await collect(engine))[0] == TEXT  # for a while nobody waits for it again
        assert len(fakes[1].requests) == 2
        assert len(fakes[0].requests) <= 1


async def test_one_is_left_for_its_silence_only_while_another_is_well_and_at_the_end_waited_for() -> None:
    async with servers(Behaviour(), Behaviour(), silence=0.05) as (_, engine):
        first, second = engine._servers
        failures: list[tuple[Server, EngineError]] = []
        turns = engine._turns(failures)
        assert next(turns) == Turn(first, silence=0.05)
        failures.append((first, SilentError("no sign")))
        assert next(turns) == Turn(second)
        failures.append((second, EngineRefusedError("no")))
        assert list(turns) == [Turn(first, patient=True)]
        second.health.failed("gone", 3600.0)
        assert next(engine._turns([])) == Turn(first)


async def test_one_that_was_left_after_a_long_silence_is_asked_last() -> None:
    async with servers(Behaviour(TEXT, hang_after=0), Behaviour(TEXT)) as (fakes, engine):
        for silence, failures in ((3600.0, 0), (0.01, 1)):
            writing = asyncio.create_task(collect(engine))
            while not fakes[0].open_streams:  # noqa: ASYNC110  # a poll is enough here
                await asyncio.sleep(0.01)
            engine._silence = silence
            await asyncio.sleep(0.05)
            writing.cancel()
            await asyncio.wait([writing])
            assert engine._servers[0].health.failures == failures
            assert await fakes[0].is_idle()
        assert (await collect(engine))[0] == TEXT
        assert asked(fakes) == [2, 1]


async def test_what_is_gone_on_with_counts_against_the_longest_answer() -> None:
    async with servers(Behaviour(TEXT, close_after=8), Behaviour(TEXT)) as (fakes, engine):
        _, pieces, _ = await collect(engine)
    assert fakes[1].requests[0]["max_tokens"] == TASK.max_tokens - 8
    assert sum(piece.tokens for piece in pieces) == 20


async def test_a_restart_by_the_second_is_no_text() -> None:
    async with servers(Behaviour(TEXT, close_after=8), Behaviour(TEXT, restarts=True)) as (_, engine):
        text, _, failure = await collect(engine)
    assert (text, type(failure)) == (words(8), EngineLostError)


async def test_a_model_of_another_name_does_not_go_on_with_a_text() -> None:
    async with servers(Behaviour(TEXT, close_after=8), Behaviour(TEXT, model="other")) as (fakes, engine):
        text, _, failure = await collect(engine)
        assert (text, type(failure)) == (words(8), EngineLostError)
        assert failure is not None
        assert "other" in failure.detail
        assert asked(fakes) == [1, 0]
        assert (await engine.info()).details["servers"][1]["failures"] == 0  # type: ignore[index]
        going_on = WritingTask("?", TASK.messages, prefix=words(8))
        assert type((await collect(engine, going_on))[2]) is EngineLostError
        assert asked(fakes)[1] == 0
        fakes[0].behaviour = Behaviour(TEXT)
        assert words(8) + (await collect(engine, going_on))[0] == TEXT


async def test_a_model_of_another_name_writes_new_texts() -> None:
    async with servers(Behaviour(refusals=[Refusal(500)]), Behaviour(TEXT, model="other")) as (_, engine):
        one = (await engine.info()).fingerprint
        assert (await collect(engine))[0] == TEXT
        info = await engine.info()
    assert (info.model, info.fingerprint == one) == ("other", False)


async def test_a_configured_name_is_the_same_everywhere() -> None:
    first, second = Behaviour(TEXT, close_after=8), Behaviour(TEXT, model="other")
    async with servers(first, second, model="vistral") as (_, engine):
        assert (await collect(engine))[0] == TEXT


@pytest.mark.parametrize(
    ("first", "error"),
    [
        (Behaviour(refusals=[Refusal(400, {"error": {"type": "exceed_context_size_error"}})]), EngineContextError),
        (Behaviour(TEXT, finish="content_filter"), EngineFilteredError),
    ],
)
async def test_what_is_the_questions_fault_is_no_servers(first: Behaviour, error: type[EngineError]) -> None:
    async with servers(first, Behaviour(TEXT)) as (fakes, engine):
        assert type((await collect(engine))[2]) is error
        assert asked(fakes) == [1, 0]
        fakes[0].behaviour = Behaviour(TEXT)
        await collect(engine)
        assert asked(fakes) == [2, 0]


async def test_a_busy_one_is_waited_for_when_there_is_no_other() -> None:
    busy = [Refusal(503, headers={"Retry-After": "0"}) for _ in range(2)]
    async with servers(Behaviour(TEXT, refusals=busy), Behaviour(refusals=[Refusal(500)])) as (fakes, engine):
        assert (await collect(engine))[0] == TEXT
        assert asked(fakes) == [3, 1]


async def test_the_error_names_all() -> None:
    async with servers(Behaviour(), Behaviour(), Behaviour()) as (fakes, engine):
        for fake in fakes:
            await fake.stop()
        failure = (await collect(engine))[2]
        assert type(failure) is EngineUnreachableError
        assert all(fake.base_url in failure.detail for fake in fakes)
        info = await engine.info()
        assert not info.reachable
        assert info.continuation is Continuation.PREFILL


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        (Refusal(500), Refusal(500), EngineRefusedError),
        (Refusal(401, "чужой ключ"), Refusal(401, "чужой ключ"), EngineRefusedError),
    ],
)
async def test_what_all_say_is_said(first: Refusal, second: Refusal, error: type[EngineError]) -> None:
    async with servers(Behaviour(refusals=[first]), Behaviour(refusals=[second])) as (fakes, engine):
        failure = (await collect(engine))[2]
    assert type(failure) is error
    assert failure is not None
    assert all(fake.base_url in failure.detail for fake in fakes)
    assert failure.facts["status"] == first.status


async def test_different_failures_may_be_tried_again() -> None:
    async with servers(Behaviour(refusals=[Refusal(401)]), Behaviour(body=b"<p>\n\n")) as (fakes, engine):
        failure = (await collect(engine))[2]
    assert type(failure) is EngineUnreachableError
    assert failure.retryable
    assert all(fake.base_url in failure.detail for fake in fakes)


async def test_rubbish_from_all_is_rubbish() -> None:
    async with servers(Behaviour(body=b"<p>\n\n"), Behaviour(body=b"<p>\n\n")) as (_, engine):
        assert type((await collect(engine))[2]) is EngineRubbishError


async def test_signs_of_reading_come_before_the_first_word_only() -> None:
    first, second = (Behaviour(TEXT, prompt_tokens=900, close_after=8), Behaviour(TEXT, prompt_tokens=500))
    async with servers(first, second) as (_, engine):
        text, pieces, _ = await collect(engine)
    assert text == TEXT
    assert [piece.reading for piece in pieces if piece.reading] == [Reading(450, 900), Reading(900, 900)]


async def test_leaving_frees_whoever_writes() -> None:
    async with servers(Behaviour(TEXT, close_after=8), Behaviour(TEXT, rate=20)) as (fakes, engine):
        async with aclosing(engine.write(TASK)) as pieces:
            got: list[Piece] = []
            async for piece in pieces:
                got.append(piece)
                if fakes[1].open_streams:
                    break
        assert await fakes[1].is_idle()


async def test_many_that_write_at_once_lose_nothing_when_a_server_dies() -> None:
    async with servers(Behaviour(TEXT, close_after=10), Behaviour(TEXT)) as (_, engine):
        texts = await asyncio.gather(*(collect(engine) for _ in range(20)))
    assert {(text, failure) for text, _, failure in texts} == {(TEXT, None)}


async def test_ready_asks_all() -> None:
    loading = Behaviour(TEXT, facts=FakeFacts(loading=1_000_000))
    async with servers(loading, Behaviour(TEXT)) as (_, engine):
        await engine.ready()


async def test_ready_waits_for_one_that_is_loading_when_the_others_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "GLANCE", 3600.0)
    loading = Behaviour(TEXT, facts=FakeFacts(loading=2))
    async with servers(Behaviour(), loading) as (fakes, engine):
        await fakes[0].stop()
        await engine.ready()
        assert loading.facts.loading == 0


async def test_counting_is_done_by_the_one_in_use() -> None:
    async with servers(Behaviour(), Behaviour(TEXT, facts=FakeFacts("vllm"))) as (fakes, engine):
        await fakes[0].stop()
        await engine.info()
        assert await engine.count(["два слова"]) == [2]


def test_who_began_a_text_is_known_for_a_while() -> None:
    clock = Clock()
    authors = Authors(clock)
    authors.broke_off("начало", "one")
    assert (authors.of("начало"), authors.of("другое")) == ("one", "")
    clock.now += HELD + 1
    assert authors.of("начало") == ""


# -- health -------------------------------------------------------------------------------------------


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Place:
    """Something with health."""

    def __init__(self, clock: Clock) -> None:
        self.health = Health(clock)


def test_a_bad_one_is_asked_again_after_a_growing_pause() -> None:
    clock = Clock()
    first, second = Place(clock), Place(clock)
    pauses = []
    for _ in range(10):
        first.health.failed("gone")
        assert in_order([first, second]) == [second, first]
        began, clock.now = clock.now, first.health.asked_again
        pauses.append(clock.now - began)
        assert in_order([first, second]) == [first, second]
    assert pauses[:4] == [PAUSE, 2 * PAUSE, 4 * PAUSE, 8 * PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    first.health.well()
    first.health.failed("gone")
    assert first.health.asked_again == clock.now + PAUSE


def test_silence_is_a_dear_failure() -> None:
    clock = Clock()
    server = Server(Http("http://a/v1"), "", Prefill.AUTO)
    server.health = Health(clock)
    server.failed(SilentError("no sign"))
    assert server.health.asked_again == clock.now + LONGEST_PAUSE


def test_a_failure_that_was_dear_makes_the_pause_longer_at_once() -> None:
    clock = Clock()
    place = Place(clock)
    place.health.failed("gone")
    place.health.failed("silent", LONGEST_PAUSE)
    assert (place.health.asked_again, place.health.failures) == (clock.now + LONGEST_PAUSE, 1)
    place.health.failed("gone")
    assert place.health.asked_again == clock.now + LONGEST_PAUSE


def test_many_texts_that_fail_together_are_one_failure() -> None:
    place = Place(Clock())
    for _ in range(50):
        place.health.failed("gone")
    assert place.health.failures == 1


def test_when_all_are_bad_the_one_whose_pause_ends_first_is_asked_first() -> None:
    clock = Clock()
    places = [Place(clock) for _ in range(3)]
    for place in reversed(places):
        place.health.failed("gone")
        clock.now += 0.1
    assert in_order(places) == places[::-1]


# -- settings -----------------------------------------------------------------------------------------


def test_addresses_are_separated_by_commas() -> None:
    engine = OpenAIEngine.from_settings(load_settings(openai_base_url=" http://a/v1/ ,, http://b/v1"))
    assert [server.http.url for server in engine._servers] == ["http://a/v1", "http://b/v1"]


def test_no_address_stops_the_start() -> None:
    with pytest.raises(SettingsError) as refusal:
        OpenAIEngine.from_settings(load_settings(openai_base_url=" , "))
    assert "ADVAKOD_OPENAI_BASE_URL" in refusal.value.message


def test_what_is_shown_of_an_address_has_no_password() -> None:
    assert shown("http://me:se@cret@gpu:8080/v1") == "http://gpu:8080/v1"
    assert shown("http://gpu/v1") == "http://gpu/v1"
    assert shown("no address") == "no address"
