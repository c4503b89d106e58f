"""What went wrong lately, for an administrator: how it ended and why, never what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from ..storage.schema import run, run_content
from .model import Reason, Status

MOST = 200
# Each kind by itself: the index of statistics then gives its newest first, and nothing is sorted.
KINDS = (
    run.c.status == Status.FAILED,
    and_(run.c.status == Status.INCOMPLETE, run.c.reason != Reason.MAX_OUTPUT_TOKENS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A run that failed, or was cut short with its words kept."""

    response_id: str
    key: str  # name of the key that asked, or `local`
    status: str
    reason: str | None  # code of the failure, or why incomplete
    message: str | None  # what the person who asked was told
    created_at: float
    finished_at: float
    attempts: int
    engine: str | None  # None when it ended before one was chosen for it


def recent(connection: Connection, limit: int) -> list[Failure]:
    """The newest first. What counts as a failure is what counts as one in the statistics."""
    found = [row for kind in KINDS for row in _newest(connection, kind, limit)]
    found.sort(key=lambda row: (-row.finished_at, row.response_id))
    return [Failure(**row._mapping) for row in found[:limit]]


def _newest(connection: Connection, kind: ColumnElement[bool], limit: int) -> Sequence[Any]:
    query = (
        select(
            run.c.id.label("response_id"),
            run.c.owner.label("key"),
            run.c.status,
            run.c.reason,
            run.c.error_message.label("message"),
            run.c.created_at,
            run.c.finished_at,
            run.c.attempt.label("attempts"),
            run_content.c.context["engine"].as_string().label("engine"),
        )
        .select_from(run.outerjoin(run_content, run_content.c.run == run.c.id))
        .where(kind)
        .order_by(run.c.finished_at.desc())
        .limit(limit)
    )
    return connection.execute(query).all()
