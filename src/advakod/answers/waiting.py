"""Runs that wait: their place in the queue, their longest wait, and their end when it is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from ..settings import TimeBudget
from ..storage import Database
from ..telemetry import Metrics
from . import conversations, event_log, queries, stats, wire
from .hub import Hub
from .model import Outcome, Reason, Run, Status
from .outcomes import ended

LOOK_AT = 1_000  # waiting runs told their place; those behind it wait longer than anyone would watch
SOON = 0.5  # seconds after asking: who is not written by then is told its place, without waiting for the round


class WaitingRoom:
    """Writes to runs that nobody holds. Several processes may do so at once: the log's length is the fence.

    `expected_wait` tells how many seconds a run at a place will wait, None when nobody can know.
    """

    def __init__(
        self,
        database: Database,
        hub: Hub,
        time_budget: TimeBudget,
        metrics: Metrics,
        expected_wait: Callable[[int], float | None] = lambda _: None,
    ) -> None:
        self._database = database
        self._hub = hub
        self._time = time_budget
        self._metrics = metrics
        self._expected_wait = expected_wait
        self._told: dict[str, int] = {}  # the place last written, by run
        self._asked: dict[str, Run] = {}  # asked here and not yet seen to be written
        self._new = asyncio.Event()
        self._telling = asyncio.Lock()

    def asked(self, run: Run) -> None:
        """A run was stored here just now; unless it is `left` soon, it is told its place."""
        self._asked[run.id] = run
        self._new.set()

    def left(self, run_id: str) -> None:
        """It waits no longer: costs nothing."""
        self._asked.pop(run_id, None)

    async def greet(self) -> None:
        """Tell the place to those who have been asked since and really wait; to be done again and again.

        Where nobody waits, this reads and writes nothing.
        """
        await self._new.wait()
        self._new.clear()
        await asyncio.sleep(min(SOON, self._time.progress))
        since = time.time() - min(SOON, self._time.progress)
        waited = {run_id: run for run_id, run in self._asked.items() if run.created_at <= since}
        self._asked = {run_id: run for run_id, run in self._asked.items() if run_id not in waited}
        if self._asked:
            self._new.set()  # those that came meanwhile have their turn
        if waited:
            async with self._telling:
                ids = await self._database.read(partial(queries.queued_ids, limit=LOOK_AT))
                places = [(waited[run_id], place) for place, run_id in enumerate(ids, 1) if run_id in waited]
                await self._tell([(run, place) for run, place in places if run.id not in self._told])

    async def tell_places(self) -> None:
        """Write `advakod.stage` for each run whose place has changed; who has just been asked is `greet`'s."""
        async with self._telling:
            waiting = await self._database.read(partial(queries.queued, limit=LOOK_AT))
            self._told = {run.id: self._told[run.id] for run in waiting if run.id in self._told}
            moved = [(run, place) for place, run in enumerate(waiting, 1) if self._told.get(run.id) != place]
            await self._tell([(run, place) for run, place in moved if run.id not in self._asked])

    async def _tell(self, moved: Sequence[tuple[Run, int]]) -> None:
        if not moved:
            return
        stages = [(run, _stage(run, place, self._expected_wait(place))) for run, place in moved]
        written = await self._database.write(partial(_append_each, stages=stages))
        self._told |= {run.id: place for run, place in moved}
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


def _stage(run: Run, place: int, wait: float | None) -> bytes:
    return wire.event("advakod.stage", run.last_seq + 1, stage="queued", position=place, expected_wait=wait)


def _append_each(connection: Connection, stages: Sequence[tuple[Run, bytes]]) -> set[str]:
    return {run.id for run, body in stages if event_log.append_waiting(connection, run, [body])}
