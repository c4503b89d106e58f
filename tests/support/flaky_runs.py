"""A server of runs that drops, stalls and refuses, and keeps the log that a client must get whole."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any, Self

import orjson
from aiohttp import web


def log(deltas: int, *, end: str = "response.completed") -> list[bytes]:
    """A run's events, numbered from 0."""
    response = {"id": "resp_1", "status": "in_progress"}
    bodies: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    bodies += [{"type": "response.output_text.delta", "delta": f"слово{i} "} for i in range(deltas)]
    bodies += [{"type": "advakod.citations", "citations": []}, {"type": end, "response": response}]
    return [orjson.dumps({**body, "sequence_number": seq}) for seq, body in enumerate(bodies)]


class FlakyRuns:
    """Serves one run's log. `drops` is how many more connections break, at random bytes."""

    def __init__(self, events: list[bytes], *, drops: int = 0, seed: int = 0, heartbeat: float = 0.05) -> None:
        self.events = events
        self.drops = drops
        self.heartbeat = heartbeat
        self.silent_after: int | None = None  # bytes of the next stream after which nothing comes
        self.slow_before: int | None = None  # event that is waited for, with heartbeats
        self.gap_at: int | None = None  # event that the next stream leaves out
        self.refusals: list[tuple[int, object]] = []
        self.keys: list[str] = []  # idempotency keys of the POSTs
        self.asked: list[int] = []  # starting_after of the GETs
        self.cancelled = 0
        self.open_streams = 0
        self._random = random.Random(seed)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/responses", self._create)
        app.router.add_get("/v1/responses/{id}", self._read)
        app.router.add_post("/v1/responses/{id}/cancel", self._cancel)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def is_idle(self, within: float = 5.0) -> bool:
        """Whether no stream is open, now or soon: a closed connection is noticed a moment later."""
        deadline = time.monotonic() + within
        while self.open_streams and time.monotonic() < deadline:  # noqa: ASYNC110  # a poll is enough here
            await asyncio.sleep(0.01)
        return not self.open_streams

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.keys.append(request.headers["Idempotency-Key"])
        return self._refusal() or await self._stream(request, -1)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refusal():
            return refusal
        if request.query.get("stream") != "true":
            return web.json_response({"id": request.match_info["id"], "status": "completed"})
        after = int(request.query.get("starting_after", -1))
        self.asked.append(after)
        return await self._stream(request, after)

    async def _cancel(self, request: web.Request) -> web.Response:
        if refusal := self._refusal():
            return refusal
        self.cancelled += 1
        return web.json_response({"id": request.match_info["id"], "status": "incomplete"})

    def _refusal(self) -> web.Response | None:
        if not self.refusals:
            return None
        status, body = self.refusals.pop(0)
        return web.json_response(body, status=status)

    async def _stream(self, request: web.Request, after: int) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self.open_streams += 1
        try:
            await self._send(request, response, after)
        finally:
            self.open_streams -= 1
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, after: int) -> None:
        parts = list(self._parts(after))
        whole = b"".join(parts)
        if self.silent_after is not None:
            await response.write(whole[: self.silent_after])
            self.silent_after = None
            await asyncio.sleep(3600)
        if self.drops:
            self.drops -= 1
            await response.write(whole[: self._random.randrange(len(whole))])
            if self._random.random() < 0.5 and request.transport is not None:
                request.transport.abort()
            return
        for seq, part in enumerate(parts, after + 1):
            if seq == self.slow_before:
                for _ in range(8):
                    await asyncio.sleep(self.heartbeat)
                    await response.write(b": ping\n")
            await response.write(part)

    def _parts(self, after: int) -> Iterator[bytes]:
        gap, self.gap_at = self.gap_at, None
        for seq, body in enumerate(self.events):
            if seq > after and seq != gap:
                yield b"id: %d\ndata: %b\n\n" % (seq, body)
