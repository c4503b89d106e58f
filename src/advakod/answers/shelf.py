"""The conversations of one owner, as a page or the SDK handles them. Somebody else's do not exist for them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert, update

from ..engine.interface import Message as Turn
from ..errors import ConflictError, NotFoundError
from ..storage import Database
from ..storage.schema import conversation
from . import conversations
from .conversations import Conversation, Message, RunOutcome
from .model import new_id


@dataclass(frozen=True, slots=True)
class Tree:
    """A conversation with all its messages, in the order of writing, and how their runs stand."""

    conversation: Conversation
    messages: list[Message]
    runs: dict[str, RunOutcome]

    @property
    def path(self) -> list[Message]:
        """From the root to the leaf: what is shown."""
        by_id = {message.id: message for message in self.messages}
        steps: list[Message] = []
        step = by_id.get(self.conversation.leaf or "")
        while step is not None:
            steps.append(step)
            step = by_id.get(step.parent or "")
        return steps[::-1]


class Shelf:
    """Methods take the owner's name first and raise NotFoundError for what is not theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, owner: str, turns: Sequence[Turn] = (), metadata: dict[str, str] | None = None) -> Tree:
        return await self._database.write(partial(_create, owner=owner, turns=turns, metadata=metadata))

    async def tree(self, owner: str, conversation_id: str) -> Tree:
        return await self._database.read(partial(_tree, owner=owner, conversation_id=conversation_id))

    async def listing(self, owner: str, limit: int, after: tuple[float, str] | None = None) -> list[Conversation]:
        """The ones used last come first."""
        return await self._database.read(partial(conversations.listing, owner=owner, limit=limit, after=after))

    async def change(self, owner: str, conversation_id: str, **values: Any) -> Conversation:
        """Set title, metadata or leaf; its place in the list stays."""
        return await self._database.write(partial(_change, owner=owner, conversation_id=conversation_id, values=values))

    async def add(self, owner: str, conversation_id: str, turns: Sequence[Turn]) -> list[Message]:
        """Hang messages below the leaf, one below the other."""
        return await self._database.write(partial(_add, owner=owner, conversation_id=conversation_id, turns=turns))

    async def erase(self, owner: str, conversation_id: str) -> None:
        """Delete it with its messages and runs. Raises ConflictError while an answer is being written."""
        await self._database.write(partial(_erase, owner=owner, conversation_id=conversation_id))

    async def named(self, owner: str, name: str) -> str:
        """The id of the conversation that a client of the old system calls `name`; made when it is new."""
        return await self._database.write(partial(_named, owner=owner, name=name))


def _owned(connection: Connection, owner: str, conversation_id: str) -> Conversation:
    found = conversations.get(connection, owner, conversation_id)
    if found is None:
        raise NotFoundError(
            f"no conversation {conversation_id}", message="Такой беседы нет или она принадлежит другому ключу."
        )
    return found


def _tree(connection: Connection, owner: str, conversation_id: str) -> Tree:
    found = _owned(connection, owner, conversation_id)
    return Tree(
        found,
        conversations.messages(connection, conversation_id),
        conversations.outcomes(connection, conversation_id),
    )


def _create(connection: Connection, owner: str, turns: Sequence[Turn], metadata: dict[str, str] | None) -> Tree:
    first = next((turn.content for turn in turns if turn.role == "user"), "")
    title = conversations.title_of(first)
    created = conversations.create(connection, owner, title=title, metadata=metadata)
    _add(connection, owner, created.id, turns)
    return _tree(connection, owner, created.id)


def _change(connection: Connection, owner: str, conversation_id: str, values: dict[str, Any]) -> Conversation:
    _owned(connection, owner, conversation_id)
    leaf = conversations.get_message(connection, values["leaf"]) if values.get("leaf") else None
    if "leaf" in values and (leaf is None or leaf.conversation != conversation_id):
        raise NotFoundError("no such message", message="В этой беседе нет такого сообщения.", param="leaf")
    if values:  # not a use: its place in the list stays
        connection.execute(update(conversation).where(conversation.c.id == conversation_id).values(values))
    return _owned(connection, owner, conversation_id)


def _add(connection: Connection, owner: str, conversation_id: str, turns: Sequence[Turn]) -> list[Message]:
    leaf = _owned(connection, owner, conversation_id).leaf
    added: list[Message] = []
    for turn in turns:
        new = Message(new_id("msg"), conversation_id, leaf, turn.role, turn.content, None, time.time())
        added.append(new)
        leaf = new.id
    if added:
        conversations.add_messages(connection, added)
        conversations.change(connection, conversation_id, leaf=leaf)
    return added


def _erase(connection: Connection, owner: str, conversation_id: str) -> None:
    _owned(connection, owner, conversation_id)
    if conversations.is_being_answered(connection, conversation_id):
        raise ConflictError(
            "still running", message="В этой беседе ещё пишется ответ. Сначала остановите его, потом удаляйте беседу."
        )
    conversations.erase(connection, conversation_id)


def _named(connection: Connection, owner: str, name: str) -> str:
    if name.startswith("conv_"):
        return _owned(connection, owner, name).id
    digest = hashlib.sha256(f"{owner}\n{name}".encode()).hexdigest()
    conversation_id = f"conv_{digest[:32]}"
    if conversations.get(connection, owner, conversation_id) is None:
        now = time.time()
        facts = {"id": conversation_id, "owner": owner, "title": "", "metadata": {}}
        connection.execute(insert(conversation).values(**facts, created_at=now, updated_at=now))
    return conversation_id
