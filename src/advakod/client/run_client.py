"""Asks a server and reads the run until its end, however often the connection breaks."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Self

import aiohttp
import orjson

from .errors import ClientError, ServerRefusedError, ServerUnreachableError
from .outage import Notice, Outage
from .stream import Event, EventStream, StreamDroppedError

SILENCE = 2.5  # heartbeats without a byte: the connection is dropped (DESIGN §6)
CONNECT = 10.0  # seconds to reach a server that is there
REACH = 15.0  # seconds to keep trying a short question: a restart takes three, a wrong address takes for ever
FIRST_WAIT = 0.05  # seconds before the first reconnection, doubled each time …
LONGEST_WAIT = 1.0  # … up to this, so that a restarted server is found at once
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})  # a proxy or a server that is starting


class RunClient:
    """A client of `/v1/responses`. Use as an async context manager, or call `close`.

    `heartbeat` is the server's. `patience` bounds, in seconds, how long reconnecting to a run goes on
    without a single new event; then it is a ServerUnreachableError. `on_dropped` and `on_back` hear of a
    break in reading that lasts, once each.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        heartbeat: float = 15.0,
        patience: float = 900.0,
        on_dropped: Notice | None = None,
        on_back: Notice | None = None,
    ) -> None:
        self._base = base_url.rstrip("/").removesuffix("/v1")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._silence = SILENCE * heartbeat
        self._patience = patience
        self._on_dropped = on_dropped
        self._on_back = on_back
        self._session: aiohttp.ClientSession | None = None
        self._begun: dict[str, EventStream] = {}  # streams that `create` opened and nobody reads yet

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Drop every connection; runs go on. Idempotent."""
        for stream in self._begun.values():
            stream.close()
        self._begun.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def create(self, question: str, **fields: Any) -> str:
        """Ask; returns the run's id once the run is stored. `fields` go into the request's body.

        Asks again while the server cannot be reached: one Idempotency-Key makes it one run.
        """
        body = {"model": "advakod", "input": question, **fields, "background": True, "stream": True}
        return await self._begin("/v1/responses", body)

    async def continue_(self, run_id: str) -> str:
        """Go on with an unfinished run in a new one, whose id it returns; its text begins with what was written."""
        return await self._begin(f"/api/v1/responses/{run_id}/continue")

    async def _begin(self, path: str, body: object = None) -> str:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        backoff = Backoff(min(REACH, self._patience), self._base)
        while True:
            try:
                return await self._first_event(await self._open("POST", path, body, key))
            except StreamDroppedError as error:
                if error.refusal and error.refusal.server_code:  # the server's own word: queue full, too many questions
                    raise error.refusal from error
                await backoff.wait(error)

    async def events(self, run_id: str, after: int = -1) -> AsyncGenerator[Event, None]:
        """Every event with a number above `after`, once and in order, up to the terminal one, which is above it.

        Ends only after a terminal event; raises ServerRefusedError for what the server refuses and
        ServerUnreachableError when patience ends. Closing the generator leaves the run alone.
        """
        backoff = Backoff(self._patience, self._base)
        stream = self._begun.pop(run_id, None)
        with Outage(self._on_dropped, self._on_back) as outage:
            while True:
                try:
                    stream = stream or await self._open("GET", self._address(run_id, after))
                    outage.end()
                    while True:
                        event = await stream.next(after)
                        after = event.seq
                        backoff.reset()
                        yield event
                        if event.terminal:
                            return
                except StreamDroppedError as error:
                    outage.begin()
                    await backoff.wait(error)
                finally:
                    if stream is not None:
                        stream.close()
                    stream = None

    async def get(self, run_id: str) -> dict[str, Any]:
        """The run as it stands."""
        return await self._json("GET", f"/v1/responses/{run_id}")

    async def cancel(self, run_id: str) -> dict[str, Any]:
        """Stop the run; asking twice does no harm. What was written stays."""
        return await self._json("POST", f"/v1/responses/{run_id}/cancel")

    # -- connections ------------------------------------------------------------------------------

    def _address(self, run_id: str, after: int) -> str:
        position = f"&starting_after={after}" if after >= 0 else ""
        return f"/v1/responses/{run_id}?stream=true{position}"

    async def _first_event(self, stream: EventStream) -> str:
        try:
            run_id = await stream.run_id()
        except BaseException:  # cancellation too must not leave the connection open
            stream.close()
            raise
        if earlier := self._begun.pop(run_id, None):
            earlier.close()
        self._begun[run_id] = stream
        return run_id

    async def _open(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> EventStream:
        response = await self._request(method, path, body, headers)
        if response.status == 200:
            return EventStream(response)
        raise await self._refused(response)

    async def _json(self, method: str, path: str) -> dict[str, Any]:
        """A short question, asked again while the server cannot be reached."""
        backoff = Backoff(min(REACH, self._patience), self._base)
        while True:
            try:
                response = await self._request(method, path)
                if response.status != 200:
                    raise await self._refused(response)
                return await _document(response)
            except StreamDroppedError as error:
                await backoff.wait(error)

    async def _request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_read=self._silence)
            connector = aiohttp.TCPConnector(limit=0, force_close=True)  # a kept connection may be a dead one
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector, headers=self._headers)
        data = None if body is None else orjson.dumps(body)
        own = {"Content-Type": "application/json"} if data else {}
        try:
            return await self._session.request(
                method, self._base + path, data=data, headers={**own, **(headers or {})}, allow_redirects=False
            )
        except aiohttp.InvalidURL as error:
            raise ServerUnreachableError(repr(error), url=self._base) from error
        except (aiohttp.ClientError, OSError) as error:
            raise StreamDroppedError(repr(error)) from error

    async def _refused(self, response: aiohttp.ClientResponse) -> Exception:
        """What a status other than 200 means: a drop when it will pass, else the server's error."""
        try:
            said = orjson.loads(await response.read())
        except (aiohttp.ClientError, OSError, ValueError):  # the status says enough
            said = None
        finally:
            response.close()
        error = said.get("error") if isinstance(said, dict) else None
        known = error if isinstance(error, dict) else {}
        refusal = ServerRefusedError(
            response.status, str(known.get("code") or ""), str(known.get("message") or ""), known.get("param")
        )
        if response.status not in TRANSIENT:
            return refusal
        return StreamDroppedError(refusal.detail, _seconds(response.headers.get("Retry-After")), refusal)


class Backoff:
    """Waits longer each time, with jitter so that many clients do not come back at the same moment."""

    def __init__(self, patience: float, url: str) -> None:
        self._patience = patience
        self._url = url
        self.reset()

    def reset(self) -> None:
        """There was progress."""
        self._wait = FIRST_WAIT
        self._deadline = time.monotonic() + self._patience

    async def wait(self, dropped: StreamDroppedError) -> None:
        """Raises when patience would end before the wait does."""
        seconds = max(dropped.retry_after, self._wait * random.uniform(0.5, 1.0))
        if time.monotonic() + seconds > self._deadline:
            raise self._given_up(dropped) from dropped
        self._wait = min(LONGEST_WAIT, 2 * self._wait)
        await asyncio.sleep(seconds)

    def _given_up(self, dropped: StreamDroppedError) -> ClientError:
        return dropped.refusal or ServerUnreachableError(str(dropped), url=self._url)


async def _document(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        document = orjson.loads(await response.read())
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise StreamDroppedError(repr(error)) from error
    finally:
        response.close()
    return document if isinstance(document, dict) else {}


def _seconds(value: str | None) -> float:
    return float(value) if value and value.isdecimal() else 0.0
