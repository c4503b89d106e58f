"""One answer through our service, with the moments at which its reader had it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from benchmarks.client import DELTA, EVENT_END, Connection

ENDS = (b"event: response.completed\n", b"event: response.incomplete\n", b"event: response.failed\n")


class Door(Connection):
    """A connection that may show a key, for one request."""

    def __init__(self, url: str, key: str = "") -> None:
        super().__init__(url)
        self._shown = f"Authorization: Bearer {key}\r\n" if key else ""

    async def __aenter__(self) -> Door:
        await super().__aenter__()
        return self

    def send(self, method: str, path: str, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
        self._writer.write(f"{head}{self._shown}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    async def body(self) -> bytes:
        """The whole answer's."""
        return (await self._reader.read(-1)).partition(b"\r\n\r\n")[2]


async def fetch(url: str, method: str, path: str, body: Any = None, key: str = "") -> bytes:
    """An answer of any status."""
    async with Door(url, key) as door:
        door.send(method, path, body)
        return await door.body()


@dataclass(frozen=True, slots=True)
class Taken:
    """Moments in seconds of one clock."""

    begun: float  # the question was sent
    first: float  # the first text was read
    last: float  # the last text was read
    done: float  # the end was read
    tokens: int
    later: float  # of them, after those that came with the first text

    @property
    def to_first(self) -> float:
        return self.first - self.begun


@dataclass(frozen=True, slots=True)
class Answer:
    """The moments, and what the last event says."""

    taken: Taken
    response: dict[str, Any]

    @property
    def prompt_tokens(self) -> int:
        return int(self.response["usage"]["input_tokens"])

    @property
    def cached_tokens(self) -> int:
        return int(self.response["usage"]["input_tokens_details"]["cached_tokens"])


async def events(connection: Connection) -> AsyncGenerator[tuple[float, bytes], None]:
    """(when it was read, the event as it came) until the last one."""
    while True:
        event = await connection.until(EVENT_END)
        yield time.monotonic(), event
        if any(end in event for end in ENDS):
            return


def data(event: bytes) -> dict[str, Any]:
    """What an event says."""
    said: dict[str, Any] = json.loads(event[event.index(b"\ndata: ") + len(b"\ndata: ") :])
    return said


def asked(text: str, **fields: Any) -> dict[str, Any]:
    """A question's body."""
    return {"model": "advakod", "input": text, "stream": True, **fields}


async def ask(url: str, text: str, **fields: Any) -> Answer:
    """One streamed, durable answer to its end. Raises RuntimeError when it failed."""
    deltas: list[tuple[float, bytes]] = []
    async with Connection(url) as connection:
        begun = time.monotonic()
        connection.send("POST", "/v1/responses", asked(text, **fields))
        async for at, event in events(connection):
            done = at
            if DELTA in event:
                deltas.append((at, event))
    response = data(event)["response"]
    if response["status"] == "failed" or not deltas:
        raise RuntimeError(f"{response['status']}: {response['error']}")
    return Answer(_taken(begun, done, deltas, response["usage"]["output_tokens"]), response)


def _taken(begun: float, done: float, deltas: list[tuple[float, bytes]], tokens: int) -> Taken:
    """Tokens are shared out by letters: events do not tell how many each brought."""
    letters = [len(data(event)["delta"]) for _, event in deltas]
    later = tokens * (1 - letters[0] / sum(letters))
    return Taken(begun, deltas[0][0], deltas[-1][0], done, tokens, later)
