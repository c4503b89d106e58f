"""Runs that wait: their place in the queue, their longest wait, and their end when it is stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from ..settings import TimeBudget
from ..storage import Database
from ..telemetry import Metrics
from . import conversations, event_log, queries, stats, wire
from .hub import Hub
from .model import Outcome, Reason, Run, Status
from .writing import ended

LOOK_AT = 1_000  # waiting runs told their place; those behind it wait longer than anyone would watch


class WaitingRoom:
    """Writes to runs that nobody holds. Several processes may do so at once: the log's length is the fence."""

    def __init__(self, database: Database, hub: Hub, time_budget: TimeBudget, metrics: Metrics) -> None:
        self._database = database
        self._hub = hub
        self._time = time_budget
        self._metrics = metrics
        self._told: dict[str, int] = {}  # the place last written, by run

    async def tell_places(self) -> None:
        """Write `advakod.stage` for each run whose place has changed."""
        waiting = await self._database.read(partial(queries.queued, limit=LOOK_AT))
        self._told = {run.id: self._told[run.id] for run in waiting if run.id in self._told}
        moved = [(run, place) for place, run in enumerate(waiting, 1) if self._told.get(run.id) != place]
        if moved:
            stages = [(run, _stage(run, place)) for run, place in moved]
            written = await self._database.write(partial(_append_each, stages=stages))
            for run, place in moved:
                self._told[run.id] = place
            for run, body in stages:
                if run.id in written:
                    self._hub.publish(run.id, run.last_seq + 1, [body])

    async def end_overdue(self) -> None:
        """Fail the runs that have waited for too long."""
        before = time.time() - self._time.queue_wait
        for run in await self._database.read(partial(queries.queued, limit=LOOK_AT, asked_before=before)):
            await self.end(run, ended(Status.FAILED, Reason.QUEUE_TIMEOUT))

    async def end(self, run: Run, outcome: Outcome) -> bool:
        """End a waiting run; false when a worker was faster."""
        facts = replace(run, finished_at=time.time())
        body = wire.event(
            wire.TERMINAL[outcome.status],
            run.last_seq + 1,
            response=wire.response(facts, outcome.status, outcome=outcome),
        )

        def change(connection: Connection) -> bool:
            if not event_log.append_waiting(connection, facts, [body], outcome):
                return False
            conversations.answered(connection, run, "")
            return True

        if not await self._database.write(change):
            return False
        self._hub.publish(run.id, run.last_seq + 1, [body])
        stats.observe(self._metrics, facts, outcome)
        return True


def _stage(run: Run, place: int) -> bytes:
    return wire.event("advakod.stage", run.last_seq + 1, stage="queued", position=place)


def _append_each(connection: Connection, stages: Sequence[tuple[Run, bytes]]) -> set[str]:
    return {run.id for run, body in stages if event_log.append_waiting(connection, run, [body])}
