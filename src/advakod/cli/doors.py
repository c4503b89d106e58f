"""Where `ask` asks: this process, or a running server."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Protocol

import orjson

from ..accounts import LOCAL
from ..answers import Answers, Request, wire
from ..app import open_answers
from ..client import RunClient
from ..settings import load_settings
from ..telemetry import setup_logging


class Door(Protocol):
    """A place to ask."""

    async def ask(self, question: str, as_of: dt.date | None) -> str:
        """The id of a new run."""

    async def continue_(self, run_id: str) -> str:
        """The id of a new run that goes on with an unfinished one."""

    def events(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """Every event of a run, from the first to the last."""

    async def cancel(self, run_id: str) -> None:
        """Stop a run."""


class Watcher(Protocol):
    """Hears of a connection that is away for long."""

    @property
    def dropped(self) -> Callable[[], None]: ...

    @property
    def back(self) -> Callable[[], None]: ...


@asynccontextmanager
async def open_door(url: str | None, key: str | None, watcher: Watcher) -> AsyncIterator[Door]:
    """A server where there is an address, else this process."""
    if url is not None:
        async with RunClient(url, key, on_dropped=watcher.dropped, on_back=watcher.back) as client:
            yield _There(client)
        return
    setup_logging("error")  # what the engine meets on its way is in the answer's last line
    settings = load_settings().model_copy(update={"max_concurrency": 1})
    async with open_answers(settings) as answers:
        yield _Here(answers)


class _There:
    """A running server."""

    def __init__(self, client: RunClient) -> None:
        self._client = client

    async def ask(self, question: str, as_of: dt.date | None) -> str:
        return await self._client.create(question, **({"as_of": as_of.isoformat()} if as_of else {}))

    async def continue_(self, run_id: str) -> str:
        return await self._client.continue_(run_id)

    async def events(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        async with aclosing(self._client.events(run_id)) as events:
            async for event in events:
                yield event.data

    async def cancel(self, run_id: str) -> None:
        await self._client.cancel(run_id)


class _Here:
    """This process; the run is as durable as on a server, and a server on the same data may go on with it."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def ask(self, question: str, as_of: dt.date | None) -> str:
        request = Request(question, model="advakod", as_of=as_of)
        return (await self._answers.ask(LOCAL.name, request)).id

    async def continue_(self, run_id: str) -> str:
        return (await self._answers.continue_(LOCAL.name, run_id)).id

    async def events(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        async with aclosing(self._answers.follow(run_id, -1, self._answers.settings.heartbeat)) as batches:
            async for frames in batches:
                for frame in frames:
                    yield orjson.loads(wire.body_of(frame))

    async def cancel(self, run_id: str) -> None:
        await self._answers.cancel(LOCAL.name, run_id)
