"""The worker: claims runs, keeps them, looks after those that others have lost.

One per process. It holds a lock that the kernel frees when the process dies (liveness), a lease on
each run for the case that it lives but is stuck, and nothing else: any worker can go on with any run.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from ..errors import StorageError
from ..settings import TimeBudget
from ..storage import Database
from . import event_log, queries
from .chores import every
from .desk import Desk
from .event_log import Append
from .hub import Hub
from .liveness import Liveness
from .model import Run
from .writing import Writing

log = logging.getLogger(__name__)

CLAIM_BATCH = 64  # runs taken in one transaction
FOUND_AT_ONCE = 256  # ownerless runs noted by one look; the next one finds the others


class Worker:
    """Writes up to `concurrency` runs at once until it is stopped."""

    def __init__(self, name: str, desk: Desk, hub: Hub, lock: Liveness, concurrency: int) -> None:
        self.name = name
        self.concurrency = concurrency
        self._desk = desk
        self._database: Database = desk.database
        self._time: TimeBudget = desk.settings.time
        self._hub = hub
        self._lock = lock
        self._held: dict[str, tuple[Writing, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._ownerless: dict[str, int] = {}  # runs that are anybody's, and their last attempt
        self._seen: dict[str, int] = {}  # what the last look for strays saw

    @property
    def running(self) -> int:
        return len(self._held)

    async def start(self) -> None:
        await asyncio.to_thread(self._lock.hold)
        self._loops = [
            asyncio.create_task(self._claiming(), name="claiming"),
            *(
                asyncio.create_task(every(seconds, work), name=work.__name__)
                for seconds, work in (
                    (self._time.liveness, self._look_after),
                    (self._time.renewal, self._renew),
                    (self._time.reaper, self._reap),
                )
            ),
        ]

    async def stop(self) -> None:
        """Hand back what is being written, words included, so that another worker goes on at once."""
        await _cancelled(self._loops)
        held = dict(self._held)
        await _cancelled([task for _, task in held.values()])
        facts = {run_id: (w.run.attempt, w.spent) for run_id, (w, _) in held.items()}
        unwritten = [words for w, _ in held.values() if (words := w.unwritten()) is not None]
        try:  # after every write of ours: a claim, too, that was under way when its task was cancelled
            await self._database.write(partial(_hand_back, worker=self.name, unwritten=unwritten, held=facts))
        except StorageError:
            log.exception("runs could not be handed back; they come free with the lock")
        await asyncio.to_thread(self._lock.release)

    def wake(self) -> None:
        """There is a new run."""
        self._wake.set()

    def cancel(self, run_id: str) -> None:
        """Stop a run at once if it is written here; else its worker sees the flag within a second."""
        if (held := self._held.get(run_id)) is not None:
            held[0].stop()

    # -- claiming ---------------------------------------------------------------------------------

    async def _claiming(self) -> None:
        """The only place that takes runs, so that there are never more than `concurrency`."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._claim()
            except StorageError as error:
                log.warning("cannot claim runs: %s", error.detail)  # _look_after wakes this again
            # Whatever it is, questions must not wait for ever because one claim failed.
            except Exception:
                log.exception("cannot claim runs")

    async def _claim(self) -> None:
        """Runs that have lost their worker go first: somebody is reading them."""
        while (free := min(self.concurrency - self.running, CLAIM_BATCH)) > 0:
            ownerless = list(self._ownerless.items())[:free]
            for run_id, _ in ownerless:  # what cannot be had now is found again
                del self._ownerless[run_id]
            change = partial(_claim, worker=self.name, ownerless=ownerless, limit=free, lease_until=self._lease())
            runs = await self._database.write(change)
            self._take(runs)
            if len(runs) < free and not self._ownerless:
                return

    def _lease(self) -> float:
        return time.time() + self._time.lease

    def _take(self, runs: Sequence[Run]) -> None:
        for run in runs:
            if (before := self._held.get(run.id)) is not None:
                self._abandon(*before)
            self._hub.written_here(run.id, run.last_seq + 1)
            writing = Writing(run, self._desk)
            task = asyncio.create_task(writing.perform(), name=f"run {run.id}")
            self._held[run.id] = (writing, task)
            task.add_done_callback(partial(self._done, run.id))

    def _abandon(self, writing: Writing, task: asyncio.Task[None]) -> None:
        """This process lost the run, did not notice yet, and has just got it anew."""
        writing.lose()
        task.cancel()

    def _done(self, run_id: str, task: asyncio.Task[None]) -> None:
        if (held := self._held.get(run_id)) is None or held[1] is not task:
            return  # a newer attempt of ours writes the run
        del self._held[run_id]
        self._hub.not_written_here(run_id)
        self._wake.set()  # a place is free

    # -- looking after ----------------------------------------------------------------------------

    async def _look_after(self) -> None:
        """Runs of dead workers, runs left by this one, stops asked for elsewhere, runs queued by others."""
        await asyncio.to_thread(self._lock.hold)
        others = await self._database.read(partial(queries.foreign_workers, me=self.name))
        dead = await asyncio.to_thread(self._lock.dead, [worker for worker in others if worker])
        lost = [*dead, *([""] if "" in others else [])]
        if lost:
            self._ownerless |= await self._held_by(lost)
        self._ownerless |= await self._strays()
        if self._held:
            gone = time.time() - self._time.reader_gone
            signals = partial(queries.signals, worker=self.name, reader_gone_before=gone)
            for run_id in await self._database.read(signals):
                self.cancel(run_id)
        self._wake.set()

    async def _held_by(self, workers: Sequence[str]) -> dict[str, int]:
        return dict(await self._database.read(partial(queries.held_by, workers=workers, limit=FOUND_AT_ONCE)))

    async def _strays(self) -> dict[str, int]:
        """Runs that are ours in the database and that nobody here writes, when two looks in a row find them:
        a claim or an end of whose commit nothing was heard, a writing that could not store its end.
        """
        ours = await self._held_by([self.name])
        seen, self._seen = self._seen, {k: attempt for k, attempt in ours.items() if k not in self._held}
        return {run_id: attempt for run_id, attempt in self._seen.items() if seen.get(run_id) == attempt}

    async def _renew(self) -> None:
        if self._held:
            held = {run_id: (w.run.attempt, w.spent) for run_id, (w, _) in self._held.items()}
            change = partial(queries.renew, worker=self.name, held=held, lease_until=self._lease())
            kept = await self._database.write(change)
            for run_id in held.keys() - kept:
                self._lose(run_id, held[run_id][0])

    def _lose(self, run_id: str, attempt: int) -> None:
        """Another worker writes the run: let its engine go, however silent it is."""
        if (held := self._held.get(run_id)) is not None and held[0].run.attempt == attempt:
            held[0].lose()

    async def _reap(self) -> None:
        horizon = self._time.lease_horizon
        expired = partial(queries.expired, now=time.time(), horizon=horizon, limit=FOUND_AT_ONCE)
        found = dict(await self._database.read(expired))
        self._ownerless |= {run_id: attempt for run_id, attempt in found.items() if run_id not in self._held}
        self._wake.set()


def _claim(
    connection: Connection, worker: str, ownerless: Sequence[tuple[str, int]], limit: int, lease_until: float
) -> list[Run]:
    taken = queries.take_over(connection, ownerless, worker, lease_until)
    if taken:
        log.info("took over %d runs", len(taken))
    return taken + queries.claim(connection, worker, limit - len(taken), lease_until)


def _hand_back(
    connection: Connection, worker: str, unwritten: Sequence[Append], held: dict[str, tuple[int, float]]
) -> None:
    event_log.append(connection, worker, unwritten)
    queries.hand_back(connection, worker, held)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
