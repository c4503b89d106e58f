"""Who is alive: each worker holds a lock that the kernel frees when it dies, however it dies.

`kill -9` frees it at once, SIGSTOP keeps it: a stopped worker is stuck, not dead, and its runs come
free by their leases.
"""

from __future__ import annotations

import fcntl
import os
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ..errors import StorageError
from ..storage import Database
from ..storage.errors import storage_errors

UNWRITABLE = "В папку {} нельзя писать: {}. Проверьте права, место на диске и ADVAKOD_DATA_DIR."
ADVISORY_CLASS = 0x61647677  # PostgreSQL advisory locks of workers


class Liveness(Protocol):
    """Holds this worker's lock and tells whose lock is free. Methods block; call them from a thread."""

    def hold(self) -> None:
        """Take the lock, or take it again when it was lost. Idempotent; without effect after `release`."""
        ...

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
        self._released = False
        self._guard = threading.Lock()  # a `hold` may still be under way when the worker is stopped

    def hold(self) -> None:
        with self._guard:
            if self._released or (self._held is not None and self._is_in_place(self._held)):
                return
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                file = self._path(self._worker).open("wb")
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StorageError(str(error), message=UNWRITABLE.format(self._folder, error.strerror)) from error
            before, self._held = self._held, file
            if before is not None:
                before.close()

    def _is_in_place(self, held: IO[bytes]) -> bool:
        """Whether others see the file that is locked: somebody may have tidied up."""
        try:
            return os.path.samestat(os.fstat(held.fileno()), self._path(self._worker).stat())
        except FileNotFoundError:
            return False

    def dead(self, workers: Iterable[str]) -> list[str]:
        return [worker for worker in workers if worker != self._worker and self._is_free(worker)]

    def _is_free(self, worker: str) -> bool:
        """A worker's file is created before its first run, and removed only when its lock was free."""
        path = self._path(worker)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return True
        except OSError:
            return False  # not ours to open: it may live
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False  # held, or a file system without locks: it may live
        else:
            path.unlink(missing_ok=True)
            return True
        finally:
            os.close(descriptor)

    def release(self) -> None:
        with self._guard:
            self._released = True
            if self._held is not None:
                self._path(self._worker).unlink(missing_ok=True)
                self._held.close()
                self._held = None

    def _path(self, worker: str) -> Path:
        return self._folder / f"{worker}.lock"


class AdvisoryLocks:
    """A session-level advisory lock on a connection of its own. Methods raise StorageError."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker
        self._connection: Connection | None = None
        self._locked = False
        self._released = False
        self._guard = threading.Lock()  # a `hold` may still be under way when the worker is stopped

    def hold(self) -> None:
        with self._guard, storage_errors():
            if self._released:
                return
            if self._connection is not None and not self._is_connected(self._connection):
                self._let_go()  # and with it the lock: the others take our runs until it is held again
            if self._connection is None:
                self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not self._locked:
                # Refused while the server has not noticed that our last session is gone: that one holds it for us.
                query = text("SELECT pg_try_advisory_lock(:space, :key)")
                self._locked = bool(self._connection.scalar(query, _key(self._worker)))

    def _is_connected(self, connection: Connection) -> bool:
        try:
            connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError):  # the driver lets the socket's own errors through
            return False
        return True

    def dead(self, workers: Iterable[str]) -> list[str]:
        return [worker for worker in workers if worker != self._worker and self._is_free(worker)]

    def _is_free(self, worker: str) -> bool:
        with storage_errors(), self._database.engine.connect() as connection:
            # Freed at the end of this transaction: only asked, never kept.
            query = text("SELECT pg_try_advisory_xact_lock(:space, :key)")
            return bool(connection.scalar(query, _key(worker)))

    def release(self) -> None:
        with self._guard:
            self._released = True
            self._let_go()

    def _let_go(self) -> None:
        connection, self._connection, self._locked = self._connection, None, False
        if connection is not None:
            with suppress(Exception):  # the server may be gone, and then so is the lock
                connection.execute(text("SELECT pg_advisory_unlock(:space, :key)"), _key(self._worker))
            connection.invalidate()
            connection.close()


def _key(worker: str) -> dict[str, int]:
    # Two workers with one key (1 in 4 billion) would only look alive for each other: the lease still frees their runs.
    return {"space": ADVISORY_CLASS, "key": zlib.crc32(worker.encode()) - 2**31}
