"""One thread that writes: what gathers while one commit is on its way to the disk shares the next."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from ..errors import StorageError
from .errors import storage_failure, unstorable

T = TypeVar("T")
Job = tuple[Callable[[Connection], Any], "Future[Any]"]

MOST_JOBS = 256  # in one transaction; bounds how long the first of them waits for the commit


class Writer:
    """Runs changes in the order in which they were submitted, many to a commit.

    A change's future is resolved after the commit, so a result that is seen is durable. A change that
    raises undoes itself alone: the transaction that it spoiled is rolled back and its other changes run
    once more, so a change must have no effect but on its connection. (A savepoint for each would cost
    every question what this costs a rare mistake.) When the database itself fails, every change fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(writes=True)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, change: Callable[[Connection], T]) -> Future[T]:
        """Queue a change; never blocks."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # a change under way cannot be cancelled
        with self._lock:
            if self._closed:
                raise StorageError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="db-write", daemon=True)
                self._thread.start()
            self._jobs.put((change, future))
        return future

    def close(self) -> None:
        """Finish what is queued and end the thread. Idempotent."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
            if thread is not None:
                self._jobs.put(None)
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._commit(batch)

    def _next_batch(self) -> list[Job] | None:
        job = self._jobs.get()
        if job is None:
            return None
        batch = [job]
        while len(batch) < MOST_JOBS and not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)  # seen again, after this batch
                break
            batch.append(job)
        return batch

    def _commit(self, batch: list[Job]) -> None:
        try:
            results = self._together(batch)
        # Whatever a change raises belongs to its caller, and the thread must live on.
        except BaseException as error:  # noqa: BLE001
            failure = storage_failure(error)
            if failure is None and len(batch) > 1:
                for job in batch:  # all is undone: each alone, and only the one that is wrong fails
                    self._commit([job])
                return
            for _, future in batch:
                future.set_exception(failure or unstorable(error) or error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _together(self, batch: list[Job]) -> list[Any]:
        with self._engine.begin() as connection:
            return [change(connection) for change, _ in batch]
