"""`/v1/responses` as a WebSocket: the openai SDK's own wire, `client.responses.connect()` (DESIGN §5).

The client sends `response.create` with the fields of POST, beside them `stream_id` (a lane) and
`idempotency_key`. Server events are the same bytes as in server-sent events, one text frame each.
Runs of one lane, and all without a `stream_id`, are sent one after the other; lanes run side by
side, and their events carry `stream_id` as a last field.

`advakod.resume {response_id, starting_after}` sends what follows that event; `advakod.cancel
{response_id}` stops a run, whose end is an event for whoever reads it.
"""

from __future__ import annotations

from contextlib import aclosing
from functools import partial

import orjson
from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, Field

from ..answers import Run, check_position, wire
from ..errors import AdvakodError, InputError
from .doors import Refusal
from .responses import CreateResponse, check_model, to_request
from .sockets import Message, Socket, checked

router = APIRouter()


class Create(CreateResponse):
    """`response.create`."""

    stream_id: str | None = Field(None, min_length=1, max_length=255)
    idempotency_key: str | None = Field(None, min_length=1, max_length=255)


class Resume(BaseModel):
    """`advakod.resume`."""

    response_id: str = Field(min_length=1, max_length=64)
    starting_after: int = Field(-1, ge=-1)
    stream_id: str | None = Field(None, min_length=1, max_length=255)


class Cancel(BaseModel):
    """`advakod.cancel`."""

    response_id: str = Field(min_length=1, max_length=64)


class ResponsesSocket(Socket):
    """Speaks the Responses wire."""

    async def handle(self, message: Message) -> None:
        match message["type"]:
            case "response.create":
                await self._create(checked(Create, message), message)
            case "advakod.resume":
                await self._resume(checked(Resume, message), message)
            case "advakod.cancel":
                await self.answers.cancel(self.owner, checked(Cancel, message).response_id)
            case other:
                raise InputError(other, message=f"Сообщение вида «{other}» здесь не понимают.", param="type")

    def error_frame(self, error: AdvakodError, message: Message) -> Message:
        refusal = Refusal.of(error)
        echoed = {name: message[name] for name in ("stream_id", "response_id") if name in message}
        return {"type": "error", "status": refusal.status, **orjson.loads(refusal.body), **echoed}

    async def _create(self, create: Create, message: Message) -> None:
        self.check_room()
        request = to_request(create)
        await check_model(self.answers, create.model)
        run = await self.answers.ask(self.owner, request, idempotency_key=create.idempotency_key)
        self.read(create.stream_id, message, partial(self._pass_on, run, -1, create.stream_id))

    async def _resume(self, resume: Resume, message: Message) -> None:
        self.check_room()
        run = await self.answers.get(self.owner, resume.response_id)
        check_position(run, resume.starting_after)
        self.read(resume.stream_id, message, partial(self._pass_on, run, resume.starting_after, resume.stream_id))

    async def _pass_on(self, run: Run, after: int, stream_id: str | None) -> None:
        lane = b',"stream_id":%b}' % orjson.dumps(stream_id) if stream_id else b""
        async with aclosing(self.answers.follow(run.id, after, self.answers.settings.heartbeat)) as batches:
            async for frames in batches:
                for frame in frames:
                    body = wire.body_of(frame)
                    await self.send(body[:-1] + lane if lane else body)


@router.websocket("/v1/responses")
async def responses(socket: WebSocket) -> None:
    """The Responses API over a WebSocket."""
    await ResponsesSocket(socket).serve()
