"""`/v1/chat/completions`: stateless, for clients that know nothing newer (DESIGN §5).

A chat has no way back to its run, so the run dies when its reader has been gone for 2.5 H: while
the reader is here, the run is told so every H. Sources and citations ride along as `advakod`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from ..answers import Answers, Run, Status, wire
from ..errors import EngineError, InputError, OverloadedError, StorageError
from .responses import CreateResponse, IdempotencyKey, Item, Metadata, Room, Who, check_model, to_request
from .streams import EVENTS, EventStream, PatientJson

log = logging.getLogger(__name__)

DONE = b"data: [DONE]\n\n"
DELTA = b"response.output_text.delta"

router = APIRouter(prefix="/v1", tags=["chat"])


class AnswerFailedError(EngineError):
    """The run behind a chat failed; the sentence is the run's."""

    code = "answer_failed"


class ServerStopsError(OverloadedError):
    """The server stops before the answer is whole; a chat has no way back to its run."""

    code = "server_restarting"
    user_message = "Сервер перезапускается. Повторите вопрос через {retry_after} с."


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="allow")
    include_usage: bool = False


class ChatCompletion(BaseModel):
    """Вопрос с беседой. Поля протокола, которых здесь нет, принимаются и не действуют."""

    model_config = ConfigDict(extra="allow")
    messages: list[Item] = Field(min_length=1, description="Беседа; последнее сообщение — вопрос.")
    model: str | None = Field(None, max_length=200)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1, le=131_072)
    max_completion_tokens: int | None = Field(None, ge=1, le=131_072)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    n: int | None = None
    metadata: Metadata | None = None


@router.post("/chat/completions", summary="Задать вопрос (Chat Completions)", responses=EVENTS)
async def create(body: ChatCompletion, who: Who, answers: Room, idempotency_key: IdempotencyKey = None) -> Response:
    """Ответ без беседы на сервере. Если читатель ушёл и не вернулся, ответ останавливается."""
    if body.n not in (None, 1):
        raise InputError("n", message="Ответ всегда один: уберите поле «n».", param="n")
    request = to_request(_as_response(body))
    await check_model(answers, body.model)
    stateless = replace(request, stateless=True)
    run = await answers.ask(who.name, stateless, idempotency_key=idempotency_key, detached=False)
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        return EventStream(_chunks(answers, run, with_usage=usage))
    return PatientJson(_completion(answers, run))


def _as_response(body: ChatCompletion) -> CreateResponse:
    same = body.model_dump(include={"model", "temperature", "top_p", "metadata"})
    most = body.max_completion_tokens or body.max_tokens
    return CreateResponse.model_validate({"input": body.messages, "max_output_tokens": most, **same})


# -- the two forms of an answer ----------------------------------------------------------------------


async def _chunks(answers: Answers, run: Run, *, with_usage: bool) -> AsyncGenerator[list[bytes], None]:
    """Server-sent events; a batch without words is a heartbeat."""
    yield [_chunk(run, {"role": "assistant", "content": ""}, with_usage=with_usage)]
    async with (
        _present(answers, run),
        aclosing(answers.follow(run.id, -1, answers.settings.heartbeat)) as batches,
    ):
        async for frames in batches:
            bodies = [wire.body_of(frame) for frame in frames]
            words = [wire.delta_text(body) for body in bodies if wire.event_type(body) == DELTA]
            yield [_chunk(run, {"content": text}, with_usage=with_usage) for text in words]
            if bodies and wire.is_terminal(bodies[-1]):
                response = orjson.loads(bodies[-1])["response"]
                yield _last(await answers.get(run.owner, run.id), response, with_usage=with_usage)


def _last(run: Run, response: dict[str, Any], *, with_usage: bool) -> list[bytes]:
    """How the stream ends. A failure is an error that the SDK raises, and no `[DONE]` follows it."""
    if response["status"] == Status.FAILED:
        return [_data({"error": _error(response)})]
    end = _chunk(run, {}, finish=_finish(response), with_usage=with_usage, advakod=_facts(run, response))
    total = [_data(_head(run, "chat.completion.chunk") | {"choices": [], "usage": _usage(response)})]
    return [end, *(total if with_usage else ()), DONE]


async def _completion(answers: Answers, run: Run) -> AsyncGenerator[dict[str, Any] | None, None]:
    """The whole answer; a None for each silence before it."""
    silent = True
    async with (
        _present(answers, run),
        aclosing(answers.wait(run.owner, run.id, answers.settings.heartbeat)) as results,
    ):
        async for result in results:
            if result is None:
                silent = False
                yield None
                continue
            _check_ended(result, may_refuse=silent)
            yield _whole(await answers.get(run.owner, run.id), result)


def _check_ended(response: dict[str, Any], *, may_refuse: bool) -> None:
    """Raises what becomes a status of its own, as long as none has been sent."""
    if response["status"] in (Status.QUEUED, Status.IN_PROGRESS):
        raise ServerStopsError(retry_after=1)
    if response["status"] == Status.FAILED and may_refuse:
        raise AnswerFailedError(response["error"]["advakod_code"], message=response["error"]["message"])


def _whole(run: Run, response: dict[str, Any]) -> dict[str, Any]:
    head = _head(run, "chat.completion")
    if response["status"] == Status.FAILED:
        return head | {"choices": [], "error": _error(response)}
    message = {"role": "assistant", "content": _text(response), "refusal": None, "advakod": _facts(run, response)}
    choice = {"index": 0, "message": message, "finish_reason": _finish(response), "logprobs": None}
    return head | {"choices": [choice], "usage": _usage(response)}


@asynccontextmanager
async def _present(answers: Answers, run: Run) -> AsyncIterator[None]:
    """The run has a reader, from here to the end of the block."""
    telling = asyncio.create_task(_tell(answers, run.id), name=f"reader of {run.id}")
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell(answers: Answers, run_id: str) -> None:
    while True:
        try:
            await answers.reader_seen(run_id)
        except StorageError as error:
            log.warning("run %s: its reader cannot be noted: %s", run_id, error.detail)
        await asyncio.sleep(answers.settings.heartbeat)


# -- parts -------------------------------------------------------------------------------------------


def _head(run: Run, kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-" + run.id.removeprefix("resp_"),
        "object": kind,
        "created": int(run.created_at),
        "model": run.request.model,
    }


def _chunk(
    run: Run, delta: dict[str, str], *, with_usage: bool, finish: str | None = None, **extra: dict[str, Any]
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    usage = {"usage": None} if with_usage else {}
    return _data(_head(run, "chat.completion.chunk") | {"choices": [choice]} | usage | extra)


def _data(facts: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(facts)


def _finish(response: dict[str, Any]) -> str:
    """`length` is the protocol's word for a text that is not whole; `advakod.reason` says why."""
    return "stop" if response["status"] == Status.COMPLETED else "length"


def _error(response: dict[str, Any]) -> dict[str, Any]:
    failure = response["error"]
    return {
        "message": failure["message"],
        "type": "server_error",
        "code": failure["advakod_code"],
        "param": None,
        "response_id": response["id"],
    }


def _text(response: dict[str, Any]) -> str:
    return "".join(part["text"] for item in response["output"] for part in item["content"])


def _usage(response: dict[str, Any]) -> dict[str, int]:
    usage = response["usage"]
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
    }


def _facts(run: Run, response: dict[str, Any]) -> dict[str, Any]:
    parts = [part for item in response["output"] for part in item["content"]]
    reasons = response["incomplete_details"] or {"reason": None, "message": None}
    return {
        "response_id": run.id,
        "status": response["status"],
        **reasons,
        "sources": [wire.source_facts(source) for source in run.context.sources] if run.context else [],
        "notices": list(run.context.notices) if run.context else [],
        "citations": [mark["advakod"] for part in parts for mark in part["annotations"]],
    }
