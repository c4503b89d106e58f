"""The conversations of one owner, as a page or the SDK handles them. Somebody else's do not exist for them."""

from __future__ import annotations

import asyncio
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
from . import conversations, export, finding
from .conversations import Conversation, Message, RunOutcome
from .export import Exported, Format
from .export.transcript import Transcript
from .model import new_id

# Seconds for second thoughts about a deletion. Longer than anybody looks at the button that takes it back, short
# enough for «deleted» to be true: the words are gone from the disk's database soon after.
UNDO_SECONDS = 600.0
ERASE_AT_ONCE = 10  # conversations in one transaction: some milliseconds each
SEARCHES_AT_ONCE = 2  # each keeps a reading thread busy; the others are for the readers of answers


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in a list."""

    conversation: Conversation
    running: bool  # an answer is being written
    snippet: str | None  # where what was searched for is said; None: nothing was


@dataclass(frozen=True, slots=True)
class Tree:
    """A conversation with all its messages, in the order of writing, and how their runs stand."""

    conversation: Conversation
    messages: list[Message]
    runs: dict[str, RunOutcome]

    @property
    def path(self) -> list[Message]:
        """From the root to the leaf: what is shown."""
        return self.path_to(self.conversation.leaf)

    def path_to(self, leaf: str | None) -> list[Message]:
        """From the root to a message; nothing when there is no such message."""
        by_id = {message.id: message for message in self.messages}
        steps: list[Message] = []
        step = by_id.get(leaf or "")
        while step is not None:
            steps.append(step)
            step = by_id.get(step.parent or "")
        return steps[::-1]


class Shelf:
    """Methods take the owner's name first and raise NotFoundError for what is not theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._searches = asyncio.Semaphore(SEARCHES_AT_ONCE)
        self._exports = asyncio.Semaphore(1)  # pure work: two at once would be no faster

    async def create(self, owner: str, turns: Sequence[Turn] = (), metadata: dict[str, str] | None = None) -> Tree:
        return await self._database.write(partial(_create, owner=owner, turns=turns, metadata=metadata))

    async def tree(self, owner: str, conversation_id: str) -> Tree:
        return await self._database.read(partial(_tree, owner=owner, conversation_id=conversation_id))

    async def listing(
        self, owner: str, limit: int, after: tuple[float, str] | None = None, sought: str = ""
    ) -> list[Listed]:
        """The ones used last come first; with `sought`, those that hold all its words."""
        words = finding.words_of(sought)
        query = partial(_listing, owner=owner, limit=limit, after=after, words=words)
        if not words:
            return await self._database.read(query)
        async with self._searches:
            return await self._database.read(query)

    async def change(self, owner: str, conversation_id: str, **values: Any) -> Conversation:
        """Set title, metadata or leaf; its place in the list stays."""
        return await self._database.write(partial(_change, owner=owner, conversation_id=conversation_id, values=values))

    async def add(self, owner: str, conversation_id: str, turns: Sequence[Turn]) -> list[Message]:
        """Hang messages below the leaf, one below the other."""
        return await self._database.write(partial(_add, owner=owner, conversation_id=conversation_id, turns=turns))

    async def export(self, owner: str, conversation_id: str, kind: Format, leaf: str | None = None) -> Exported:
        """The path to the current leaf, or to another message, as a file; of a running answer the words so far."""
        reading = partial(_transcript, owner=owner, conversation_id=conversation_id, leaf=leaf)
        async with self._exports:
            return await asyncio.to_thread(export.export, await self._database.read(reading), kind)

    async def put_aside(self, owner: str, conversation_id: str) -> float:
        """Delete it, for UNDO_SECONDS not for good; returns until when `restore` brings it back.

        From now on neither it nor its answers exist for anybody. Raises ConflictError while an answer is being written.
        """
        now = time.time()
        await self._database.write(partial(_put_aside, owner=owner, conversation_id=conversation_id, now=now))
        return now + UNDO_SECONDS

    async def restore(self, owner: str, conversation_id: str) -> Conversation:
        """Bring back one that was put aside, where it was; one that was not stays as it is."""
        return await self._database.write(partial(_restore, owner=owner, conversation_id=conversation_id))

    async def erase_aside(self) -> None:
        """Erase for good what was put aside longer ago than UNDO_SECONDS: a chore."""
        before = time.time() - UNDO_SECONDS
        erase = partial(conversations.erase_aside, deleted_before=before, limit=ERASE_AT_ONCE)
        while await self._database.write(erase) == ERASE_AT_ONCE:
            pass

    async def erase(self, owner: str, conversation_id: str) -> None:
        """Delete it with its messages and runs. Raises ConflictError while an answer is being written."""
        await self._database.write(partial(_erase, owner=owner, conversation_id=conversation_id))

    async def named(self, owner: str, name: str) -> str:
        """The id of the conversation that a client of the old system calls `name`; made when it is new.

        One under this name that is put aside is erased: its user has begun anew.
        """
        return await self._database.write(partial(_named, owner=owner, name=name))


def _owned(connection: Connection, owner: str, conversation_id: str) -> Conversation:
    found = conversations.get(connection, owner, conversation_id)
    if found is None:
        raise NotFoundError(
            f"no conversation {conversation_id}", message="Такой беседы нет или она принадлежит другому ключу."
        )
    return found


def _listing(
    connection: Connection, owner: str, limit: int, after: tuple[float, str] | None, words: Sequence[str]
) -> list[Listed]:
    found = finding.find(connection, owner, words, limit, after)
    running = conversations.being_answered(connection, owner, [one.id for one in found])
    return [Listed(one, one.id in running, finding.snippet(connection, one, words) if words else None) for one in found]


def _tree(connection: Connection, owner: str, conversation_id: str) -> Tree:
    found = _owned(connection, owner, conversation_id)
    return Tree(
        found,
        conversations.messages(connection, conversation_id),
        conversations.outcomes(connection, conversation_id),
    )


def _transcript(connection: Connection, owner: str, conversation_id: str, leaf: str | None) -> Transcript:
    tree = _tree(connection, owner, conversation_id)
    path = tree.path if leaf is None else tree.path_to(leaf)
    if leaf is not None and not path:
        raise NotFoundError("no such message", message="В этой беседе нет такого сообщения.", param="leaf")
    return export.read(connection, tree.conversation, path, time.time())


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


def _put_aside(connection: Connection, owner: str, conversation_id: str, now: float) -> None:
    _check_at_rest(connection, owner, conversation_id)
    conversations.put_aside(connection, conversation_id, now)


def _restore(connection: Connection, owner: str, conversation_id: str) -> Conversation:
    conversations.restore(connection, owner, conversation_id, time.time() - UNDO_SECONDS)
    return _owned(connection, owner, conversation_id)


def _erase(connection: Connection, owner: str, conversation_id: str) -> None:
    _check_at_rest(connection, owner, conversation_id)
    conversations.erase(connection, conversation_id)


def _check_at_rest(connection: Connection, owner: str, conversation_id: str) -> None:
    _owned(connection, owner, conversation_id)
    if conversations.is_being_answered(connection, conversation_id):
        raise ConflictError(
            "still running", message="В этой беседе ещё пишется ответ. Сначала остановите его, потом удаляйте беседу."
        )


def _named(connection: Connection, owner: str, name: str) -> str:
    if name.startswith("conv_"):
        return _owned(connection, owner, name).id
    digest = hashlib.sha256(f"{owner}\n{name}".encode()).hexdigest()
    conversation_id = f"conv_{digest[:32]}"
    if conversations.get(connection, owner, conversation_id) is None:
        conversations.erase(connection, conversation_id)
        now = time.time()
        facts = {"id": conversation_id, "owner": owner, "title": "", "metadata": {}}
        connection.execute(insert(conversation).values(**facts, created_at=now, updated_at=now))
    return conversation_id
