"""Conversations: a tree of messages with a current leaf.

Asking again and editing add siblings; nothing is overwritten. One that is put aside is found by
`restore` alone, until it is erased. Functions take a connection inside the caller's transaction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, or_, select, update

from ..engine.interface import Message as Turn
from ..storage.schema import conversation, message, run
from . import queries
from .model import Run, new_id

TITLE_LENGTH = 80  # characters of the first question
HISTORY_TURNS = 8  # messages before the question that the engine may see
HISTORY_CHARACTERS = 8_000

# Built once: every question runs them.
_ADD = insert(conversation)
_ADD_MESSAGE = insert(message)
_GET_MESSAGE = select(message).where(message.c.id == bindparam("message_id"))
_SET_TEXT = update(message).where(message.c.id == bindparam("message_id")).values(text=bindparam("written"))
_TOUCH = update(conversation).where(conversation.c.id == bindparam("used")).values(updated_at=bindparam("now"))
_SET_LEAF = _TOUCH.values(leaf=bindparam("last"))


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


_SHOWN = [conversation.c[name] for name in Conversation.__dataclass_fields__]
_IS_THERE = select(conversation.c.id).where(
    conversation.c.id == bindparam("sought"), conversation.c.deleted_at.is_(None)
)


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


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a message's run stands."""

    id: str
    status: str
    reason: str | None
    message: str | None  # Russian, for the person who asked


def create(
    connection: Connection, owner: str, *, title: str = "", metadata: dict[str, str] | None = None
) -> Conversation:
    now = time.time()
    created = Conversation(new_id("conv"), owner, title, None, metadata or {}, now, now)
    values = {name: getattr(created, name) for name in Conversation.__dataclass_fields__}
    connection.execute(_ADD, values)
    return created


def get(connection: Connection, owner: str, conversation_id: str) -> Conversation | None:
    where = (conversation.c.id == conversation_id, conversation.c.owner == owner, conversation.c.deleted_at.is_(None))
    row = connection.execute(select(*_SHOWN).where(*where)).one_or_none()
    return Conversation(**row._mapping) if row else None


def is_there(connection: Connection, conversation_id: str) -> bool:
    """Whether it is neither put aside nor erased."""
    return connection.scalar(_IS_THERE, {"sought": conversation_id}) is not None


def listing(
    connection: Connection,
    owner: str,
    limit: int,
    after: tuple[float, str] | None = None,
    only: Sequence[ColumnElement[bool]] = (),
) -> list[Conversation]:
    """The ones used last come first; `after` is (`updated_at`, id) of the last one seen."""
    last = (conversation.c.updated_at, conversation.c.id)
    query = select(*_SHOWN).where(conversation.c.owner == owner, conversation.c.deleted_at.is_(None), *only)
    if after is not None:
        query = query.where(or_(last[0] < after[0], and_(last[0] == after[0], last[1] < after[1])))
    rows = connection.execute(query.order_by(last[0].desc(), last[1].desc()).limit(limit))
    return [Conversation(**row._mapping) for row in rows]


def change(connection: Connection, conversation_id: str, **values: Any) -> None:
    where = conversation.c.id == conversation_id
    connection.execute(update(conversation).where(where).values(updated_at=time.time(), **values))


def erase(connection: Connection, conversation_id: str) -> None:
    """Delete a conversation with its messages and runs."""
    queries.erase(connection, list(connection.scalars(select(run.c.id).where(run.c.conversation == conversation_id))))
    connection.execute(delete(message).where(message.c.conversation == conversation_id))
    connection.execute(delete(conversation).where(conversation.c.id == conversation_id))


def put_aside(connection: Connection, conversation_id: str, now: float) -> None:
    """From now on nothing but `restore` finds it."""
    connection.execute(update(conversation).where(conversation.c.id == conversation_id).values(deleted_at=now))


def restore(connection: Connection, owner: str, conversation_id: str, deleted_after: float) -> None:
    """Undo `put_aside` if it was after that time; otherwise nothing happens."""
    where = (conversation.c.id == conversation_id, conversation.c.owner == owner)
    late_enough = conversation.c.deleted_at > deleted_after
    connection.execute(update(conversation).where(*where, late_enough).values(deleted_at=None))


def erase_aside(connection: Connection, deleted_before: float, limit: int) -> int:
    """Erase those put aside before that time, `limit` at most; returns how many it looked at."""
    over = conversation.c.deleted_at <= deleted_before
    found = connection.scalars(select(conversation.c.id).where(over).limit(limit)).all()
    for conversation_id in found:  # under the same condition again: it may have been restored in between
        if connection.execute(delete(conversation).where(conversation.c.id == conversation_id, over)).rowcount:
            erase(connection, conversation_id)
    return len(found)


def being_answered(connection: Connection, owner: str, ids: Sequence[str]) -> set[str]:
    """Those of `ids` in which a run has not ended."""
    unfinished = (run.c.owner == owner, run.c.status.in_(queries.UNFINISHED), run.c.conversation.in_(ids))
    return {found for found in connection.scalars(select(run.c.conversation).where(*unfinished)) if found}


def is_being_answered(connection: Connection, conversation_id: str) -> bool:
    """Whether a run of it has not ended."""
    unfinished = (run.c.conversation == conversation_id, run.c.status.in_(queries.UNFINISHED))
    return connection.scalar(select(run.c.id).where(*unfinished).limit(1)) is not None


def outcomes(connection: Connection, conversation_id: str) -> dict[str, RunOutcome]:
    """How its runs stand, by run id."""
    columns = (run.c.id, run.c.status, run.c.reason, run.c.error_message)
    rows = connection.execute(select(*columns).where(run.c.conversation == conversation_id))
    return {row.id: RunOutcome(row.id, row.status, row.reason, row.error_message) for row in rows}


def set_leaf(connection: Connection, conversation_id: str, message_id: str) -> None:
    """The message shown last from now on."""
    connection.execute(_SET_LEAF, {"used": conversation_id, "now": time.time(), "last": message_id})


def messages(connection: Connection, conversation_id: str) -> list[Message]:
    """The whole tree in the order of writing."""
    query = select(message).where(message.c.conversation == conversation_id)
    rows = connection.execute(query.order_by(message.c.created_at, message.c.id))
    return [Message(**row._mapping) for row in rows]


def get_message(connection: Connection, message_id: str) -> Message | None:
    row = connection.execute(_GET_MESSAGE, {"message_id": message_id}).one_or_none()
    return Message(**row._mapping) if row else None


def add_messages(connection: Connection, new: Sequence[Message]) -> None:
    """Store messages, parents before their children."""
    connection.execute(_ADD_MESSAGE, [{name: getattr(m, name) for name in Message.__dataclass_fields__} for m in new])


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
    connection.execute(_SET_TEXT, {"message_id": run.answer_message, "written": text})
    if run.conversation is not None:
        connection.execute(_TOUCH, {"used": run.conversation, "now": time.time()})


def title_of(question: str) -> str:
    """A conversation's first title."""
    line = " ".join(question.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
