"""Responses that last: events, and a JSON that takes its time. Plain ASGI, since a token passes here.

Through a framework's event-stream helper an event costs five times the CPU. Silence never lasts
longer than the heartbeat, so that no hop on the way sees an idle stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator, Sequence
from contextlib import aclosing
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# One newline: followed by a blank line, as after an event, it crashes the openai SDK.
PING = b": ping\n"
EVENT_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),  # no-transform: a proxy that compresses also buffers
    (b"x-accel-buffering", b"no"),
]
JSON_HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]

# For the OpenAPI schema of routes that may answer with events.
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Ответ, или его события, если просят `stream`.",
        "content": {
            "text/event-stream": {
                "schema": {
                    "description": "Одно событие; `data` — объект JSON.",
                    "type": "object",
                    "required": ["data"],
                    "properties": {"id": {"type": "string"}, "data": {"type": "string"}},
                }
            }
        },
    }
}

# Bytes handed to the transport at once. It takes more only when its 64 KiB buffer has room again, so this and that
# buffer are what a reader that does not read costs.
MOST_AT_ONCE = 32 * 1024

Batches = AsyncGenerator[list[bytes], None]


class EventStream(Response):
    """Sends batches of bytes as they come; an empty batch is a heartbeat.

    When the reader goes, the generator is closed; a reader that is slow only slows its own generator.
    """

    def __init__(self, batches: Batches) -> None:
        self.status_code = 200
        self.background = None
        self._batches = batches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM_HEADERS})
        await until_gone(self._pump(send), receive)

    async def _pump(self, send: Send) -> None:
        async with aclosing(self._batches) as batches:
            async for batch in batches:
                for number, body in enumerate(portions(batch) if batch else (PING,)):
                    if number:
                        await asyncio.sleep(0)  # uvloop looks how full its buffer is between turns of the loop
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def portions(frames: Sequence[bytes]) -> Iterator[bytes]:
    """The frames' bytes in pieces of MOST_AT_ONCE at most, so that a reader never holds a whole log of its own."""
    held: list[bytes] = []
    size = 0
    for frame in frames:
        if held and size + len(frame) > MOST_AT_ONCE:
            yield b"".join(held)
            held, size = [], 0
        if len(frame) > MOST_AT_ONCE:
            yield from (frame[begin : begin + MOST_AT_ONCE] for begin in range(0, len(frame), MOST_AT_ONCE))
        else:
            held.append(frame)
            size += len(frame)
    if held:
        yield held[0] if len(held) == 1 else b"".join(held)


class PatientJson(Response):
    """A JSON object that may take minutes: after the first silence the headers go out, then a newline each time.

    Until then an error still gets its own status. The generator yields None for each silence and the object last.
    """

    def __init__(self, results: AsyncGenerator[dict[str, Any] | None, None]) -> None:
        self.status_code = 200
        self.background = None
        self._results = results

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await until_gone(self._pump(send), receive)

    async def _pump(self, send: Send) -> None:
        started = False
        async with aclosing(self._results) as results:
            async for result in results:
                if not started:
                    await send({"type": "http.response.start", "status": 200, "headers": JSON_HEADERS})
                    started = True
                body = b"\n" if result is None else orjson.dumps(result)
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def until_gone(work: Awaitable[None], receive: Receive) -> None:
    """Do `work` unless the client goes first. Nothing is left running."""
    working = asyncio.ensure_future(work)
    gone = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
