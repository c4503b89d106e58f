"""Runs in the database. Every function takes a connection inside the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from ..storage.schema import event, event_block, run, run_content, run_token
from .model import Context, Request, Run, Status

UNFINISHED = (Status.QUEUED, Status.IN_PROGRESS)
_CONTENT = ("request", "context")
_COLUMNS = [run_content.c[f.name] if f.name in _CONTENT else run.c[f.name] for f in fields(Run)]
_RUNS = select(*_COLUMNS).select_from(run.join(run_content, run_content.c.run == run.c.id))

# Statements of the path that every question takes are built once: building one costs more than running it.
_GET = _RUNS.where(run.c.id == bindparam("run_id"))
_BY_KEY = select(run.c.id, run.c.request_hash).where(
    run.c.owner == bindparam("owner"), run.c.idempotency_key == bindparam("key")
)
_ADD = insert(run)
_COUNT_QUEUED = select(func.count()).where(run.c.status == Status.QUEUED)
_COUNT_UNFINISHED = select(func.count()).where(run.c.owner == bindparam("owner"), run.c.status.in_(UNFINISHED))
_ADD_CONTENT = insert(run_content)
_SET_CONTEXT = update(run_content).where(run_content.c.run == bindparam("run_id")).values(context=bindparam("frozen"))

_earlier = run.alias("earlier")
_HELD_BACK = (
    select(literal(1))
    .where(
        _earlier.c.conversation == run.c.conversation,
        _earlier.c.id != run.c.id,
        or_(
            _earlier.c.status == Status.IN_PROGRESS,
            and_(
                _earlier.c.status == Status.QUEUED,
                tuple_(_earlier.c.created_at, _earlier.c.id) < tuple_(run.c.created_at, run.c.id),
            ),
        ),
    )
    .exists()
)
_FREE = (
    select(run.c.id)
    .where(run.c.status == Status.QUEUED, ~_HELD_BACK)
    .order_by(run.c.created_at, run.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
)
_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
_TAKE = (
    update(run)
    .where(run.c.id.in_(_IDS))
    .values(
        status=Status.IN_PROGRESS,
        worker=bindparam("holder"),
        attempt=run.c.attempt + 1,
        lease_until=bindparam("until"),
        started_at=func.coalesce(run.c.started_at, bindparam("now")),
    )
)
_TAKEN = _RUNS.where(run.c.id.in_(_IDS)).order_by(run.c.created_at, run.c.id)


def from_row(row: Row[Any]) -> Run:
    facts = dict(row._mapping)
    facts["status"] = Status(facts["status"])
    facts["request"] = Request.from_json(facts["request"])
    facts["context"] = Context.from_json(facts["context"]) if facts["context"] else None
    return Run(**facts)


def get(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(_GET, {"run_id": run_id}).one_or_none()
    return from_row(row) if row else None


def by_idempotency_key(connection: Connection, owner: str, key: str) -> tuple[str, str] | None:
    """(run id, hash of its request), or None."""
    row = connection.execute(_BY_KEY, {"owner": owner, "key": key}).one_or_none()
    return (row.id, row.request_hash) if row else None


def add(connection: Connection, created: Run, *, idempotency_key: str | None, request_hash: str) -> None:
    connection.execute(
        _ADD,
        {
            "id": created.id,
            "owner": created.owner,
            "status": created.status,
            "created_at": created.created_at,
            "conversation": created.conversation,
            "question_message": created.question_message,
            "answer_message": created.answer_message,
            "continues": created.continues,
            "detached": created.detached,
            "reader_seen": None if created.detached else created.created_at,
            "last_seq": created.last_seq,
            "idempotency_key": idempotency_key,
            "request_hash": request_hash,
        },
    )
    content = {"run": created.id, "request": created.request, "context": created.context}
    connection.execute(_ADD_CONTENT, content)


def count_queued(connection: Connection) -> int:
    return int(connection.scalar(_COUNT_QUEUED) or 0)


def count_unfinished(connection: Connection, owner: str) -> int:
    return int(connection.scalar(_COUNT_UNFINISHED, {"owner": owner}) or 0)


def queued(connection: Connection, limit: int, asked_before: float = float("inf")) -> list[Run]:
    """Waiting runs, the oldest first."""
    waiting = (run.c.status == Status.QUEUED, run.c.created_at < asked_before)
    query = _RUNS.where(*waiting).order_by(run.c.created_at, run.c.id).limit(limit)
    return [from_row(row) for row in connection.execute(query)]


def queued_ids(connection: Connection, limit: int) -> list[str]:
    """Waiting runs, the oldest first."""
    query = select(run.c.id).where(run.c.status == Status.QUEUED).order_by(run.c.created_at, run.c.id)
    return list(connection.scalars(query.limit(limit)))


def claim(connection: Connection, worker: str, limit: int, lease_until: float) -> list[Run]:
    """Take up to `limit` waiting runs that no earlier question of their conversation holds back."""
    free = connection.scalars(_FREE, {"most": limit}).all()
    return _take(connection, free, worker, lease_until)


def take_over(connection: Connection, found: Collection[tuple[str, int]], worker: str, lease_until: float) -> list[Run]:
    """Take running runs (id, attempt) from whoever had them; the fence makes it safe at any time."""
    taken: list[Run] = []
    for run_id, attempt in found:
        still = (run.c.id == run_id, run.c.attempt == attempt, run.c.status == Status.IN_PROGRESS)
        if connection.scalar(select(run.c.id).where(*still).with_for_update(skip_locked=True)):
            taken += _take(connection, [run_id], worker, lease_until)
    return taken


def _take(connection: Connection, ids: Sequence[str], worker: str, lease_until: float) -> list[Run]:
    if not ids:
        return []
    connection.execute(_TAKE, {"ids": ids, "holder": worker, "until": lease_until, "now": time.time()})
    return [from_row(row) for row in connection.execute(_TAKEN, {"ids": ids})]


def foreign_workers(connection: Connection, me: str) -> list[str]:
    """Other workers that hold runs; runs that were handed back have the worker ''."""
    query = select(run.c.worker).distinct().where(run.c.status == Status.IN_PROGRESS, run.c.worker != me)
    return [worker or "" for worker in connection.scalars(query)]


def held_by(connection: Connection, workers: Collection[str], limit: int) -> list[tuple[str, int]]:
    query = (
        select(run.c.id, run.c.attempt)
        .where(run.c.status == Status.IN_PROGRESS, run.c.worker.in_(workers))
        .order_by(run.c.created_at)
        .limit(limit)
    )
    return [(row.id, row.attempt) for row in connection.execute(query)]


def expired(connection: Connection, now: float, horizon: float, limit: int) -> list[tuple[str, int]]:
    """Runs whose lease is over, or so far away that the clock must have been set back."""
    over = or_(run.c.lease_until < now, run.c.lease_until > now + horizon)
    query = (
        select(run.c.id, run.c.attempt)
        .where(run.c.status == Status.IN_PROGRESS, over)
        .order_by(run.c.created_at)
        .limit(limit)
    )
    return [(row.id, row.attempt) for row in connection.execute(query)]


def renew(connection: Connection, worker: str, held: dict[str, tuple[int, float]], lease_until: float) -> set[str]:
    """Extend leases of `held` (id → attempt, seconds spent); valid even after expiry.

    Returns those that are still this worker's; another attempt holds the others.
    """
    kept: set[str] = set()
    for run_id, (attempt, spent) in held.items():
        values = {"lease_until": lease_until, "spent": _greatest(connection, spent)}
        if connection.execute(update(run).where(_fence(run_id, worker, attempt)).values(values)).rowcount:
            kept.add(run_id)
    return kept


def hand_back(connection: Connection, worker: str, held: dict[str, tuple[int, float]]) -> None:
    """Give all runs of a worker to whoever comes next, at once; `held` tells what they have spent."""
    for run_id, (attempt, spent) in held.items():
        spending = update(run).where(_fence(run_id, worker, attempt)).values(spent=_greatest(connection, spent))
        connection.execute(spending)
    connection.execute(update(run).where(run.c.worker == worker, run.c.status == Status.IN_PROGRESS).values(worker=""))


def _fence(run_id: str, worker: str, attempt: int) -> Any:
    return and_(run.c.id == run_id, run.c.worker == worker, run.c.attempt == attempt)


def _greatest(connection: Connection, spent: float) -> Any:
    greatest = func.max if connection.dialect.name == "sqlite" else func.greatest
    return greatest(run.c.spent, spent)


def signals(connection: Connection, worker: str, reader_gone_before: float) -> list[str]:
    """Runs of this worker that must stop: asked to, or their only reader has gone."""
    gone = and_(run.c.detached.is_(False), run.c.reader_seen < reader_gone_before)
    query = select(run.c.id).where(
        run.c.status == Status.IN_PROGRESS, run.c.worker == worker, or_(run.c.cancel_requested.is_(True), gone)
    )
    return list(connection.scalars(query))


def reader_seen(connection: Connection, run_id: str, now: float) -> None:
    connection.execute(update(run).where(run.c.id == run_id).values(reader_seen=now))


def request_cancel(connection: Connection, run_id: str) -> None:
    connection.execute(update(run).where(run.c.id == run_id).values(cancel_requested=True))


def set_context(connection: Connection, run_id: str, context: Context) -> None:
    connection.execute(_SET_CONTEXT, {"run_id": run_id, "frozen": context})


def erase(connection: Connection, run_ids: Collection[str]) -> None:
    """Delete runs and their logs; nothing of them stays."""
    for column in (event.c.run, event_block.c.run, run_token.c.run, run_content.c.run, run.c.id):
        connection.execute(delete(column.table).where(column.in_(run_ids)))
