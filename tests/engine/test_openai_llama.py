"""The remote engine and the embeddings client against the real llama.cpp server, with a tiny model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path

import pytest

from advakod.engine import Continuation, Message, WritingTask
from advakod.engine.vectors import Embedder, Place
from advakod.settings import Prefill
from tests.conftest import skip_or_fail
from tests.support.llama_child import llama_child
from tests.support.remote_engine import collect, engine_at
from tests.support.tiny_gguf import tiny_model

pytestmark = pytest.mark.anyio
QUESTION = "Покупатель вправе вернуть товар продавцу, если недостатки не были оговорены до заключения договора. " * 12
TASK = WritingTask(
    QUESTION, [Message("system", "Ты юрист."), Message("user", QUESTION)], max_tokens=24, temperature=0.0, seed=1
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("xllamacpp") is None:
        skip_or_fail("xllamacpp is not installed: pip install 'advakod[llama]'")
    folder = tmp_path_factory.mktemp("llama")
    tiny_model(folder / "tiny.gguf")
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """Two slots of 2,048 tokens."""
    with llama_child(folder / "tiny.gguf", folder / "log", n_ctx=4_096, n_parallel=2, kv_unified=False) as url:
        yield url


async def test_what_is_measured_is_what_is_read(url: str) -> None:
    async with engine_at(url) as engine:
        size = await engine.measure(TASK)
        _, pieces, failure = await collect(engine, TASK)
        assert failure is None
        assert size is not None
        assert size.tokens == pieces[-1].prompt_tokens
        counts = await engine.count([QUESTION, "договор", "", "статья 18 закона"])
        assert counts is not None
        assert counts[2] == 0
        assert 0 < counts[1] < counts[0] < size.tokens
        assert [await engine.count([text]) for text in ("договор", "")] == [[counts[1]], [0]]


async def test_what_the_server_tells_of_itself_is_known(url: str) -> None:
    async with engine_at(url) as engine:
        info = await engine.info()
    assert (info.context, info.concurrency, info.reachable) == (2_048, 2, True)


async def test_reading_speed_and_cache_are_told(url: str) -> None:
    task = WritingTask("?", [Message("user", "Суд рассматривает заявление и выносит решение. " * 40)], max_tokens=24)
    async with engine_at(url) as engine:
        _, pieces, _ = await collect(engine, task)
        readings = [piece.reading for piece in pieces if piece.reading]
        assert readings
        assert {reading.total for reading in readings} == {pieces[-1].prompt_tokens}
        info = await engine.info()
        assert info.tells_reading
        assert info.speed is not None
        again = (await collect(engine, task))[1][-1]
    assert again.cached_tokens is not None
    assert again.prompt_tokens is not None
    assert again.cached_tokens >= 0.9 * again.prompt_tokens


async def test_a_text_that_was_stopped_tells_how_fast_its_prompt_was_read(url: str) -> None:
    task = WritingTask("?", [Message("user", "Арендатор обязан вносить плату за помещение. " * 40)], max_tokens=24)
    async with engine_at(url) as engine:
        async with aclosing(engine.write(task)) as pieces:
            async for piece in pieces:
                if piece.text:
                    break
        speed = (await engine.info()).speed
        pace = engine._servers[0].pace
    assert speed is not None
    assert pace._told
    assert pace._reading[0] == speed.reading


@pytest.mark.parametrize("mode", [Prefill.CONTINUE_FINAL_MESSAGE, Prefill.ASSISTANT])
async def test_a_text_is_gone_on_with(url: str, mode: Prefill) -> None:
    async with engine_at(url, prefill=mode) as engine:
        whole, _, _ = await collect(engine, TASK)
        prefix = whole[: len(whole) // 2]
        rest, pieces, failure = await collect(engine, WritingTask("?", TASK.messages, prefix=prefix, max_tokens=8))
    assert failure is None
    assert rest
    assert not rest.startswith(prefix[:24])
    assert sum(piece.tokens for piece in pieces) == 8


async def test_the_probe_does_not_take_an_echo_for_a_restart(url: str) -> None:
    """This server repeats the prefix in answers that are no stream."""
    async with engine_at(url, prefill=Prefill.AUTO) as engine:
        reply = await engine._servers[0]._reply(TASK, Prefill.NONE)
        assert reply
        assert (await engine.info()).continuation in (Continuation.PREFILL, Continuation.NONE)  # of a model of nonsense


async def test_a_thought_is_a_sign_and_no_text(folder: Path) -> None:
    model = tiny_model(folder / "deep.gguf", thinking=("<think>", "</think>"))
    with llama_child(model, folder / "log-deep", n_ctx=1_024, n_parallel=1) as url:
        async with engine_at(url) as engine:
            text, pieces, failure = await collect(engine, WritingTask("?", [Message("user", "Вопрос?")], max_tokens=60))
    assert failure is None
    assert "think" not in text
    assert any(piece.thinking for piece in pieces)


async def test_embeddings_of_a_real_server(folder: Path) -> None:
    # The mean. One slot: two that work at once give one of their texts another vector (xllamacpp 2026.10.11549).
    parameters = {"n_ctx": 1_024, "n_parallel": 1, "embedding": True, "pooling_type": 1}
    with llama_child(folder / "tiny.gguf", folder / "log-vectors", **parameters) as url:
        async with Embedder(Place(url)) as embedder:
            texts = ["договор аренды", "исковая давность", "договор аренды"]
            first, second, third = await embedder.embed(texts)
            many = await asyncio.gather(*(embedder.embed([text]) for text in texts))
    assert len(first) == len(second) == len(third)
    assert first != second
    assert max(abs(a - b) for a, b in zip(first, third, strict=True)) < 1e-4
    assert max(abs(a - b) for a, b in zip(first, many[0][0], strict=True)) < 1e-4
