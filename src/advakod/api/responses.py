"""The Responses wire: create, retrieve, stream, cancel, delete (DESIGN §5)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse

from ..accounts import Principal
from ..answers import Answers, Request, Run, check_position
from ..engine.interface import Message
from ..errors import InputError, NotFoundError
from .doors import principal
from .streams import EVENTS, EventStream, PatientJson

MODEL = "advakod"  # whatever the engine; the engine's own name is accepted too
TEXT_PARTS = ("input_text", "output_text", "text")

router = APIRouter(prefix="/v1", tags=["responses"])

Who = Annotated[Principal, Depends(principal)]
# Bounded, and so checked to be text: half of a surrogate pair could be neither stored nor sent.
Text = Annotated[str, StringConstraints(max_length=1_000_000)]
Id = Annotated[str, StringConstraints(max_length=64)]
Key = Annotated[str, StringConstraints(max_length=64)]
Value = Annotated[str, StringConstraints(max_length=512)]
Metadata = Annotated[dict[Key, Value], Field(max_length=16)]  # bounds of the protocol
RunId = Annotated[str, Path(min_length=1, max_length=64)]
IdempotencyKey = Annotated[
    str | None, Header(max_length=255, description="Повтор с тем же ключом не создаёт второй ответ.")
]


async def answers_of(request: HttpRequest) -> Answers:
    """The application's one `Answers`. A coroutine, since the framework sends plain functions to a thread."""
    answers: Answers = request.app.state.answers
    return answers


Room = Annotated[Answers, Depends(answers_of)]


class Part(BaseModel):
    """Часть содержания; понимается только текст."""

    model_config = ConfigDict(extra="allow")
    type: str = "input_text"
    text: Text | None = None


class Item(BaseModel):
    """Сообщение во входе."""

    model_config = ConfigDict(extra="allow")
    type: str = "message"
    role: Literal["user", "assistant", "system", "developer"] = "user"
    content: Text | list[Part] = ""


class ConversationRef(BaseModel):
    id: Id


class CreateResponse(BaseModel):
    """Вопрос. Поля протокола Responses, которых здесь нет, принимаются и не действуют."""

    model_config = ConfigDict(extra="allow")
    input: str | list[Item] = Field(description="Вопрос или сообщения, последнее из которых — вопрос.")
    model: str | None = Field(None, max_length=200)
    instructions: str | None = Field(None, max_length=20_000)
    stream: bool | None = False
    background: bool | None = False
    previous_response_id: Id | None = None
    conversation: Id | ConversationRef | None = None
    max_output_tokens: int | None = Field(None, ge=1, le=131_072)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    metadata: Metadata | None = None
    as_of: dt.date | None = Field(None, description="На какую дату нужен закон (поле ADVAKOD).")


def to_request(body: CreateResponse) -> Request:
    """What is stored. Raises InputError, QuestionError."""
    conversation = body.conversation.id if isinstance(body.conversation, ConversationRef) else body.conversation
    if conversation and body.previous_response_id:
        raise InputError(
            "both", message="Задайте что-то одно: previous_response_id или conversation.", param="conversation"
        )
    turns = [Message("user", body.input)] if isinstance(body.input, str) else [to_turn(item) for item in body.input]
    told = [turn.content for turn in turns if turn.role in ("system", "developer")]
    said = [turn for turn in turns if turn.role in ("user", "assistant")]
    question = said.pop().content if said and said[-1].role == "user" else ""
    return Request(
        question=question,
        instructions="\n\n".join([*([body.instructions] if body.instructions else []), *told]),
        history=tuple(said),
        model=body.model or MODEL,
        as_of=body.as_of,
        max_output_tokens=body.max_output_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        metadata=body.metadata or {},
        background=bool(body.background),
        previous_response_id=body.previous_response_id,
        conversation=conversation,
    )


def to_turn(item: Item) -> Message:
    """What is said in an item. Raises InputError for what is not text."""
    if item.type != "message":
        raise InputError(item.type, message=f"Вход вида «{item.type}» не поддерживается: нужен текст.", param="input")
    if isinstance(item.content, str):
        return Message(item.role, item.content)
    for part in item.content:
        if part.type not in TEXT_PARTS or part.text is None:
            raise InputError(
                part.type, message=f"Содержание вида «{part.type}» не поддерживается: нужен текст.", param="input"
            )
    return Message(item.role, "\n".join(part.text or "" for part in item.content))


async def check_model(answers: Answers, model: str | None) -> None:
    """Raises NotFoundError for a model that is not here. Our own name is known without asking a remote engine."""
    if model and model != MODEL and model not in await models(answers):
        raise NotFoundError(model, message=f"Модели «{model}» здесь нет. Есть «{MODEL}».", param="model")


async def models(answers: Answers) -> list[str]:
    info = await answers.engine.info()
    return list(dict.fromkeys([MODEL, *([info.model] if info.model else []), info.name]))


def stream_of(answers: Answers, run: Run, after: int = -1) -> EventStream:
    """A run's events from a position on."""
    check_position(run, after)
    return EventStream(answers.follow(run.id, after, answers.settings.heartbeat))


async def reply(answers: Answers, run: Run, *, stream: bool, background: bool) -> Response:
    """A new run as its creator wants to see it."""
    if stream:
        return stream_of(answers, run)
    if background:
        return JSONResponse(await answers.response(run.owner, run.id))
    return PatientJson(answers.wait(run.owner, run.id, answers.settings.heartbeat))


@router.post("/responses", summary="Задать вопрос", responses=EVENTS)
async def create(body: CreateResponse, who: Who, answers: Room, idempotency_key: IdempotencyKey = None) -> Response:
    """Создаёт ответ. `stream` — события по мере готовности, `background` — вернуть сразу и читать потом."""
    request = to_request(body)
    await check_model(answers, body.model)
    run = await answers.ask(who.name, request, idempotency_key=idempotency_key)
    return await reply(answers, run, stream=bool(body.stream), background=bool(body.background))


@router.get("/responses/{response_id}", summary="Ответ или его события", responses=EVENTS)
async def retrieve(
    response_id: RunId,
    who: Who,
    answers: Room,
    stream: Annotated[bool, Query(description="События вместо ответа.")] = False,
    starting_after: Annotated[int | None, Query(ge=-1, description="Номер последнего полученного события.")] = None,
    last_event_id: Annotated[str | None, Header(description="То же, от EventSource; важнее starting_after.")] = None,
) -> Response:
    """С `stream=true` — события после `starting_after`, каждое один раз, до конца ответа."""
    if not stream:
        return JSONResponse(await answers.response(who.name, response_id))
    run = await answers.get(who.name, response_id)
    return stream_of(answers, run, _position(last_event_id, starting_after))


def _position(last_event_id: str | None, starting_after: int | None) -> int:
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 10:
        return int(last_event_id)
    return -1 if starting_after is None else starting_after


@router.post("/responses/{response_id}/cancel", summary="Остановить")
async def cancel(response_id: RunId, who: Who, answers: Room) -> dict[str, Any]:
    """Останавливает ответ; всё написанное сохраняется."""
    await answers.cancel(who.name, response_id)
    return await answers.response(who.name, response_id)


@router.delete("/responses/{response_id}", summary="Удалить")
async def erase(response_id: RunId, who: Who, answers: Room) -> dict[str, Any]:
    """Удаляет ответ и его события."""
    await answers.erase(who.name, response_id)
    return {"id": response_id, "object": "response.deleted", "deleted": True}


@router.get("/responses/{response_id}/input_items", summary="Что было спрошено")
async def input_items(response_id: RunId, who: Who, answers: Room) -> dict[str, Any]:
    """Вопрос, на который дан ответ."""
    run = await answers.get(who.name, response_id)
    item_id = run.question_message or f"msg_in_{run.id.removeprefix('resp_')}"
    part = {"type": "input_text", "text": run.request.question}
    item = {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": [part]}
    return {"object": "list", "data": [item], "first_id": item_id, "last_id": item_id, "has_more": False}


@router.get("/models", summary="Модели", tags=["models"])
async def list_models(_: Who, answers: Room) -> dict[str, Any]:
    """Модель одна: та, что выбрана настройкой ADVAKOD_ENGINE."""
    return {"object": "list", "data": [_model(name) for name in await models(answers)]}


@router.get("/models/{model}", summary="Модель", tags=["models"])
async def get_model(model: str, _: Who, answers: Room) -> dict[str, Any]:
    """Одна модель."""
    await check_model(answers, model)
    return _model(model)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "advakod"}


class Again(BaseModel):
    """Новый вопрос вместо прежнего; без него задаётся тот же."""

    input: str | None = Field(None)
    stream: bool = True


more = APIRouter(prefix="/api/v1/responses", tags=["responses"])


@more.post("/{response_id}/continue", summary="Продолжить неоконченный ответ", responses=EVENTS)
async def continue_(
    response_id: RunId, who: Who, answers: Room, stream: bool = True, idempotency_key: IdempotencyKey = None
) -> Response:
    """Новый ответ с новым временем: начинается с уже написанного и идёт дальше."""
    run = await answers.continue_(who.name, response_id, idempotency_key=idempotency_key)
    return await reply(answers, run, stream=stream, background=True)


@more.post("/{response_id}/again", summary="Спросить ещё раз или иначе", responses=EVENTS)
async def again(
    response_id: RunId, body: Again, who: Who, answers: Room, idempotency_key: IdempotencyKey = None
) -> Response:
    """Ответ рядом с прежним; прежний остаётся."""
    run = await answers.again(who.name, response_id, body.input, idempotency_key=idempotency_key)
    return await reply(answers, run, stream=body.stream, background=True)
