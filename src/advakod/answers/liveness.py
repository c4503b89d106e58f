"""Who is alive: each worker holds a lock that the kernel frees when it dies, however it dies.

`kill -9` frees it at once, SIGSTOP keeps it: a stopped worker is stuck, not dead, and its runs come
free by their leases.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, text

from ..storage import Database

ADVISORY_CLASS = 0x61647677  # PostgreSQL advisory locks of workers


class Liveness(Protocol):
    """Holds this worker's lock and tells whose lock is free. Methods block; call them from a thread."""

    def hold(self) -> None: ...

    def dead(self, workers: Iterable[str]) -> list[str]:
        """Those of `workers` that certainly do not live."""
        ...

    def release(self) -> None:
        """Idempotent."""
        ...


def liveness(database: Database, data_dir: Path, worker: str) -> Liveness:
    """The kind that fits the database."""
    if database.is_sqlite:
        return FileLocks(data_dir / "workers", worker)
    return AdvisoryLocks(database, worker)


class FileLocks:
    """`flock` on a file per worker, for processes that share a data directory."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        self._worker = worker
        self._held: IO[bytes] | None = None

    def hold(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._path(self._worker).open("wb")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._held = file

    def dead(self, workers: Iterable[str]) -> list[str]:
        return [worker for worker in workers if worker != self._worker and self._is_free(worker)]

    def _is_free(self, worker: str) -> bool:
        """A worker's file is created before its first run, and removed only when its lock was free."""
        path = self._path(worker)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            path.unlink(missing_ok=True)
            return True
        finally:
            os.close(descriptor)

    def release(self) -> None:
        if self._held is not None:
            self._path(self._worker).unlink(missing_ok=True)
            self._held.close()
            self._held = None

    def _path(self, worker: str) -> Path:
        return self._folder / f"{worker}.lock"


class AdvisoryLocks:
    """A session-level advisory lock on a connection of its own."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker
        self._connection: Connection | None = None

    def hold(self) -> None:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SELECT pg_advisory_lock(:space, :key)"), _key(self._worker))
        self._connection = connection

    def dead(self, workers: Iterable[str]) -> list[str]:
        return [worker for worker in workers if worker != self._worker and self._is_free(worker)]

    def _is_free(self, worker: str) -> bool:
        with self._database.engine.connect() as connection:
            # Freed at the end of this transaction: only asked, never kept.
            query = text("SELECT pg_try_advisory_xact_lock(:space, :key)")
            return bool(connection.scalar(query, _key(worker)))

    def release(self) -> None:
        if self._connection is not None:
            with suppress(Exception):  # the server may be gone, and then so is the lock
                self._connection.execute(text("SELECT pg_advisory_unlock(:space, :key)"), _key(self._worker))
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _key(worker: str) -> dict[str, int]:
    # Two workers with one key (1 in 4 billion) would only look alive for each other: the lease still frees their runs.
    return {"space": ADVISORY_CLASS, "key": zlib.crc32(worker.encode()) - 2**31}
