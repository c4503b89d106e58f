"""What the WebSockets have in common: a loop that takes messages, and tasks that send what runs write.

A run is stored before anything of it is sent and outlives the socket: a client that comes back
resumes it. Pings, the longest message (close code 1009) and 1012 on a restart are the server's (uvicorn).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..answers import Answers
from ..errors import AdvakodError, InputError, LimitError
from .doors import principal_of
from .errors import invalid

log = logging.getLogger(__name__)

MOST_READINGS = 16  # runs sent, or waiting to be sent, on one socket

Message = Mapping[str, Any]
M = TypeVar("M", bound=BaseModel)


class Socket:
    """One connection. A mistake in a message is answered by a frame; only the peer closes the socket."""

    def __init__(self, socket: WebSocket) -> None:
        self.answers: Answers = socket.app.state.answers
        self.owner = principal_of(socket).name
        self._socket = socket
        self._lanes: dict[str | None, asyncio.Task[None]] = {}  # the last of each lane
        self._readings: set[asyncio.Task[None]] = set()

    async def handle(self, message: Message) -> None:
        """Do what a message asks. Raises AdvakodError."""
        raise NotImplementedError

    def error_frame(self, error: AdvakodError, message: Message) -> Message:
        """The frame that tells of an error; `message` caused it."""
        raise NotImplementedError

    # -- life -------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Until the peer goes. Nothing is left running but the runs themselves."""
        await self._socket.accept()
        try:
            while True:
                event = await self._socket.receive()
                if event["type"] == "websocket.disconnect":
                    return
                await self._take(event.get("text") or event.get("bytes") or "")
        except WebSocketDisconnect:
            return
        finally:
            for reading in self._readings:
                reading.cancel()
            await asyncio.gather(*self._readings, return_exceptions=True)

    async def _take(self, text: str | bytes) -> None:
        message: dict[str, Any] = {}
        await self._guard(self._handle(text, message), message)

    async def _handle(self, text: str | bytes, message: dict[str, Any]) -> None:
        message.update(parsed(text))
        await self.handle(message)

    async def _guard(self, work: Awaitable[None], message: Message) -> None:
        try:
            await work
        except WebSocketDisconnect:
            raise
        except AdvakodError as error:
            await self.send(orjson.dumps(self.error_frame(error, message)))
        # The socket carries other runs, and this message's sender must learn that it failed.
        except Exception as error:
            log.exception("a WebSocket message failed")
            await self.send(orjson.dumps(self.error_frame(AdvakodError(str(error)), message)))

    # -- sending ----------------------------------------------------------------------------------

    async def send(self, body: bytes) -> None:
        """One text frame. Waits for a slow peer; raises WebSocketDisconnect when it has gone."""
        if self._socket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect(1006)
        await self._socket.send({"type": "websocket.send", "text": body.decode()})

    def check_room(self) -> None:
        """Raises LimitError; asked before a run is stored."""
        if len(self._readings) >= MOST_READINGS:
            raise LimitError(
                "readings on one socket",
                message=f"На одном соединении можно читать не больше {MOST_READINGS} ответов сразу.",
                retry_after=1,
            )

    def read(self, lane: str | None, message: Message, reading: Callable[[], Awaitable[None]]) -> None:
        """Send a run's events in a task of its own, after what is before it in its lane."""
        task = asyncio.create_task(self._read(self._lanes.get(lane), message, reading))
        self._lanes[lane] = task
        self._readings.add(task)
        task.add_done_callback(lambda done: self._done(lane, done))

    async def _read(
        self, before: asyncio.Task[None] | None, message: Message, reading: Callable[[], Awaitable[None]]
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self._guard(reading(), message)
        except WebSocketDisconnect:
            return  # `serve` sees it too

    def _done(self, lane: str | None, task: asyncio.Task[None]) -> None:
        self._readings.discard(task)
        if self._lanes.get(lane) is task:
            del self._lanes[lane]


def parsed(text: str | bytes) -> dict[str, Any]:
    """A message as an object with a type. Raises InputError."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(str(error), message="Сообщение — не JSON.") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise InputError("no type", message="Сообщение должно быть объектом JSON с полем «type».", param="type")
    return message


def checked(model: type[M], message: Message) -> M:
    """The message's fields. Raises InputError that names the first wrong one."""
    try:
        return model.model_validate(message)
    except ValidationError as error:
        problems: list[Any] = list(error.errors(include_url=False))
        raise invalid([{**problem, "loc": ("body", *problem["loc"])} for problem in problems]) from None
