"""What people say of answers: stored beside the run, and gone with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from ..errors import ConflictError
from ..storage import Database
from ..storage.schema import conversation, feedback, message, run, run_content
from . import event_log
from .asking import owned

LONGEST_COMMENT = 2_000  # characters
EXCERPT = 600  # characters of a question and of an answer in the administrator's list


class Rating(StrEnum):
    """A thumb."""

    UP = "up"
    DOWN = "down"


class Ground(StrEnum):
    """What was wrong, or right, with an answer."""

    WRONG_LAW = "wrong_law"  # it rests on another law than it should
    OUTDATED = "outdated"
    NOT_ANSWERED = "not_answered"
    UNCLEAR = "unclear"
    MISTAKE = "mistake"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the owner of a run thinks of it."""

    rating: Rating
    reason: Ground | None
    comment: str
    created_at: float  # when it was said last


@dataclass(frozen=True, slots=True)
class Opinion:
    """A line of the administrator's list; `key` names whoever asked."""

    response_id: str
    key: str
    rating: Rating
    reason: Ground | None
    comment: str
    created_at: float
    question: str
    answer: str
    status: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How many thumbs there are."""

    up: int
    down: int


class Opinions:
    """Methods that take an owner's name raise NotFoundError for runs that are not theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def give(self, owner: str, run_id: str, rating: Rating, reason: Ground | None, comment: str) -> Feedback:
        """Store it in place of what was said before. Raises ConflictError before the run has ended."""
        given = Feedback(rating, reason, comment.strip(), time.time())
        await self._database.write(partial(_give, owner=owner, run_id=run_id, given=given))
        return given

    async def withdraw(self, owner: str, run_id: str) -> None:
        """Idempotent."""
        await self._database.write(partial(_withdraw, owner=owner, run_id=run_id))

    async def listing(
        self, limit: int, after: tuple[float, str] | None = None, rating: Rating | None = None
    ) -> tuple[list[Opinion], Totals]:
        """Of all keys, what was said last first; the totals are of all of it."""
        return await self._database.read(partial(_listing, limit=limit, after=after, rating=rating))


def get(connection: Connection, run_id: str) -> Feedback | None:
    """What is said of a run."""
    columns = (feedback.c[name] for name in Feedback.__dataclass_fields__)
    row = connection.execute(select(*columns).where(feedback.c.run == run_id)).one_or_none()
    return Feedback(Rating(row.rating), _ground(row.reason), row.comment, row.created_at) if row else None


def _give(connection: Connection, owner: str, run_id: str, given: Feedback) -> None:
    if not owned(connection, owner, run_id).status.terminal:
        raise ConflictError("still running", message="Ответ ещё пишется: оцените его, когда он будет готов.")
    insert: Callable[..., Any] = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {name: getattr(given, name) for name in Feedback.__dataclass_fields__}
    adding = insert(feedback).values(run=run_id, **values)
    connection.execute(adding.on_conflict_do_update(index_elements=[feedback.c.run], set_=values))


def _withdraw(connection: Connection, owner: str, run_id: str) -> None:
    owned(connection, owner, run_id)
    connection.execute(delete(feedback).where(feedback.c.run == run_id))


_GIVEN = feedback.join(run, run.c.id == feedback.c.run).outerjoin(conversation, conversation.c.id == run.c.conversation)
_IS_SHOWN = or_(run.c.conversation.is_(None), conversation.c.deleted_at.is_(None))
_WITH_WORDS = _GIVEN.join(run_content, run_content.c.run == run.c.id).outerjoin(
    message, message.c.id == run.c.answer_message
)


def _listing(
    connection: Connection, limit: int, after: tuple[float, str] | None, rating: Rating | None
) -> tuple[list[Opinion], Totals]:
    wanted: list[ColumnElement[bool]] = [_IS_SHOWN]
    if rating is not None:
        wanted.append(feedback.c.rating == rating)
    if after is not None:
        at, last = feedback.c.created_at, feedback.c.run
        wanted.append(or_(at < after[0], and_(at == after[0], last < after[1])))
    columns = (feedback, run.c.owner, run.c.status, message.c.text, run_content.c.request)
    query = select(*columns).select_from(_WITH_WORDS)
    rows = connection.execute(
        query.where(*wanted).order_by(feedback.c.created_at.desc(), feedback.c.run.desc()).limit(limit)
    )
    return [_opinion(connection, row) for row in rows], _totals(connection)


def _opinion(connection: Connection, row: Any) -> Opinion:
    text = row.text if row.text is not None else event_log.progress(event_log.read_all(connection, row.run)).text
    return Opinion(
        response_id=row.run,
        key=row.owner,
        rating=Rating(row.rating),
        reason=_ground(row.reason),
        comment=row.comment,
        created_at=row.created_at,
        question=_beginning(row.request["question"]),
        answer=_beginning(text),
        status=row.status,
    )


def _totals(connection: Connection) -> Totals:
    counted = select(feedback.c.rating, func.count().label("thumbs")).select_from(_GIVEN).where(_IS_SHOWN)
    thumbs = {row.rating: row.thumbs for row in connection.execute(counted.group_by(feedback.c.rating))}
    return Totals(up=thumbs.get(Rating.UP, 0), down=thumbs.get(Rating.DOWN, 0))


def _ground(stored: str | None) -> Ground | None:
    return Ground(stored) if stored else None


def _beginning(text: str) -> str:
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1].rstrip() + "…"
