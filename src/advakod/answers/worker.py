"""The worker: claims runs, keeps them, looks after those that others have lost.

One per process. It holds a lock that the kernel frees when the process dies (liveness), a lease on
each run for the case that it lives but is stuck, and nothing else: any worker can go on with any run.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from ..errors import StorageError
from ..settings import TimeBudget
from ..storage import Database
from . import queries
from .hub import Hub
from .liveness import Liveness
from .model import Run
from .writing import Desk, Writing

log = logging.getLogger(__name__)

CLAIM_BATCH = 64  # runs taken in one transaction


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

    @property
    def running(self) -> int:
        return len(self._held)

    async def start(self) -> None:
        await asyncio.to_thread(self._lock.hold)
        self._loops = [
            asyncio.create_task(self._claiming(), name="claiming"),
            *(
                asyncio.create_task(self._every(seconds, work), name=work.__name__)
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
        if held:
            facts = {run_id: (w.run.attempt, w.spent) for run_id, (w, _) in held.items()}
            try:
                await self._database.write(partial(queries.hand_back, worker=self.name, held=facts))
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
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._claim()
            except StorageError as error:
                log.warning("cannot claim runs: %s", error.detail)  # _look_after wakes this again

    async def _claim(self) -> None:
        while free := min(self.concurrency - self.running, CLAIM_BATCH):
            runs = await self._database.write(
                partial(queries.claim, worker=self.name, limit=free, lease_until=self._lease())
            )
            self._take(runs)
            if len(runs) < free:
                return

    def _lease(self) -> float:
        return time.time() + self._time.lease

    def _take(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self._hub.written_here(run.id, local=True)
            writing = Writing(run, self._desk)
            task = asyncio.create_task(writing.perform(), name=f"run {run.id}")
            self._held[run.id] = (writing, task)
            task.add_done_callback(partial(self._done, run.id))

    def _done(self, run_id: str, _task: asyncio.Task[None]) -> None:
        self._held.pop(run_id, None)
        self._hub.written_here(run_id, local=False)
        self._wake.set()  # a place is free

    # -- looking after ----------------------------------------------------------------------------

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except StorageError as error:
                log.warning("%s: %s", getattr(work, "__name__", work), error.detail)
            await asyncio.sleep(seconds)

    async def _look_after(self) -> None:
        """Runs of dead workers, stops asked for elsewhere, runs queued by other processes."""
        others = await self._database.read(partial(queries.foreign_workers, me=self.name))
        if others:
            dead = await asyncio.to_thread(self._lock.dead, [worker for worker in others if worker])
            await self._take_over_from([*dead, *([""] if "" in others else [])])
        if self._held:
            gone = time.time() - self._time.client_silence
            for run_id in await self._database.read(
                partial(queries.signals, worker=self.name, reader_gone_before=gone)
            ):
                self.cancel(run_id)
        self._wake.set()

    async def _take_over_from(self, workers: Sequence[str]) -> None:
        if not workers:
            return
        found = await self._database.read(partial(queries.held_by, workers=workers, limit=self._free))
        await self._take_over(found)

    @property
    def _free(self) -> int:
        return max(0, self.concurrency - self.running)

    async def _take_over(self, found: Sequence[tuple[str, int]]) -> None:
        if found:
            change = partial(queries.take_over, found=found, worker=self.name, lease_until=self._lease())
            runs = await self._database.write(change)
            log.info("took over %d runs", len(runs))
            self._take(runs)

    async def _renew(self) -> None:
        if self._held:
            held = {run_id: (w.run.attempt, w.spent) for run_id, (w, _) in self._held.items()}
            await self._database.write(partial(queries.renew, worker=self.name, held=held, lease_until=self._lease()))

    async def _reap(self) -> None:
        horizon = self._time.lease_horizon
        found = await self._database.read(
            partial(queries.expired, now=time.time(), horizon=horizon, limit=self._free, me=self.name)
        )
        await self._take_over(found)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
