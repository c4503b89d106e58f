"""The promises of engine/interface.py, kept by every engine. A new engine adds a maker to ENGINES and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from advakod.engine import (
    Continuation,
    Engine,
    EngineLostError,
    FinishReason,
    Piece,
    WritingTask,
)
from advakod.engine.llama import LlamaEngine
from advakod.engine.openai import OpenAIEngine, Remote
from advakod.engine.script import Script
from advakod.engine.scripted import ScriptedEngine
from advakod.settings import load_settings
from tests.support.fake_openai import Behaviour, FakeOpenAI, words
from tests.support.tiny_gguf import tiny_model

pytestmark = pytest.mark.anyio
Maker = Callable[[float], AbstractAsyncContextManager[Engine]]
TASK = WritingTask("Можно ли вернуть товар?", max_tokens=200, temperature=0.0)
LONG = replace(TASK, max_tokens=4_000)  # for who is stopped
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


@asynccontextmanager
async def llama(rate: float, models: Path) -> AsyncIterator[Engine]:
    """A real child. It has no speed to be set: who is to be slow writes what has no end."""
    facts = {"data_dir": models, "n_ctx": 8_192, "n_threads": 1, "max_concurrency": 4}
    yield LlamaEngine.from_settings(load_settings(model_path=models / ("endless" if rate else "ending"), **facts))


ENGINES: dict[str, Maker] = {
    "scripted": scripted,
    "scripted-reading": scripted_reading,
    "openai": openai,
    "openai-reading": openai_reading,
}
LLAMA = "llama"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, xllamacpp: None) -> Path:
    """One that ends by itself, surest token by surest token after 98, and one that never does."""
    folder = tmp_path_factory.mktemp("models")
    tiny_model(folder / "ending", eos_bias=22.0, seed=8)
    tiny_model(folder / "endless")
    return folder


@pytest.fixture(params=[*ENGINES, LLAMA])
def make(request: pytest.FixtureRequest) -> Maker:
    """A started engine at a speed in tokens a second (0: full) that writes the same text each time."""
    if request.param == LLAMA:
        maker: Maker = partial(llama, models=request.getfixturevalue("models"))
    else:
        maker = ENGINES[request.param]

    @asynccontextmanager
    async def started(rate: float) -> AsyncIterator[Engine]:
        async with maker(rate) as engine:
            await engine.start()
            try:
                yield engine
            finally:
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


def ids_of(pieces: list[Piece]) -> tuple[int, ...]:
    return tuple(token for piece in pieces for token in piece.ids)


async def begun(engine: Engine, whole: list[Piece], share: float) -> WritingTask:
    """The task of who goes on after a share of a text: from the model's tokens where it tells them, else its words."""
    if not (ids := ids_of(whole)):
        text = text_of(whole)
        return replace(TASK, prefix=text[: max(1, int(len(text) * share))])
    pieces = await pieces_of(engine, replace(TASK, max_tokens=max(1, int(len(ids) * share))))
    text = text_of(pieces)
    return replace(TASK, prefix=text, prefix_ids=ids_of(pieces), prefix_ids_length=len(text))


async def test_only_the_last_piece_carries_finish(make: Maker) -> None:
    async with make(0) as engine:
        pieces = await pieces_of(engine)
    assert [piece.finish for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].finish is FinishReason.STOP


async def test_no_piece_but_the_last_is_empty_and_tokens_are_counted(make: Maker) -> None:
    async with make(0) as engine:
        pieces = written(await pieces_of(engine))
    assert all(piece.text and piece.tokens > 0 for piece in pieces[:-1])
    # Tokens are the model's where it tells them, the one that ends the text among them; the others write words.
    counted = len(ids_of(pieces)) + 1 if ids_of(pieces) else len(text_of(pieces).split())
    assert sum(piece.tokens for piece in pieces) == counted
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
        pieces = await pieces_of(engine)
        task = await begun(engine, pieces, share)
        if (await engine.info()).continuation is Continuation.NONE:
            with pytest.raises(EngineLostError):
                await pieces_of(engine, task)
            return
        assert task.prefix + text_of(await pieces_of(engine, task)) == text_of(pieces)


async def test_closing_stops_the_writing_at_once(make: Maker) -> None:
    async with make(20) as engine:
        writing = engine.write(LONG)
        await anext(writing)
        began = time.monotonic()
        await writing.aclose()
        assert time.monotonic() - began < 1.0
    # whatever it held is free now: the maker looks


async def test_a_cancelled_reader_leaves_nothing_behind(make: Maker) -> None:
    wrote = asyncio.Event()

    async def read(engine: Engine) -> None:
        async for piece in engine.write(LONG):
            if piece.text:
                wrote.set()

    async with make(20) as engine:
        await engine.ready()
        own = asyncio.all_tasks()
        reading = asyncio.create_task(read(engine))
        await wrote.wait()
        reading.cancel()
        await asyncio.wait([reading])
        assert reading.cancelled()
        assert [task for task in asyncio.all_tasks() - own if "advakod/engine" in str(_code(task))] == []


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
