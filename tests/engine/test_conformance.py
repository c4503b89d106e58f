"""The promises of engine/interface.py, kept by every engine. A new engine adds a maker to ENGINES and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from advakod.engine import (
    Continuation,
    Engine,
    EngineLostError,
    FinishReason,
    Piece,
    WritingTask,
)
from advakod.engine.openai import OpenAIEngine, Remote
from advakod.engine.script import Script
from advakod.engine.scripted import ScriptedEngine
from tests.support.fake_openai import Behaviour, FakeOpenAI, words

pytestmark = pytest.mark.anyio
Maker = Callable[[float], AbstractAsyncContextManager[Engine]]
TASK = WritingTask("Можно ли вернуть товар?", max_tokens=200)
TEXT = "Да, «можно»: 14 дней.\n\n1. Напишите заявление 📄\n2. Отдайте товар. " + words(100)


@asynccontextmanager
async def scripted(rate: float) -> AsyncIterator[Engine]:
    yield ScriptedEngine(Script(TEXT, tokens_per_second=rate))


@asynccontextmanager
async def scripted_reading(rate: float) -> AsyncIterator[Engine]:
    yield ScriptedEngine(Script(TEXT, tokens_per_second=rate, prompt_seconds=0.02, prompt_tokens=900))


@asynccontextmanager
async def openai(rate: float) -> AsyncIterator[Engine]:
    async with FakeOpenAI(Behaviour(TEXT, rate=rate)) as server:
        engine = OpenAIEngine(Remote(server.base_url))
        yield engine
        assert await server.is_idle()


@asynccontextmanager
async def openai_reading(rate: float) -> AsyncIterator[Engine]:
    async with FakeOpenAI(Behaviour(TEXT, rate=rate, prompt_tokens=900)) as server:
        engine = OpenAIEngine(Remote(server.base_url))
        yield engine
        assert await server.is_idle()


ENGINES: dict[str, Maker] = {
    "scripted": scripted,
    "scripted-reading": scripted_reading,
    "openai": openai,
    "openai-reading": openai_reading,
}


@pytest.fixture(params=list(ENGINES.values()), ids=list(ENGINES))
def make(request: pytest.FixtureRequest) -> Maker:
    """A started engine at a speed in tokens a second (0: full) that writes the same text each time."""

    @asynccontextmanager
    async def started(rate: float) -> AsyncIterator[Engine]:
        async with request.param(rate) as engine:
            await engine.start()
            yield engine
            await engine.stop()
            await engine.stop()

    return started


async def pieces_of(engine: Engine, task: WritingTask = TASK) -> list[Piece]:
    return [piece async for piece in engine.write(task)]


def _code(task: asyncio.Task[object]) -> object:
    """Where the task's code stands."""
    return getattr(task.get_coro(), "cr_code", None)


def written(pieces: list[Piece]) -> list[Piece]:
    """Without the signs of reading."""
    return [piece for piece in pieces if piece.reading is None]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


async def test_only_the_last_piece_carries_finish(make: Maker) -> None:
    async with make(0) as engine:
        pieces = await pieces_of(engine)
    assert [piece.finish for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].finish is FinishReason.STOP


async def test_no_piece_but_the_last_is_empty_and_tokens_are_counted(make: Maker) -> None:
    async with make(0) as engine:
        pieces = written(await pieces_of(engine))
    assert all(piece.text and piece.tokens > 0 for piece in pieces[:-1])
    assert sum(piece.tokens for piece in pieces) == len(text_of(pieces).split())
    assert pieces[-1].prompt_tokens is None or pieces[-1].prompt_tokens >= 0


async def test_reading_comes_before_the_text_and_only_goes_on(make: Maker) -> None:
    async with make(0) as engine:
        pieces = await pieces_of(engine)
        told = [piece for piece in pieces if piece.reading is not None]
        assert (await engine.info()).tells_reading == bool(told)
    assert pieces[: len(told)] == told
    assert all((piece.text, piece.tokens, piece.finish, piece.prompt_tokens) == ("", 0, None, None) for piece in told)
    readings = [piece.reading for piece in told if piece.reading]
    assert all(0 <= reading.done <= reading.total for reading in readings)
    assert [reading.done for reading in readings] == sorted(reading.done for reading in readings)
    assert len({reading.total for reading in readings}) <= 1


async def test_the_same_task_gives_the_same_text(make: Maker) -> None:
    async with make(0) as engine:
        texts = {text_of(await pieces_of(engine)) for _ in range(3)}
    assert len(texts) == 1


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.77, 0.99])
async def test_a_prefix_is_gone_on_from(make: Maker, share: float) -> None:
    async with make(0) as engine:
        whole = text_of(await pieces_of(engine))
        prefix = whole[: max(1, int(len(whole) * share))]
        task = WritingTask(TASK.question, prefix=prefix, max_tokens=TASK.max_tokens)
        if (await engine.info()).continuation is Continuation.NONE:
            with pytest.raises(EngineLostError):
                await pieces_of(engine, task)
            return
        assert prefix + text_of(await pieces_of(engine, task)) == whole


async def test_closing_stops_the_writing_at_once(make: Maker) -> None:
    async with make(20) as engine:
        writing = engine.write(TASK)
        await anext(writing)
        began = time.monotonic()
        await writing.aclose()
        assert time.monotonic() - began < 1.0
    # whatever it held is free now: the maker looks


async def test_a_cancelled_reader_leaves_nothing_behind(make: Maker) -> None:
    async with make(20) as engine:
        reading = asyncio.create_task(pieces_of(engine))
        await asyncio.sleep(0.15)
        reading.cancel()
        await asyncio.wait([reading])
        assert reading.cancelled()
        assert [task for task in asyncio.all_tasks() if "advakod/engine" in str(_code(task))] == []


async def test_writers_do_not_starve_the_loop_or_each_other(make: Maker) -> None:
    late = 0.0

    async def watch() -> None:
        nonlocal late
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.001)
            late = max(late, time.monotonic() - began)

    async with make(0) as engine:
        watcher = asyncio.create_task(watch())
        texts = await asyncio.gather(*(pieces_of(engine) for _ in range(50)))
        watcher.cancel()
    assert len({text_of(pieces) for pieces in texts}) == 1
    assert late < 1.0


async def test_info_is_stable(make: Maker) -> None:
    async with make(0) as engine:
        await pieces_of(engine)  # what a server can do is known once it has done it
        first, second = await engine.info(), await engine.info()
    assert first == second
    assert first.name
    assert first.fingerprint
