"""A bare HTTP client. It is deliberately poor: its CPU must not be what is measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cache
from typing import Any

from advakod.law.guide import load_guide
from benchmarks.processes import Process

SCATTER = 397  # a step through the guide's questions that visits all of them, neighbours far apart
Asking = Callable[[str, str], Coroutine[Any, Any, None]]  # (url, question)


class Connection:
    """One HTTP/1.1 connection; requests one after another."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").split("/")[0].partition(":")
        self._address = (host, int(port))

    async def __aenter__(self) -> Connection:
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=1 << 24)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._writer.close()

    def send(self, method: str, path: str, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    async def until(self, marker: bytes) -> bytes:
        """Everything up to and with a marker in the raw answer."""
        return await self._reader.readuntil(marker)


CREATED = b"event: response.created\n"
DELTA = b"event: response.output_text.delta\n"
COMPLETED = b"event: response.completed\n"
EVENT_END = b"\n\n"


async def ask(url: str, question: str) -> None:
    """One streamed, durable answer to its end. Raises IncompleteReadError when it is not completed."""
    async with Connection(url) as connection:
        connection.send("POST", "/v1/responses", {"model": "advakod", "input": question, "stream": True})
        await connection.until(COMPLETED)
        await connection.until(EVENT_END)


async def chat(url: str, question: str, model: str = "fake") -> None:
    """One streamed answer of /v1/chat/completions to its end: of the upstream, of a proxy, or of ours."""
    async with Connection(url) as connection:
        message = {"role": "user", "content": question}
        connection.send("POST", "/v1/chat/completions", {"model": model, "stream": True, "messages": [message]})
        await connection.until(b"[DONE]")


def question(n: int) -> str:
    """As people ask; the first few hundred are all different, so that no cache flatters the figures."""
    asked = _asked()
    return asked[n * SCATTER % len(asked)]


@cache
def _asked() -> list[str]:
    return [question for entry in load_guide().entries for question in entry.questions]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a number of questions cost."""

    cpu: float  # seconds of the measured process
    wall: float


async def together(asking: Asking, url: str, questions: int, measured: Process) -> Spent:
    """Ask so many questions at once."""
    cpu, begun = measured.cpu(), time.monotonic()
    await asyncio.gather(*(asking(url, question(n)) for n in range(questions)))
    return Spent(measured.cpu() - cpu, time.monotonic() - begun)
