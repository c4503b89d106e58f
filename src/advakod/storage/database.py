"""The database: one way to read, one way to write."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

from ..errors import StorageError
from .migrate import upgrade
from .writer import Writer

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000  # another process may hold SQLite's write lock this long (backup, a paused ingest)
READERS = 4  # reading threads; a read is milliseconds, so more would only fight over the GIL


class Database:
    """Owns the connections.

    Reads see the last commit and never wait for writes (WAL; PostgreSQL: MVCC). All writes of a
    process go through one thread that commits what has gathered in one transaction; a write that
    has returned is on disk. Failures of the database itself are `StorageError`s.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        self.engine = _engine(self.url)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="db-read")
        self._writer = Writer(self.engine)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def open(self) -> Database:
        """Bring the schema up to date. Safe when several processes do it at once."""
        with storage_errors():
            if self.is_sqlite and self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            upgrade(self.engine)
        return self

    def close(self) -> None:
        """Write out what is queued, then let go of everything. Idempotent."""
        self._writer.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on one snapshot; for threads that may block."""
        with storage_errors(), self.engine.connect() as connection:
            yield connection

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a reading thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, query)

    def _read(self, query: Callable[[Connection], T]) -> T:
        with self.reading() as connection:
            return query(connection)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` in the writer's thread; returns after its commit.

        Cancelling the caller does not undo a change that is under way.
        """
        return await asyncio.wrap_future(self._writer.submit(change))

    def write_sync(self, change: Callable[[Connection], T]) -> T:
        """The same for code that runs in a thread of its own."""
        return self._writer.submit(change).result()


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the driver's operational failures into `StorageError`."""
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        raise StorageError(str(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageError(str(error)) from error
        raise


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=QueuePool, pool_size=READERS + 2, max_overflow=READERS)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if url.get_backend_name() == "postgresql" and url.drivername == "postgresql":
        url = url.set(drivername="postgresql+pg8000")
    return create_engine(url, pool_size=READERS + 2, max_overflow=READERS, pool_pre_ping=True)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL can lose, in a power cut, what a reader has seen
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-8192",  # KiB per connection
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write takes the lock at its start: upgrading a read lock later can fail at once.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
