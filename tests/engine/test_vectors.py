"""Embeddings and reranking by servers that behave, and by servers that do not."""

from __future__ import annotations

import base64
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web

from advakod.engine import EngineLostError, EngineRefusedError, EngineRubbishError, EngineUnreachableError
from advakod.engine.vectors import BATCH, Embedder, Place, Reranker
from advakod.errors import EngineError
from advakod.settings import load_settings
from tests.support.fake_openai import FakeOpenAI

pytestmark = pytest.mark.anyio
Reply = Callable[[dict[str, Any]], Any]


class FakeVectors:
    """Answers /v1/embeddings and /v1/rerank with what `reply` makes of the request's body."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        made = self.reply(body)
        if isinstance(made, web.Response):
            return made
        if isinstance(made, bytes):
            return web.Response(body=made)
        return web.json_response(made)


@asynccontextmanager
async def fake(reply: Reply) -> AsyncIterator[FakeVectors]:
    server = FakeVectors(reply)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/embeddings", server.handle)
    app.router.add_post("/v1/rerank", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


def numbers(text: str) -> list[float]:
    """A vector that tells the text again."""
    return [float(len(text)), float(ord(text[0]) if text else 0), 0.5]


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """As OpenAI answers, in another order than it was asked."""
    data = [{"index": index, "embedding": numbers(text)} for index, text in enumerate(body["input"])]
    return {"object": "list", "data": data[::-1]}


def in_base64(body: dict[str, Any]) -> dict[str, Any]:
    made = embeddings(body)
    for entry in made["data"]:
        entry["embedding"] = base64.b64encode(array("f", entry["embedding"]).tobytes()).decode()
    return made


def ranks(name: str) -> Reply:
    """Longer documents are better; best first, as servers send them."""

    def reply(body: dict[str, Any]) -> dict[str, Any]:
        results = [{"index": index, name: len(text) / 100} for index, text in enumerate(body["documents"])]
        return {"results": sorted(results, key=lambda entry: -entry[name])}

    return reply


@pytest.mark.parametrize("reply", [embeddings, in_base64])
@pytest.mark.parametrize("count", [0, 1, BATCH, 2 * BATCH + 1])
async def test_each_text_gets_its_vector(reply: Reply, count: int) -> None:
    texts = [f"{index} " + "я" * (index % 7) for index in range(count)]
    async with fake(reply) as server, Embedder(Place(server.url)) as embedder:
        vectors = await embedder.embed(texts)
    assert [list(vector) for vector in vectors] == [numbers(text) for text in texts]
    assert len(server.bodies) == -(-count // BATCH)
    assert all("model" not in body for body in server.bodies)


@pytest.mark.parametrize("reply", [ranks("relevance_score"), ranks("score"), lambda b: ranks("score")(b)["results"]])
async def test_each_document_gets_its_score(reply: Reply) -> None:
    documents = ["аа", "аааа", "", "ааа"]
    async with fake(reply) as server, Reranker(Place(server.url, "ranker")) as reranker:
        assert await reranker.scores("вопрос", documents) == [0.02, 0.04, 0.0, 0.03]
        assert await reranker.scores("вопрос", []) == []
    assert server.bodies == [{"query": "вопрос", "documents": documents, "model": "ranker"}]


async def test_model_key_and_address_are_the_configured_ones() -> None:
    async with fake(embeddings) as server:
        settings = load_settings(
            embeddings_url=server.url + "/embeddings", embeddings_model="e5", embeddings_key="secret"
        )
        made = Embedder.from_settings(settings)
        assert made is not None
        async with made as embedder:
            await embedder.embed(["текст"])
    assert (server.bodies[0]["model"], server.keys) == ("e5", ["Bearer secret"])


def test_nothing_is_made_of_no_address() -> None:
    assert Embedder.from_settings(load_settings()) is None
    assert Reranker.from_settings(load_settings()) is None


async def test_a_busy_server_is_asked_again() -> None:
    refusals = [web.Response(status=503, headers={"Retry-After": "0"}) for _ in range(2)]
    async with (
        fake(lambda body: refusals.pop() if refusals else embeddings(body)) as server,
        Embedder(Place(server.url)) as embedder,
    ):
        assert len(await embedder.embed(["текст"])) == 1


RUBBISH: list[object] = [
    b"<html>",
    b"",
    [],
    7,
    {},
    {"data": 7},
    {"data": []},
    {"data": [{"index": 0}]},
    {"data": [{"index": 1, "embedding": [1.0]}]},
    {"data": [{"index": 0, "embedding": []}]},
    {"data": [{"index": 0, "embedding": ["x"]}]},
    {"data": [{"index": 0, "embedding": "не base64"}]},
    {"data": [{"index": 0, "embedding": "AAA="}]},
    {"data": [{"index": 0, "embedding": [1e999]}]},
    b'{"data": [{"index": 0, "embedding": [1e39]}]}',
    {"data": [{"index": 0, "embedding": {"a": 1}}]},
    {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]},
    {"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]},
    {"results": [{"index": 0}]},
    {"results": [{"index": 0, "score": 1}, {"index": 0, "score": 2}]},
    {"results": [{"index": 0, "score": None}]},
    {"results": [{"index": 5, "score": 1}]},
    {"results": [{"index": [0], "score": 1}]},
]


@pytest.mark.parametrize("rubbish", RUBBISH)
async def test_rubbish_is_typed_and_names_the_setting(rubbish: object) -> None:
    async with fake(lambda body: rubbish) as server:
        for failure in await failures(server.url):
            assert type(failure) is EngineRubbishError


async def test_vectors_of_different_lengths_are_rubbish() -> None:
    def reply(body: dict[str, Any]) -> dict[str, Any]:
        return {"data": [{"index": i, "embedding": [1.0] * (i + 1)} for i in range(len(body["input"]))]}

    async with fake(reply) as server, Embedder(Place(server.url)) as embedder:
        with pytest.raises(EngineRubbishError):
            await embedder.embed(["а", "б"])


async def test_a_refusal_keeps_the_servers_words() -> None:
    refusal = {"error": {"message": "input is too large"}}
    async with fake(lambda body: web.json_response(refusal, status=400)) as server:
        for failure in await failures(server.url):
            assert type(failure) is EngineRefusedError
            assert "input is too large" in failure.message


async def test_nobody_there() -> None:
    async with FakeOpenAI() as server:
        pass
    for url in (server.base_url, "not an address"):
        for failure in await failures(url):
            assert type(failure) is EngineUnreachableError


async def test_a_connection_that_breaks_off_is_lost() -> None:
    def reply(body: dict[str, Any]) -> web.Response:
        return web.Response(body=b"{", headers={"Content-Length": "1000"})

    async with fake(reply) as server:
        for failure in await failures(server.url):
            assert type(failure) in (EngineLostError, EngineRubbishError)


async def failures(url: str) -> list[EngineError]:
    """What both clients raise; each names its setting."""
    embedder = Embedder(Place(url, variable="ADVAKOD_EMBEDDINGS_URL"))
    reranker = Reranker(Place(url, variable="ADVAKOD_RERANK_URL"))
    async with embedder, reranker:
        return [
            await failure_of(embedder.embed(["текст"]), "ADVAKOD_EMBEDDINGS_URL"),
            await failure_of(reranker.scores("вопрос", ["текст"]), "ADVAKOD_RERANK_URL"),
        ]


async def failure_of(asking: Awaitable[object], variable: str) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await asking
    assert variable in caught.value.message
    assert caught.value.message.endswith(".")
    return caught.value
