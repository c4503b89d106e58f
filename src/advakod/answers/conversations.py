"""Conversations: a tree of messages with a current leaf.

Asking again and editing add siblings; nothing is overwritten. Functions take a connection inside
the caller's transaction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from ..engine.interface import Message as Turn
from ..storage.schema import conversation, message, run
from . import queries
from .model import Run, new_id

TITLE_LENGTH = 80  # characters of the first question
HISTORY_TURNS = 8  # messages before the question that the engine may see
HISTORY_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """`leaf` is the message shown last; a follow-up question hangs below it."""

    id: str
    owner: str
    title: str
    leaf: str | None
    metadata: dict[str, str]
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Message:
    """A node of the tree. An assistant's text is empty until its run has ended."""

    id: str
    conversation: str
    parent: str | None
    role: str  # user | assistant
    text: str
    run: str | None
    created_at: float


def create(
    connection: Connection, owner: str, *, title: str = "", metadata: dict[str, str] | None = None
) -> Conversation:
    now = time.time()
    created = Conversation(new_id("conv"), owner, title, None, metadata or {}, now, now)
    values = {name: getattr(created, name) for name in Conversation.__dataclass_fields__}
    connection.execute(insert(conversation).values(values))
    return created


def get(connection: Connection, owner: str, conversation_id: str) -> Conversation | None:
    where = (conversation.c.id == conversation_id, conversation.c.owner == owner)
    row = connection.execute(select(conversation).where(*where)).one_or_none()
    return Conversation(**row._mapping) if row else None


def listing(connection: Connection, owner: str, limit: int, before: float | None = None) -> list[Conversation]:
    """The ones used last come first; `before` is the `updated_at` of the last one seen."""
    query = select(conversation).where(conversation.c.owner == owner)
    if before is not None:
        query = query.where(conversation.c.updated_at < before)
    rows = connection.execute(query.order_by(conversation.c.updated_at.desc()).limit(limit))
    return [Conversation(**row._mapping) for row in rows]


def change(connection: Connection, conversation_id: str, **values: Any) -> None:
    where = conversation.c.id == conversation_id
    connection.execute(update(conversation).where(where).values(updated_at=time.time(), **values))


def erase(connection: Connection, conversation_id: str) -> None:
    """Delete a conversation with its messages and runs."""
    queries.erase(connection, list(connection.scalars(select(run.c.id).where(run.c.conversation == conversation_id))))
    connection.execute(delete(message).where(message.c.conversation == conversation_id))
    connection.execute(delete(conversation).where(conversation.c.id == conversation_id))


def messages(connection: Connection, conversation_id: str) -> list[Message]:
    """The whole tree in the order of writing."""
    query = select(message).where(message.c.conversation == conversation_id)
    rows = connection.execute(query.order_by(message.c.created_at, message.c.id))
    return [Message(**row._mapping) for row in rows]


def get_message(connection: Connection, message_id: str) -> Message | None:
    row = connection.execute(select(message).where(message.c.id == message_id)).one_or_none()
    return Message(**row._mapping) if row else None


def add_message(
    connection: Connection,
    to: str,
    parent: str | None,
    role: str,
    text: str,
    *,
    run_id: str | None = None,
    message_id: str = "",
) -> str:
    message_id = message_id or new_id("msg")
    connection.execute(
        insert(message).values(
            id=message_id, conversation=to, parent=parent, role=role, text=text, run=run_id, created_at=time.time()
        )
    )
    return message_id


def path(connection: Connection, message_id: str | None) -> list[Message]:
    """From the root to a message; each of the path is the only one of its siblings seen there."""
    steps: list[Message] = []
    while message_id is not None and (found := get_message(connection, message_id)) is not None:
        steps.append(found)
        message_id = found.parent
    return steps[::-1]


def history(connection: Connection, run: Run) -> tuple[Turn, ...]:
    """What was said before the question, the latest turns that fit."""
    asked = get_message(connection, run.question_message) if run.question_message else None
    said = path(connection, asked.parent) if asked else []
    turns = [Turn(m.role, m.text) for m in said if m.text]
    return _latest([*turns, *run.request.history])


def _latest(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    kept: list[Turn] = []
    room = HISTORY_CHARACTERS
    for turn in reversed(turns[-HISTORY_TURNS:]):
        if not kept and len(turn.content) > room:
            kept.append(Turn(turn.role, turn.content[-room:]))
            break
        room -= len(turn.content)
        if room < 0:
            break
        kept.append(turn)
    return tuple(kept[::-1])


def answered(connection: Connection, run: Run, text: str) -> None:
    """Write a run's text into its message."""
    if run.answer_message is None:
        return
    connection.execute(update(message).where(message.c.id == run.answer_message).values(text=text))
    if run.conversation is not None:
        change(connection, run.conversation)


def title_of(question: str) -> str:
    """A conversation's first title."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
