"""Doors kept for clients of the system of DESIGN §1; docs/reference/compat.md has the format.

Behind them are the same durable runs. What those clients do not know (`response_id`, `status`,
`reason`, `citations`) rides along in fields that they pass over.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from email.parser import BytesParser
from email.policy import HTTP
from functools import partial
from typing import Annotated, Any
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Path, Response, WebSocket
from starlette.requests import Request as HttpRequest

from ..answers import Answers, Request, Run, Status, wire
from ..errors import AdvakodError, InputError
from .responses import MODEL, Room, Who
from .sockets import Message, Socket
from .streams import EVENTS, EventStream

QUESTIONS = frozenset({"message", "chat_message", "chat", "question", "query"})
IDLE = frozenset({"typing", "join_session"})  # the old page sends them; there is nobody to tell
STAGES = {
    "loading": "Модель загружается…",
    "searching": "Ищу нормы…",
    "reading": "Читаю нормы…",
    "thinking": "Модель обдумывает ответ…",
    "writing": "Пишу ответ…",
    "checking": "Проверяю ссылки…",
}
PREVIEW = 200  # characters of a source
DONE = b"data: [DONE]\n\n"
FIELD = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string", "description": "Вопрос."}}}
KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
BODY = {"requestBody": {"required": True, "content": {kind: {"schema": FIELD} for kind in KINDS}}}

router = APIRouter(tags=["compat"])


# -- server-sent events --------------------------------------------------------------------------


@router.post(
    "/api/v1/rag/chat/rag/stream", summary="Задать вопрос (старая система)", openapi_extra=BODY, responses=EVENTS
)
async def rag_stream(http: HttpRequest, who: Who, answers: Room) -> Response:
    """События `status`, `context_info`, `chunk`, `sources`, `complete`, `error`, в конце `[DONE]`."""
    query = _field(await http.body(), http.headers.get("content-type", ""))
    run = await answers.ask(who.name, Request(query, model=MODEL))
    return EventStream(_as_events(answers, run))


async def _as_events(answers: Answers, run: Run) -> AsyncGenerator[list[bytes], None]:
    ended = False
    async with aclosing(_told(answers, run)) as batches:
        async for batch in batches:
            ended = any(event["type"] in ("complete", "error") for event in batch)
            yield [b"data: %b\n\n" % orjson.dumps(event) for event in batch]
    if ended:  # a stream that breaks off before the answer's end is a dropped one
        yield [DONE]


def _field(body: bytes, content_type: str) -> str:
    """The field `query`, whichever way it was sent. Raises InputError."""
    query: object
    kind = content_type.partition(";")[0].strip().lower()
    try:
        match kind:
            case "application/x-www-form-urlencoded":
                query = parse_qs(body.decode()).get("query", [""])[0]
            case "multipart/form-data":
                query = _from_multipart(body, content_type)
            case _:
                sent = orjson.loads(body)
                query = sent.get("query") if isinstance(sent, dict) else None
    except ValueError as error:
        raise InputError(str(error), message="Тело запроса нельзя прочитать: нужна форма или JSON.") from error
    if not isinstance(query, str):
        raise InputError("no query", message="Поле «query»: нужно это поле.", param="query")
    return query


def _from_multipart(body: bytes, content_type: str) -> str | None:
    head = b"content-type: " + content_type.encode("latin-1") + b"\r\n\r\n"
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        if part.get_param("name", header="content-disposition") == "query":
            return bytes(part.get_payload(decode=True) or b"").decode()
    return None


# -- WebSockets ----------------------------------------------------------------------------------


class OldSocket(Socket):
    """One conversation: each question follows the one before it."""

    def __init__(self, socket: WebSocket, session: str | None) -> None:
        super().__init__(socket)
        self._session = session
        self._last: Run | None = None  # that was asked here
        self._open: dict[str, Run] = {}  # not at their end yet

    async def handle(self, message: Message) -> None:
        kind = message["type"]
        if kind == "ping":
            await self.send(orjson.dumps({"type": "pong", "timestamp": message.get("timestamp")}))
        elif kind == "stop_generation":
            await self._stop()
        elif kind in QUESTIONS:
            await self._ask(message)
        elif kind not in IDLE:
            raise InputError(kind, message=f"Сообщение вида «{kind}» здесь не понимают.", param="type")

    def error_frame(self, error: AdvakodError, message: Message) -> Message:
        return _error(error.message, error.code)

    async def _ask(self, message: Message) -> None:
        self.check_room()
        texts = [message[name] for name in ("query", "content", "text", "message") if name in message]
        if not texts or not isinstance(texts[0], str):
            raise InputError("no text", message="Поле «query»: нужно это поле.", param="query")
        run = await self.answers.ask(self.owner, await self._request(texts[0]))
        self._last = self._open[run.id] = run
        self.read(None, message, partial(self._pass_on, run))

    async def _request(self, question: str) -> Request:
        if self._last is not None:
            return Request(question, model=MODEL, previous_response_id=self._last.id)
        if self._session is None:
            return Request(question, model=MODEL)
        conversation = await self.answers.conversations.named(self.owner, self._session)
        return Request(question, model=MODEL, conversation=conversation)

    async def _pass_on(self, run: Run) -> None:
        async with aclosing(_told(self.answers, run)) as batches:
            async for batch in batches:
                for event in batch:
                    await self.send(orjson.dumps(event))
        self._open.pop(run.id, None)

    async def _stop(self) -> None:
        for run_id in list(self._open):
            await self.answers.cancel(self.owner, run_id)
        await self.send(orjson.dumps({"type": "generation_stopped", "message": "Ответ остановлен."}))


@router.websocket("/ws/general")
async def general(socket: WebSocket) -> None:
    """A conversation of this socket's own."""
    await OldSocket(socket, None).serve()


@router.websocket("/ws/session/{session}")
async def session(socket: WebSocket, session: Annotated[str, Path(min_length=1, max_length=64)]) -> None:
    """A conversation that goes on where it was when a socket of the same name comes back."""
    await OldSocket(socket, session).serve()


# -- a run in the old words ------------------------------------------------------------------------


async def _told(answers: Answers, run: Run) -> AsyncGenerator[list[dict[str, Any]], None]:
    """Batches of the old system's events; an empty one is a heartbeat."""
    yield [{"type": "status", "content": "Вопрос принят.", "response_id": run.id}]
    teller = _Teller()
    async with aclosing(answers.follow(run.id, -1, answers.settings.heartbeat)) as batches:
        async for frames in batches:
            yield [event for frame in frames for event in teller.tell(wire.body_of(frame))]


class _Teller:
    """Translates the events of one run."""

    def __init__(self) -> None:
        self._sources: list[dict[str, Any]] = []
        self._citations: list[dict[str, Any]] = []

    def tell(self, body: bytes) -> list[dict[str, Any]]:
        kind = wire.event_type(body)
        if kind == b"response.output_text.delta":
            return [{"type": "chunk", "content": wire.delta_text(body)}]
        if kind in wire.TERMINAL_TYPES:
            return self._end(orjson.loads(body)["response"])
        if not kind.startswith(b"advakod."):
            return []
        return self._own(kind.decode(), orjson.loads(body))

    def _own(self, kind: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
        match kind:
            case "advakod.stage":
                return [{"type": "status", "content": _stage(facts)}]
            case "advakod.notice":
                return [{"type": "status", "content": facts.get("message", "")}]
            case "advakod.sources":
                self._sources = facts["sources"]
                count = len(self._sources)
                return [{"type": "context_info", "context_used": count > 0, "documents_count": count}]
            case "advakod.citations":
                self._citations = facts["citations"]
        return []

    def _end(self, response: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A time-out is not an error: every word is kept, and the sentence says what to do."""
        sources = [{"type": "sources", "sources": [_source(s) for s in self._sources]}] if self._sources else []
        if response["status"] == Status.FAILED:
            failure = response["error"]
            return [*sources, _error(failure["message"], failure["advakod_code"]) | {"response_id": response["id"]}]
        stopped = response["incomplete_details"] or {"reason": None, "message": None}
        told = [{"type": "status", "content": stopped["message"]}] if stopped["message"] else []
        complete = {
            "type": "complete",
            "response_id": response["id"],
            "status": response["status"],
            "reason": stopped["reason"],
            "citations": self._citations,
        }
        return [*sources, *told, complete]


def _stage(facts: Mapping[str, Any]) -> str:
    stage = str(facts["stage"])
    return f"Место в очереди: {facts['position']}." if stage == "queued" else STAGES.get(stage, stage)


def _error(message: str, code: str) -> dict[str, Any]:
    """`content` is what the old stream called it, `message` the old socket."""
    return {"type": "error", "content": message, "message": message, "error_code": code}


def _source(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "similarity": facts["score"],
        "title": facts["title"] or facts["act_title"],
        "content_preview": facts["excerpt"][:PREVIEW],
        "source": facts["act_title"],
        "article": facts["article"],
        "part": "",
        "item": "",
        "edition": facts["edition_date"],
        "address": facts["address"],
    }
