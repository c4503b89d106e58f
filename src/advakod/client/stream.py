"""One connection on which events of a run come."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from .errors import ServerRefusedError
from .sse import EventSplitter, OversizedEventError, payload

TERMINAL = frozenset({"response.completed", "response.failed", "response.incomplete"})


class StreamDroppedError(Exception):
    """The connection is of no more use; the run may well go on."""

    def __init__(self, reason: str, retry_after: float = 0.0, refusal: ServerRefusedError | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after  # seconds
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a run's log; `raw` is its body byte for byte as the server sent it."""

    seq: int
    type: str
    data: dict[str, Any]
    raw: bytes

    @property
    def terminal(self) -> bool:
        """Nothing follows it."""
        return self.type in TERMINAL


class EventStream:
    """Reads events from an answer. An end without a terminal event, silence and rubbish are all drops."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._splitter = EventSplitter()
        self._ready: deque[Event] = deque()

    def close(self) -> None:
        self._response.close()

    async def run_id(self) -> str:
        """The id of the run whose events these are; the events read for it are kept for `next`."""
        while True:
            for event in self._ready:
                response = event.data.get("response")
                if isinstance(response, dict) and response.get("id"):
                    return str(response["id"])
            await self._read()

    async def next(self, seq: int) -> Event:
        """The event after number `seq`; those up to it are passed over.

        A number that is missing is a drop too: the log has no gaps.
        """
        while True:
            while self._ready:
                event = self._ready.popleft()
                if event.seq == seq + 1:
                    return event
                if event.seq > seq:
                    raise StreamDroppedError(f"event {event.seq} came after {seq}")
            await self._read()

    async def _read(self) -> None:
        try:
            chunk = await self._response.content.readany()
            if not chunk:
                raise StreamDroppedError("the stream ended before the run did")
            blocks = self._splitter.feed(chunk)
            self._ready.extend(map(_event, filter(None, map(payload, blocks))))
        except (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError, OversizedEventError) as error:
            raise StreamDroppedError(repr(error)) from error


def _event(raw: bytes) -> Event:
    data = orjson.loads(raw)
    return Event(int(data["sequence_number"]), str(data["type"]), data, raw)
