"""Conversations: as the SDK's `client.conversations`, and the whole tree for a page (DESIGN §4, §5).

To the SDK a conversation is the path from its first message to its leaf. Its messages cannot be
deleted one by one (405): a sibling is added instead, and a conversation is deleted as a whole.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from ..answers.conversations import Conversation, Message, RunOutcome
from ..answers.export import MEDIA_TYPES, Format
from ..answers.model import Status
from ..answers.shelf import Listed, Tree
from ..engine.interface import Message as Turn
from ..errors import InputError, NotFoundError, QuestionError
from .paging import After, mark, position
from .responses import Item, Metadata, Room, Who, to_turn

MOST_ITEMS = 20  # in one request, as the protocol says
ConversationId = Annotated[str, Path(min_length=1, max_length=64)]
EXPORTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Файл.",
        "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES},
    }
}

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])


class NewConversation(BaseModel):
    """Новая беседа."""

    items: list[Item] | None = Field(None, max_length=MOST_ITEMS, description="Первые сообщения.")
    metadata: Metadata | None = None


class NewMetadata(BaseModel):
    """Новые метаданные вместо прежних."""

    metadata: Metadata | None


class NewItems(BaseModel):
    """Сообщения, которые добавляются в конец беседы."""

    items: list[Item] = Field(min_length=1, max_length=MOST_ITEMS)


@router.post("", summary="Начать беседу")
async def create(who: Who, answers: Room, body: NewConversation | None = None) -> dict[str, Any]:
    """Создаёт беседу; её номер передают в поле `conversation` вопроса."""
    body = body or NewConversation.model_validate({})
    turns = _turns(body.items or [], answers.settings.max_question)
    created = await answers.conversations.create(who.name, turns, body.metadata)
    return _conversation(created.conversation)


@router.get("/{conversation_id}", summary="Беседа")
async def retrieve(conversation_id: ConversationId, who: Who, answers: Room) -> dict[str, Any]:
    """Беседа без сообщений."""
    tree = await answers.conversations.tree(who.name, conversation_id)
    return _conversation(tree.conversation)


@router.post("/{conversation_id}", summary="Изменить метаданные")
async def update(conversation_id: ConversationId, body: NewMetadata, who: Who, answers: Room) -> dict[str, Any]:
    """Заменяет метаданные целиком."""
    changed = await answers.conversations.change(who.name, conversation_id, metadata=body.metadata or {})
    return _conversation(changed)


@router.delete("/{conversation_id}", summary="Удалить беседу")
async def erase(conversation_id: ConversationId, who: Who, answers: Room) -> dict[str, Any]:
    """Удаляет беседу с сообщениями и ответами; пока в ней пишется ответ, 409."""
    await answers.conversations.erase(who.name, conversation_id)
    return {"id": conversation_id, "object": "conversation.deleted", "deleted": True}


@router.post("/{conversation_id}/items", summary="Добавить сообщения")
async def add_items(conversation_id: ConversationId, body: NewItems, who: Who, answers: Room) -> dict[str, Any]:
    """Добавляет сообщения в конец беседы, ничего не спрашивая."""
    turns = _turns(body.items, answers.settings.max_question)
    added = await answers.conversations.add(who.name, conversation_id, turns)
    return _page([_item(message, None) for message in added], has_more=False)


@router.get("/{conversation_id}/items", summary="Сообщения беседы")
async def list_items(
    conversation_id: ConversationId,
    who: Who,
    answers: Room,
    after: Annotated[str | None, Query(max_length=64, description="Последнее полученное сообщение.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """Сообщения от первого до текущего; ответвления показывает `/api/v1/conversations/{id}`."""
    tree = await answers.conversations.tree(who.name, conversation_id)
    shown = tree.path if order == "asc" else tree.path[::-1]
    rest = shown[_index(shown, after) + 1 :] if after else shown
    return _page([_item(message, _run_of(tree, message)) for message in rest[:limit]], has_more=len(rest) > limit)


@router.get("/{conversation_id}/items/{item_id}", summary="Сообщение")
async def get_item(conversation_id: ConversationId, item_id: ConversationId, who: Who, answers: Room) -> dict[str, Any]:
    """Любое сообщение беседы, и из ответвлений."""
    tree = await answers.conversations.tree(who.name, conversation_id)
    message = tree.messages[_index(tree.messages, item_id)]
    return _item(message, _run_of(tree, message))


def _turns(items: list[Item], longest: int) -> list[Turn]:
    turns = [to_turn(item) for item in items]
    for turn in turns:
        if turn.role not in ("user", "assistant"):
            raise InputError(
                turn.role, message="В беседе хранятся сообщения ролей user и assistant; указания передают в вопросе."
            )
        if len(turn.content) > longest:
            raise QuestionError("too long", message=f"Сообщение длиннее {longest} знаков.", param="items")
    return turns


def _index(messages: list[Message], message_id: str) -> int:
    for index, message in enumerate(messages):
        if message.id == message_id:
            return index
    raise NotFoundError(message_id, message="В этой беседе нет такого сообщения.")


def _run_of(tree: Tree, message: Message) -> RunOutcome | None:
    return tree.runs.get(message.run or "")


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": int(conversation.created_at),
        "metadata": conversation.metadata,
    }


def _item(message: Message, run: RunOutcome | None) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "input_text", "text": message.text}
    if message.role == "assistant":
        part = {"type": "output_text", "text": message.text, "annotations": [], "logprobs": []}
    return {
        "id": message.id,
        "type": "message",
        "role": message.role,
        "status": _status(run),
        "content": [part],
        "response_id": message.run,
    }


def _status(run: RunOutcome | None) -> str:
    if run is None or run.status == Status.COMPLETED:
        return "completed"
    return "incomplete" if Status(run.status).terminal else "in_progress"


def _page(items: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    first, last = (items[0]["id"], items[-1]["id"]) if items else ("", "")
    return {"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": has_more}


# -- for a page ----------------------------------------------------------------------------------

tree_router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])


class ConversationFacts(BaseModel):
    """Беседа в списке."""

    id: str
    title: str
    leaf: str | None = Field(description="Сообщение, показанное последним.")
    metadata: dict[str, str]
    created_at: float
    updated_at: float


class RunFacts(BaseModel):
    """Чем кончился ответ."""

    id: str
    status: Status
    reason: str | None
    message: str | None


class MessageFacts(BaseModel):
    """Сообщение; у соседей один `parent`."""

    id: str
    parent: str | None
    role: Literal["user", "assistant"]
    text: str = Field(description="Текст ответа пуст, пока ответ не окончен.")
    run: RunFacts | None
    created_at: float


class ConversationTree(ConversationFacts):
    """Беседа со всеми сообщениями в порядке написания."""

    messages: list[MessageFacts]


class ConversationListed(ConversationFacts):
    """Беседа и что с ней сейчас."""

    running: bool = Field(description="В ней пишется ответ или вопрос ждёт очереди.")
    snippet: str | None = Field(description="Где встретилось искомое; null без поиска.")


class ConversationList(BaseModel):
    data: list[ConversationListed]
    next: str | None = Field(description="Передайте в `after`, чтобы получить следующие.")


class ConversationChange(BaseModel):
    """Что изменить; чего нет, то остаётся."""

    title: str | None = Field(None, min_length=1, max_length=200)
    leaf: str | None = Field(None, min_length=1, max_length=64)


class ConversationDeleted(BaseModel):
    """Беседа удалена, но ещё может быть возвращена."""

    id: str
    deleted: Literal[True] = True
    restore_until: float = Field(description="До этого времени её возвращает `restore`; потом она стирается.")


@tree_router.get("", summary="Список бесед")
async def list_conversations(
    who: Who,
    answers: Room,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: After = None,
    q: Annotated[
        str,
        Query(max_length=200, description="Слова, которые все есть в названии или сообщениях; регистр и ё не важны."),
    ] = "",
) -> ConversationList:
    """Сначала те, что менялись последними."""
    found = await answers.conversations.listing(who.name, limit + 1, position(after), q)
    data = [_listed(one) for one in found[:limit]]
    last = found[limit - 1].conversation if len(found) > limit else None
    return ConversationList(data=data, next=mark(last.updated_at, last.id) if last else None)


@tree_router.get("/{conversation_id}", summary="Беседа со всеми ответвлениями")
async def get_tree(conversation_id: ConversationId, who: Who, answers: Room) -> ConversationTree:
    """Дерево сообщений и текущий лист."""
    tree = await answers.conversations.tree(who.name, conversation_id)
    messages = [_message_facts(message, _run_of(tree, message)) for message in tree.messages]
    return ConversationTree(**_facts(tree.conversation).model_dump(), messages=messages)


@tree_router.patch("/{conversation_id}", summary="Переименовать или выбрать ответвление")
async def change(
    conversation_id: ConversationId, body: ConversationChange, who: Who, answers: Room
) -> ConversationFacts:
    """Меняет название и лист; место в списке не меняется."""
    values = body.model_dump(exclude_none=True)
    return _facts(await answers.conversations.change(who.name, conversation_id, **values))


@tree_router.delete("/{conversation_id}", summary="Удалить беседу с возможностью вернуть")
async def put_aside(conversation_id: ConversationId, who: Who, answers: Room) -> ConversationDeleted:
    """Беседы и её ответов больше нет ни по одному адресу; вернуть её можно до `restore_until`.

    Пока в ней пишется ответ, 409.
    """
    until = await answers.conversations.put_aside(who.name, conversation_id)
    return ConversationDeleted(id=conversation_id, restore_until=until)


@tree_router.post("/{conversation_id}/restore", summary="Вернуть удалённую беседу")
async def restore(conversation_id: ConversationId, who: Who, answers: Room) -> ConversationFacts:
    """Беседа снова там же, где была; неудалённая остаётся как есть."""
    return _facts(await answers.conversations.restore(who.name, conversation_id))


@tree_router.get("/{conversation_id}/export", summary="Выгрузить беседу", response_class=Response, responses=EXPORTS)
async def export_conversation(
    conversation_id: ConversationId,
    who: Who,
    answers: Room,
    format: Annotated[Format, Query(description="Markdown или DOCX.")],  # noqa: A002 - the wire's word
    leaf: Annotated[
        str | None, Query(max_length=64, description="Последнее сообщение ответвления; без него текущее.")
    ] = None,
) -> Response:
    """Файл с вопросами, ответами и их источниками; ответ, который ещё пишется, входит в него тем, что уже есть."""
    made = await answers.conversations.export(who.name, conversation_id, format, leaf)
    return Response(made.content, media_type=made.media_type, headers={"content-disposition": disposition(made.name)})


def disposition(name: str) -> str:
    """A header that saves the file under its name; the plain name is for clients that know no other."""
    plain = f"beseda{name[name.rindex('.') :]}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _listed(one: Listed) -> ConversationListed:
    return ConversationListed(**_facts(one.conversation).model_dump(), running=one.running, snippet=one.snippet)


def _facts(conversation: Conversation) -> ConversationFacts:
    return ConversationFacts(**{name: getattr(conversation, name) for name in ConversationFacts.model_fields})


def _message_facts(message: Message, run: RunOutcome | None) -> MessageFacts:
    facts = {name: getattr(message, name) for name in ("id", "parent", "role", "text", "created_at")}
    told = RunFacts(id=run.id, status=Status(run.status), reason=run.reason, message=run.message) if run else None
    return MessageFacts(**facts, run=told)
