"""An OpenAI-compatible server that writes a known text, and behaves as badly as it is told to.

In a test: `async with FakeOpenAI(Behaviour(...)) as server: server.base_url`. As a process, for benchmarks:

    python tests/support/fake_openai.py --port 0 --tokens 200 --rate 0

prints its URL as its first line. What a stream costs it is prepared once: events are encoded before
the first request, and at full speed `per_write` of them go out in one write.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import uvloop
from aiohttp import web

ENDLESS = 3600.0  # seconds; a test's time limit comes first
POLL = 0.01  # seconds between two looks at what is allowed
STREAM = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


def words(count: int) -> str:
    """A text of `count` tokens, no two of them equal."""
    return "".join(f"слово{i} " for i in range(count))


@dataclass
class Refusal:
    """An answer with an error instead of a text."""

    status: int
    body: object = field(default_factory=lambda: {"error": {"message": "нельзя"}})
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeFacts:
    """What the server tells of itself, in the words of the one it plays. A token is a word.

    `kind`: vllm, llamacpp, ollama, or empty for one that tells nothing.
    """

    kind: str = ""
    context: int = 4_096
    slots: int = 2
    loading: int = 0  # so many lists of models are refused with 503
    rubbish: object = None  # the answer to everything but the list of models
    mute: tuple[str, ...] = ()  # paths at which a question is taken and never answered

    def models(self, model: str) -> web.Response:
        """GET /v1/models."""
        if self.loading:
            self.loading -= 1
            return web.json_response({"error": {"message": "Loading model", "code": 503}}, status=503)
        entry: dict[str, object] = {"id": model, "object": "model"}
        kinds: dict[str, dict[str, object]] = {
            "": {},
            "vllm": {"owned_by": "vllm", "max_model_len": self.context},
            "llamacpp": {"owned_by": "llamacpp", "meta": {"n_ctx_train": 99_999}},
            "ollama": {"owned_by": "library"},
        }
        return web.json_response({"object": "list", "data": [entry | kinds[self.kind]]})

    def answer(self, path: str, model: str, body: dict[str, Any]) -> web.Response:
        """Everything else; 404 for what this kind of server does not have."""
        if self.rubbish is not None:
            return web.json_response(self.rubbish)
        match self.kind, path:
            case "vllm", "/tokenize":
                count = _word_count(body)
                return web.json_response({"count": count, "tokens": [5] * count, "max_model_len": self.context})
            case "llamacpp", "/tokenize":
                return web.json_response({"tokens": _tokens(body.get("content"))})
            case "llamacpp", "/apply-template":
                said = " ".join(f"<{one['role']}> {one['content']}" for one in body["messages"])
                return web.json_response({"prompt": said + " <assistant>"})
            case "llamacpp", "/props":
                facts = {"default_generation_settings": {"n_ctx": self.context}, "total_slots": self.slots}
                return web.json_response(facts)
            case "ollama", "/api/ps":
                return web.json_response({"models": [{"name": model, "context_length": self.context}]})
        return web.json_response({"error": {"message": "File Not Found", "code": 404}}, status=404)


@dataclass
class Behaviour:
    """How the server behaves; may be changed between requests."""

    text: str = field(default_factory=lambda: words(20))
    model: str = "fake-model"
    rate: float = 0.0  # tokens a second; 0: full speed
    per_write: int = 16  # events in one write at full speed
    finish: str | None = "stop"
    done: bool = True  # send [DONE]
    usage: bool = True
    open_end: bool = False  # never closes after the last event
    refusals: list[Refusal] = field(default_factory=list)  # each answers one request, then it is gone
    reject_stream_options: bool = False
    reject_return_progress: bool = False
    reject_continue_final_message: bool = False
    restarts: bool = False  # begins anew when it should go on with the last message
    drop_first: int = 0  # so many requests get their connection closed before any byte
    mute: bool = False  # takes the request and never answers
    hang_after: int | None = None  # so many tokens, then silence
    ping_every: float = 0.0  # seconds, during that silence
    close_after: int | None = None  # so many tokens, then half an event, then the connection is cut
    body: bytes | None = None  # sent instead of everything else
    content_type: str = "text/event-stream"
    split: int = 0  # bytes of one write; 0: whole events
    pings: bool = False
    line_end: bytes = b"\n"
    prompt_tokens: int = 0  # told as they are read, in two steps, to those who ask for it
    reasoning: str = ""  # its words are sent before the text
    reasoning_field: str = "reasoning_content"
    usage_prompt: int = 7  # tokens of every prompt
    cached: int | None = None  # of them, from the cache; None: not told
    timings: dict[str, float] | None = None  # llama-server's account of the answer
    facts: FakeFacts = field(default_factory=FakeFacts)
    error_after: int | None = None  # so many tokens, then an error inside the stream
    allowed: int | None = None  # so many tokens of the text and no more until it is raised; may be changed at any time


class FakeOpenAI:
    """The server. `requests` are the bodies it got, `keys` their Authorization, `open_streams` being written now."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.asked: list[str] = []  # paths, other than the list of models
        self.open_streams = 0
        self.base_url = ""
        self._prepared: dict[str, list[bytes]] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_route("*", "/{path:.*}", self._fact)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{bound}/v1"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def is_idle(self, within: float = 5.0) -> bool:
        """Whether no answer is being written, now or soon: a closed connection is noticed a moment later."""
        deadline = time.monotonic() + within
        while self.open_streams and time.monotonic() < deadline:  # noqa: ASYNC110  # a poll is enough here
            await asyncio.sleep(0.01)
        return not self.open_streams

    async def _models(self, request: web.Request) -> web.Response:
        await self._silence(request)
        return self.behaviour.facts.models(self.behaviour.model)

    async def _fact(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read() or b"{}")
        self.asked.append(request.path)
        await self._silence(request)
        return self.behaviour.facts.answer(request.path, self.behaviour.model, body)

    async def _silence(self, request: web.Request) -> None:
        if request.path in self.behaviour.facts.mute:
            await asyncio.sleep(ENDLESS)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self.requests.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        if self.behaviour.drop_first:
            self.behaviour.drop_first -= 1
            _cut(request)
            return web.Response()
        if self.behaviour.mute:
            await asyncio.sleep(ENDLESS)
        if refusal := self._refusal(body):
            return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)
        text = self._text(body)
        if not body.get("stream"):
            return web.json_response(_whole(text, self.behaviour))
        response = web.StreamResponse(headers={**STREAM, "Content-Type": self.behaviour.content_type})
        await response.prepare(request)
        self.open_streams += 1
        try:
            await self._stream(request, response, text, progress=bool(body.get("return_progress")))
        finally:
            self.open_streams -= 1
        return response

    def _refusal(self, body: dict[str, Any]) -> Refusal | None:
        wrong = self.behaviour
        if wrong.refusals:
            return wrong.refusals.pop(0)
        for name, rejected in (
            ("stream_options", wrong.reject_stream_options),
            ("return_progress", wrong.reject_return_progress),
            ("continue_final_message", wrong.reject_continue_final_message),
        ):
            if rejected and name in body:
                return Refusal(400, {"error": {"message": f"Unrecognized request argument supplied: {name}"}})
        return None

    def _text(self, body: dict[str, Any]) -> str:
        """What this request asks for: the text, or what follows the assistant's words in the last message."""
        last = body["messages"][-1]
        if last["role"] != "assistant" or self.behaviour.restarts:
            return self.behaviour.text
        if self.behaviour.text.startswith(last["content"]):
            return self.behaviour.text[len(last["content"]) :]
        return " и так далее"

    async def _stream(self, request: web.Request, response: web.StreamResponse, text: str, *, progress: bool) -> None:
        how = self.behaviour
        if how.body is not None:
            await self._write(response, how.body)
            return
        if progress and how.prompt_tokens:
            for done in (how.prompt_tokens // 2, how.prompt_tokens):
                await self._write(response, _progress(done, how))
                await asyncio.sleep(0.01)  # as separate reads
        events = self._events(text)
        held = 0 if how.allowed is None else len(self._events(how.text)) - len(events)
        written = _stop_at(how.hang_after, how.close_after, how.error_after, len(events))
        await self._paced(response, events[:written], held)
        if how.hang_after is not None:
            await self._hang(response)
        if how.close_after is not None:
            await response.write(b'data: {"choices": [{"delta": {"content": "\xd1')
            _cut(request)
            return
        await self._write(response, b"".join(self._ending(text)))
        if how.open_end:
            await asyncio.sleep(ENDLESS)

    async def _hang(self, response: web.StreamResponse) -> None:
        every = self.behaviour.ping_every
        while every:
            await asyncio.sleep(every)
            await response.write(b": ping\n\n")
        await asyncio.sleep(ENDLESS)

    def _events(self, text: str) -> list[bytes]:
        if text not in self._prepared:
            how = self.behaviour
            tokens = re.findall(r"\s*\S+\s*", text)
            thoughts = [_delta({how.reasoning_field: word}, how) for word in how.reasoning.split()]
            self._prepared[text] = thoughts + [_delta({"content": token}, how) for token in tokens]
        return self._prepared[text]

    def _ending(self, text: str) -> Iterator[bytes]:
        how = self.behaviour
        if how.error_after is not None:
            yield _event({"error": {"message": "CUDA out of memory", "type": "server_error", "code": 500}}, how)
            return
        if how.finish:
            yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": how.finish}]}, how)
        if how.usage:
            timings = {"timings": how.timings} if how.timings is not None else {}
            yield _event({"choices": [], "usage": _usage(text, how), **timings}, how)
        if how.done:
            yield b"data: [DONE]" + how.line_end * 2

    async def _paced(self, response: web.StreamResponse, events: Sequence[bytes], before: int) -> None:
        """Write all of them; `before` were written by an earlier attempt and count as allowed."""
        how, began, sent = self.behaviour, time.monotonic(), 0
        while sent < len(events):
            due = sent + how.per_write
            if how.rate:
                await asyncio.sleep(max(0.0, began + sent / how.rate - time.monotonic()))
                due = max(sent, int((time.monotonic() - began) * how.rate)) + 1
            due = min(due, await _allowed(how, before + sent) - before)
            await self._write(response, b"".join(events[sent:due]))
            sent = min(due, len(events))
            if not how.rate:
                await asyncio.sleep(0)

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        size = self.behaviour.split or len(data)
        for begin in range(0, len(data), size):
            await response.write(data[begin : begin + size])
            if self.behaviour.split:
                await asyncio.sleep(0)


async def _allowed(how: Behaviour, written: int) -> int:
    """How many tokens may be written in all, once these are more than the `written`."""
    while (most := how.allowed) is not None and written >= most:  # noqa: ASYNC110  # set in other threads
        await asyncio.sleep(POLL)
    return sys.maxsize if most is None else most


def _delta(delta: dict[str, str], how: Behaviour) -> bytes:
    """One token's event, as vLLM and llama-server write it."""
    return _event({"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}, how)


def _progress(done: int, how: Behaviour) -> bytes:
    """As llama-server tells how much of the prompt it has read."""
    told = {"total": how.prompt_tokens, "cache": 0, "processed": done, "time_ms": done}
    choice = {"index": 0, "delta": {"role": "assistant", "content": None}, "finish_reason": None}
    return _event({"choices": [choice], "prompt_progress": told}, how)


def _event(body: dict[str, Any], how: Behaviour) -> bytes:
    head = {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 1, "model": how.model}
    ping = b": ping" + how.line_end if how.pings else b""
    return ping + b"data: " + orjson.dumps({**head, **body}) + how.line_end * 2


def _usage(text: str, how: Behaviour) -> dict[str, Any]:
    prompt, count = how.usage_prompt, len(text.split()) + len(how.reasoning.split())
    details = {} if how.cached is None else {"prompt_tokens_details": {"cached_tokens": how.cached}}
    return {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count, **details}


def _whole(text: str, how: Behaviour) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": how.finish}
    return {"id": "chatcmpl-0", "object": "chat.completion", "choices": [choice], "usage": _usage(text, how)}


def _word_count(body: dict[str, Any]) -> int:
    """vLLM: a prompt, or messages with a token around each and one for the answer's head."""
    if "messages" in body:
        return sum(len(one["content"].split()) + 1 for one in body["messages"]) + 1
    return len(body["prompt"].split())


def _tokens(content: object) -> list[int]:
    """llama-server: numbers in a list are handed through."""
    if isinstance(content, list):
        return [token for part in content for token in ([part] if isinstance(part, int) else _tokens(part))]
    return [5] * len(str(content).split()) if content else []


def _stop_at(*places: int | None) -> int:
    """The first place at which something happens; None is nowhere."""
    return min(place for place in places if place is not None)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _serve(port: int, behaviour: Behaviour) -> None:
    async with FakeOpenAI() as server:
        server.behaviour = behaviour
        await server.stop()
        await server.start(port)
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rate", type=float, default=0.0, help="tokens a second; 0: full speed")
    parser.add_argument("--per-write", type=int, default=16, help="events in one write at full speed")
    given = parser.parse_args()
    behaviour = Behaviour(text=words(given.tokens), rate=given.rate, per_write=given.per_write)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_serve(given.port, behaviour))


if __name__ == "__main__":
    main()
