"""The remote engine against a server that behaves badly."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
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
from advakod.engine.openai import OpenAIEngine
from advakod.errors import EngineError
from advakod.settings import Prefill, load_settings
from tests.support.fake_openai import Behaviour, FakeOpenAI, Refusal, words
from tests.support.remote_engine import TASK, collect, engine_at

pytestmark = pytest.mark.anyio
TEXT = words(20)


async def outcome(behaviour: Behaviour, **how: Any) -> tuple[str, list[Piece], EngineError | None]:
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url, **how) as engine:
        return await collect(engine)


def going_on(prefix: str) -> WritingTask:
    return WritingTask("?", TASK.messages, prefix=prefix)


async def test_asks_for_what_the_task_says() -> None:
    async with FakeOpenAI() as server, engine_at(server.base_url) as engine:
        await collect(engine)
    (body,) = server.requests
    assert body["messages"] == [
        {"role": "system", "content": "Ты юрист."},
        {"role": "user", "content": "Вопрос?"},
    ]
    assert (body["model"], body["max_tokens"], body["seed"], body["stream"]) == ("fake-model", 50, 3, True)


async def test_usage_rides_on_the_last_piece() -> None:
    _, pieces, _ = await outcome(Behaviour(TEXT))
    assert (pieces[-1].finish, pieces[-1].prompt_tokens) == (FinishReason.STOP, 7)


@pytest.mark.parametrize("split", [1, 2, 3, 7, 50])
async def test_utf8_may_be_cut_anywhere(split: int) -> None:
    text = "Статья 18 — «право» 📄 " * 3
    assert (await outcome(Behaviour(text, split=split, line_end=b"\r\n", pings=True)))[0] == text


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(TEXT, done=False),
        Behaviour(TEXT, usage=False),
        Behaviour(TEXT, pings=True),
        Behaviour(TEXT, reasoning="Сначала подумаю."),
        Behaviour(TEXT, reject_stream_options=True, reject_return_progress=True),
        Behaviour(TEXT, reject_return_progress=True),
        Behaviour(TEXT, prompt_tokens=900),
        Behaviour(TEXT, content_type="text/plain"),
        Behaviour(TEXT, drop_first=1),
        Behaviour(TEXT, finish="length"),
    ],
    ids=[
        "no-done",
        "no-usage",
        "pings",
        "reasoning",
        "no-wishes",
        "no-progress",
        "reading",
        "mislabelled",
        "stale",
        "length",
    ],
)
async def test_oddities_change_nothing(behaviour: Behaviour) -> None:
    text, pieces, failure = await outcome(behaviour)
    assert (text, failure) == (TEXT, None)
    assert pieces[-1].finish == behaviour.finish


async def test_a_servers_reading_is_told_and_its_wishes_are_remembered() -> None:
    async with FakeOpenAI(Behaviour(TEXT, prompt_tokens=901)) as server, engine_at(server.base_url) as engine:
        assert not (await engine.info()).tells_reading
        _, pieces, _ = await collect(engine)
        assert [piece.reading for piece in pieces if piece.reading] == [Reading(450, 901), Reading(901, 901)]
        assert (await engine.info()).tells_reading
        server.behaviour = Behaviour(TEXT, reject_return_progress=True)
        for _ in range(2):
            assert (await collect(engine))[0] == TEXT
    wished = [("return_progress" in body, "stream_options" in body) for body in server.requests]
    assert wished == [(True, True), (True, True), (False, True), (False, True)]


@pytest.mark.parametrize("told", ["x", [], {"processed": 1}, {"processed": "1", "total": 2}, {"total": 0}, {}])
async def test_a_reading_that_makes_no_sense_costs_no_word(told: object) -> None:
    events = [{"choices": [{"delta": {}}], "prompt_progress": told}, {"choices": [{"delta": {"content": "a"}}]}]
    events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    body = b"".join(b"data: %b\n\n" % orjson.dumps(event) for event in events)
    text, pieces, failure = await outcome(Behaviour(body=body + b"data: [DONE]\n\n"))
    assert (text, failure) == ("a", None)
    assert not any(piece.reading for piece in pieces)


async def test_a_last_event_without_its_line_end_counts() -> None:
    body = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":null}]}\n\n'
    body += b'data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}'
    text, pieces, failure = await outcome(Behaviour(body=body))
    assert (text, failure, pieces[-1].finish) == ("ab", None, FinishReason.STOP)


async def test_a_server_that_forgets_to_close_does_not_hold_the_end() -> None:
    began = time.monotonic()
    text, pieces, failure = await outcome(Behaviour(TEXT, done=False, usage=False, open_end=True))
    assert (text, failure, pieces[-1].finish) == (TEXT, None, FinishReason.STOP)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("behaviour", "text", "error"),
    [
        (Behaviour(TEXT, finish=None), TEXT, EngineLostError),
        (Behaviour(TEXT, finish=None, done=False), TEXT, EngineLostError),
        (Behaviour(TEXT, finish="abort"), TEXT, EngineLostError),
        (Behaviour(TEXT, finish="content_filter"), TEXT, EngineFilteredError),
        (Behaviour(TEXT, close_after=5), words(5), EngineLostError),
        (Behaviour(TEXT, close_after=0), "", EngineLostError),
        (Behaviour(TEXT, error_after=5), words(5), EngineRefusedError),
        (Behaviour(body=b"<html>\n\n<p>\n\n"), "", EngineRubbishError),
        (Behaviour(body=b"data: {not json}\n\n"), "", EngineRubbishError),
        (Behaviour(body=b'data: {"choices": 7}\n\n'), "", EngineRubbishError),
        (Behaviour(body=b'data: {"choices": [{"delta": {"content": [1]}}]}\n\n'), "", EngineRubbishError),
        (Behaviour(body=b"data: []\n\n"), "", EngineRubbishError),
        (Behaviour(body=bytes(range(256)) * 40), "", EngineRubbishError),
        (Behaviour(body=b"x" * 9_000_000), "", EngineRubbishError),
        (Behaviour(body=b""), "", EngineLostError),
        (Behaviour(body=b"{}", content_type="application/json"), "", EngineRubbishError),
        (Behaviour(body=b'error: {"message": "slot unavailable"}\n\n'), "", EngineRefusedError),
    ],
)
async def test_what_goes_wrong_is_typed_and_keeps_every_word(
    behaviour: Behaviour, text: str, error: type[EngineError]
) -> None:
    got, pieces, failure = await outcome(behaviour)
    assert type(failure) is error
    assert all(piece.finish is None for piece in pieces)
    assert got == text


@pytest.mark.parametrize(
    ("status", "body", "error", "words_of_server"),
    [
        (401, {"error": {"message": "Incorrect API key"}}, EngineRefusedError, "Incorrect API key"),
        (404, {"message": "The model `x` does not exist."}, EngineRefusedError, "does not exist"),
        (422, {"detail": "bad field"}, EngineRefusedError, "bad field"),
        (500, "boom", EngineRefusedError, "boom"),
        (
            400,
            {"error": {"message": "x" * 300_000 + " end", "type": "exceed_context_size_error"}},
            EngineContextError,
            "x",
        ),
        (307, "", EngineRefusedError, "307"),
        (
            400,
            {"error": {"code": 400, "message": "the request exceeds it", "type": "exceed_context_size_error"}},
            EngineContextError,
            "exceeds",
        ),
        (
            400,
            {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, …"},
            EngineContextError,
            "4096",
        ),
    ],
)
async def test_a_refusal_keeps_the_servers_words(
    status: int, body: object, error: type[EngineError], words_of_server: str
) -> None:
    refusals = [Refusal(status, body) for _ in range(3)]
    _, pieces, failure = await outcome(Behaviour(refusals=refusals))
    assert (type(failure), pieces) == (error, [])
    assert failure is not None
    assert words_of_server in failure.detail


async def test_a_busy_server_is_asked_again_when_it_says() -> None:
    busy = [Refusal(503, headers={"Retry-After": "0.2"}), Refusal(429, headers={"Retry-After": "0.1"})]
    began = time.monotonic()
    assert (await outcome(Behaviour(TEXT, refusals=busy)))[0] == TEXT
    assert time.monotonic() - began >= 0.3


async def test_a_busy_server_is_asked_three_times_more() -> None:
    busy = [Refusal(503, headers={"Retry-After": "0"}) for _ in range(10)]
    failure = (await outcome(Behaviour(refusals=busy)))[2]
    assert type(failure) is EngineRefusedError
    assert len(busy) == 6


async def test_nobody_there() -> None:
    async with FakeOpenAI() as server:
        url = server.base_url
    for address in (url, "http://no-such-host.invalid/v1", "not an address"):
        async with engine_at(address) as engine:
            assert type((await collect(engine))[2]) is EngineUnreachableError
            info = await engine.info()
            assert (info.continuation, info.model) == (Continuation.PREFILL, "")
            assert "unknown" in info.details


async def test_a_connection_closed_twice_without_a_word_is_lost() -> None:
    failure = (await outcome(Behaviour(drop_first=2)))[2]
    assert isinstance(failure, EngineLostError)


async def test_words_that_came_before_the_cut_reach_a_slow_reader() -> None:
    behaviour = Behaviour(TEXT, per_write=1, close_after=15)
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        text, _, failure = await collect(engine, pause=0.1)
    assert (text, type(failure)) == (words(15), EngineLostError)


async def test_a_server_that_takes_the_question_and_is_silent_is_asked_once() -> None:
    behaviour = Behaviour(TEXT, mute=True)
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url, read_timeout=0.2) as engine:
        assert isinstance((await collect(engine))[2], EngineLostError)
        assert len(server.requests) == 1


async def test_silence_is_bounded_by_the_read_timeout() -> None:
    text, _, failure = await outcome(Behaviour(TEXT, hang_after=4), read_timeout=0.3)
    assert (text, type(failure)) == (words(4), EngineLostError)


async def test_leaving_a_silent_server_closes_its_stream() -> None:
    async with FakeOpenAI(Behaviour(TEXT, hang_after=4)) as server, engine_at(server.base_url) as engine:
        writing = engine.write(TASK)
        await anext(writing)
        reading = asyncio.create_task(_next(writing))
        await asyncio.sleep(0.05)
        assert server.open_streams == 1
        reading.cancel()
        await asyncio.wait([reading])
        assert await server.is_idle()


async def _next(writing: Any) -> Piece:
    return await anext(writing)


async def test_stopping_during_the_probe_leaves_nothing() -> None:
    async with FakeOpenAI(Behaviour(mute=True)) as server:
        async with engine_at(server.base_url, prefill=Prefill.AUTO) as engine:
            asking = asyncio.create_task(engine.info())
            while not server.requests:  # noqa: ASYNC110  # a poll is enough here
                await asyncio.sleep(0.01)
        await asyncio.wait([asking], timeout=1)
        assert asking.done()


async def test_a_slow_probe_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "ASK", 3600.0)
    async with (
        FakeOpenAI(Behaviour(mute=True)) as server,
        engine_at(server.base_url, prefill=Prefill.AUTO) as engine,
    ):
        first = asyncio.create_task(engine.info())
        while not server.requests:  # noqa: ASYNC110  # a poll is enough here
            await asyncio.sleep(0.01)
        engine._servers[0]._probe_began -= 3600
        info = await engine.info()
        assert (info.reachable, info.details["unknown"]) == (True, "the server is slow")
        first.cancel()
        await asyncio.wait([first])


async def test_a_server_that_is_still_starting_is_probed_again() -> None:
    behaviour = Behaviour(TEXT, refusals=[Refusal(503, headers={"Retry-After": "0"}), Refusal(500), Refusal(503)])
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url, prefill=Prefill.AUTO) as engine:
        info = await engine.info()
        assert (info.reachable, info.details["prefill"]) == (True, "unknown")
        assert (await engine.info()).continuation is Continuation.PREFILL
        assert words(5) + (await collect(engine, going_on(words(5))))[0] == TEXT


# -- going on ---------------------------------------------------------------------------------------


async def test_continue_final_message_is_asked_in_vllms_words() -> None:
    how = {"prefill": Prefill.CONTINUE_FINAL_MESSAGE}
    async with FakeOpenAI(Behaviour(TEXT)) as server, engine_at(server.base_url, **how) as engine:
        text, _, _ = await collect(engine, going_on(words(5)))
    body = server.requests[-1]
    assert words(5) + text == TEXT
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["messages"][-1] == {"role": "assistant", "content": words(5)}


async def test_none_is_lost_before_the_server_is_asked() -> None:
    async with FakeOpenAI() as server, engine_at(server.base_url, prefill=Prefill.NONE) as engine:
        assert type((await collect(engine, going_on("слово0 ")))[2]) is EngineLostError
    assert server.requests == []


@pytest.mark.parametrize("split", [0, 1])
@pytest.mark.parametrize("prefix", [words(1), words(2), words(12), "\n" + words(12)])
async def test_a_restart_is_noticed_before_a_word_of_it_gets_out(prefix: str, split: int) -> None:
    behaviour = Behaviour(TEXT, restarts=True, split=split)
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        text, _, failure = await collect(engine, going_on(prefix))
    assert (text, type(failure)) == ("", EngineLostError)


async def test_words_that_only_look_like_a_restart_get_out() -> None:
    text = "1. Да. 1. Нет. 1. Да и нет."
    for cut in (7, 8, 15):
        async with FakeOpenAI(Behaviour(text, per_write=1)) as server, engine_at(server.base_url) as engine:
            rest, pieces, failure = await collect(engine, going_on(text[:cut]))
        assert (text[:cut] + rest, failure) == (text, None)
        assert sum(piece.tokens for piece in pieces) == len(rest.split())


@pytest.mark.parametrize(
    ("behaviour", "mode", "continuation", "requests"),
    [
        (Behaviour(TEXT), "continue_final_message", Continuation.PREFILL, 1),
        (Behaviour(TEXT, reject_continue_final_message=True), "assistant", Continuation.PREFILL, 2),
        (Behaviour("Один, два, три", restarts=True), "none", Continuation.NONE, 2),
        (Behaviour("один, два, три", restarts=True), "none", Continuation.NONE, 2),
        (Behaviour("Вот числа: один", restarts=True), "none", Continuation.NONE, 2),
    ],
)
async def test_auto_tries_the_server_once(
    behaviour: Behaviour, mode: str, continuation: Continuation, requests: int
) -> None:
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url, prefill=Prefill.AUTO) as engine:
        infos = await asyncio.gather(*(engine.info() for _ in range(5)))
        assert {(info.details["prefill"], info.continuation) for info in infos} == {(mode, continuation)}
        await engine.info()
        assert len(server.requests) == requests


async def test_the_fingerprint_tells_servers_and_models_apart() -> None:
    marks = set()
    async with FakeOpenAI() as server:
        for how in ({}, {"model": "other"}, {"prefill": Prefill.NONE}):
            async with engine_at(server.base_url, **how) as engine:
                marks.add((await engine.info()).fingerprint)
    assert len(marks) == 3


async def test_settings_name_the_server() -> None:
    async with FakeOpenAI(Behaviour(TEXT)) as server:
        settings = load_settings(
            openai_base_url=server.base_url + "/", openai_model="mine", openai_api_key="secret", openai_prefill="none"
        )
        engine = OpenAIEngine.from_settings(settings)
        await engine.start()
        assert (await collect(engine))[0] == TEXT
        await engine.stop()
        assert server.requests[0]["model"] == "mine"
        assert server.keys == ["Bearer secret"]
