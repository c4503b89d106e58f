"""How a run comes to be: everything of it in one transaction, before any slow work."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import Connection

from ..accounts.model import LOCAL
from ..errors import IdempotencyError, LimitError, NotFoundError, OverloadedError, QuestionError
from ..settings import Settings
from . import conversations, event_log, queries, wire
from .model import Context, Request, Run, Status, new_id


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a conversation a run belongs: below `question`, which is new when it has no id yet."""

    conversation: str | None
    parent: str | None = None
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that is stored; `new` is false when the idempotency key found an earlier one."""

    run: Run
    new: bool
    first: tuple[bytes, ...] = ()  # the events that were stored with a new run


def check_question(question: str, settings: Settings) -> None:
    """Raises QuestionError."""
    if not question.strip():
        raise QuestionError("empty", param="input")
    if not _is_text(question):
        raise QuestionError(
            "not text", message="В вопросе есть недопустимые знаки. Уберите их и спросите ещё раз.", param="input"
        )
    if len(question) > settings.max_question:
        raise QuestionError(
            "too long",
            message=f"Вопрос слишком длинный: {len(question)} знаков, можно не больше {settings.max_question}.",
            param="input",
        )


def _is_text(question: str) -> bool:
    """Whether every database and every client can hold it: no NUL, no half of a surrogate pair."""
    try:
        return b"\0" not in question.encode()
    except UnicodeEncodeError:
        return False


class Asking:
    """One question on its way into the database; call `store` inside a write."""

    def __init__(
        self,
        owner: str,
        request: Request,
        settings: Settings,
        *,
        idempotency_key: str | None = None,
        detached: bool = True,
        place: Callable[[Connection], Place] | None = None,
        context: Context | None = None,
        continues: str | None = None,
        instead_of: str | None = None,
        retry_after: int = 5,
    ) -> None:
        self.owner = owner
        self.request = request
        self.settings = settings
        self.key = idempotency_key
        self.hash = _digest(request, continues, instead_of)
        self._detached = detached
        self._place = place or self._place_by_request
        self._context = context
        self._continues = continues
        self._retry_after = retry_after

    def store(self, connection: Connection) -> Asked:
        """Raises IdempotencyError, LimitError, OverloadedError, NotFoundError; then nothing is stored.

        An IntegrityError means that another process stored the same key in between: try again.
        """
        if (known := self._known(connection)) is not None:
            return Asked(known, new=False)
        self._check_room(connection)
        return self._create(connection)

    def _known(self, connection: Connection) -> Run | None:
        found = queries.by_idempotency_key(connection, self.owner, self.key) if self.key else None
        if found is None:
            return None
        run_id, digest = found
        if digest != self.hash:
            raise IdempotencyError
        return owned(connection, self.owner, run_id)

    def _check_room(self, connection: Connection) -> None:
        if self.owner != LOCAL.name and queries.count_unfinished(connection, self.owner) >= self.settings.runs_per_key:
            raise LimitError("runs per key", retry_after=self._retry_after)
        if queries.count_queued(connection) >= self.settings.queue_limit:
            raise OverloadedError("queue is full", retry_after=self._retry_after)

    def _create(self, connection: Connection) -> Asked:
        place = self._place(connection)
        if place.conversation is not None and not conversations.is_there(connection, place.conversation):
            raise NotFoundError("deleted meanwhile", message="Такой беседы больше нет: её удалили.")
        created = Run(
            id=new_id("resp"),
            owner=self.owner,
            status=Status.QUEUED,
            request=self.request,
            created_at=time.time(),
            conversation=place.conversation,
            continues=self._continues,
            context=self._context,
            detached=self._detached,
            last_seq=1,
        )
        if place.conversation is not None:
            created = self._add_messages(connection, created, place)
        queries.add(connection, created, idempotency_key=self.key, request_hash=self.hash)
        snapshot = wire.response(created, Status.QUEUED)
        first = (
            wire.event("response.created", 0, response=snapshot),
            wire.event("response.queued", 1, response=snapshot),
        )
        event_log.add_first(connection, created.id, 0, first)
        return Asked(created, new=True, first=first)

    def _add_messages(self, connection: Connection, created: Run, place: Place) -> Run:
        assert place.conversation is not None
        new: list[conversations.Message] = []
        if (question := place.question) is None:
            question = new_id("msg")
            asked = self.request.question
            at = created.created_at
            new.append(conversations.Message(question, place.conversation, place.parent, "user", asked, None, at))
        answer, at = created.item_id, time.time()
        new.append(conversations.Message(answer, place.conversation, question, "assistant", "", created.id, at))
        conversations.add_messages(connection, new)
        conversations.set_leaf(connection, place.conversation, answer)
        return replace(created, question_message=question, answer_message=answer)

    def _place_by_request(self, connection: Connection) -> Place:
        """`previous_response_id` continues from that run, `conversation` from its leaf."""
        request = self.request
        if request.stateless:
            return Place(None)
        if request.previous_response_id is not None:
            before = owned(connection, self.owner, request.previous_response_id, param="previous_response_id")
            if before.conversation is None:
                raise NotFoundError("a stateless run", param="previous_response_id")
            return Place(before.conversation, before.answer_message)
        if request.conversation is not None:
            found = conversations.get(connection, self.owner, request.conversation)
            if found is None:
                raise NotFoundError("no such conversation", param="conversation")
            if not found.title:
                conversations.change(connection, found.id, title=conversations.title_of(request.question))
            return Place(found.id, found.leaf)
        title = conversations.title_of(request.question)
        return Place(conversations.create(connection, self.owner, title=title).id)


def owned(connection: Connection, owner: str, run_id: str, *, param: str | None = None) -> Run:
    """A run of this owner; somebody else's does not exist for them, nor one of a conversation that is put aside."""
    found = queries.get(connection, run_id)
    if found is None or found.owner != owner or not _is_shown(connection, found):
        raise NotFoundError(
            f"no run {run_id}", message="Такого ответа нет или он принадлежит другому ключу.", param=param
        )
    return found


def _is_shown(connection: Connection, found: Run) -> bool:
    return found.conversation is None or conversations.is_there(connection, found.conversation)


def _digest(request: Request, continues: str | None, instead_of: str | None) -> str:
    facts = orjson.dumps([request, continues, instead_of], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(facts).hexdigest()
