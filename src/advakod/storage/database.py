"""The database: one way to read, one way to write."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from ..errors import SettingsError, StorageError
from . import folding
from .errors import NewerDatabaseError, reason, storage_errors
from .migrate import upgrade
from .writer import Writer

T = TypeVar("T")

WAL_RETRY = 0.02  # seconds
BUSY_TIMEOUT_MS = 30_000  # another process may hold SQLite's write lock this long (backup, a paused ingest)
BAD_URL = "Неверная настройка ADVAKOD_DATABASE_URL: нужно postgresql://user:password@host/name."
BAD_FOLDER = "Неверная настройка ADVAKOD_DATA_DIR: папку {} нельзя создать ({}). Задайте другую."
UNOPENED = "База данных {} не открывается: {}. Проверьте файл, права и место на диске либо ADVAKOD_DATABASE_URL."
NO_DRIVER = "Неверная настройка ADVAKOD_DATABASE_URL: для PostgreSQL установите advakod[postgres]."
CONNECT_WITHIN = 10.0  # seconds to reach PostgreSQL and sign in
# When a silent PostgreSQL has vanished: probes from 15 s on, 10 s apart, three without an answer; sent bytes that
# nobody has acknowledged for 45 s (in ms).
VANISHED = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 45_000}
READERS = 4  # reading threads; a read is milliseconds, so more would only fight over the GIL


class Database:
    """Owns the connections.

    Reads see the last commit and never wait for writes (WAL; PostgreSQL: MVCC). All writes of a
    process go through one thread that commits what has gathered in one transaction; a write that
    has returned is on disk. Failures of the database itself are `StorageError`s.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = _known_url(url)
        self.engine = _engine(self.url)
        self._snapshots = _snapshot_engine(self.engine)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="db-read")
        self._writer = Writer(self.engine)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def open(self) -> Database:
        """Bring the schema up to date. Safe when several processes do it at once.

        Raises a StorageError that says which database does not open, and why.
        """
        if self.is_sqlite and self.url.database:
            _make_folder(Path(self.url.database).parent)
        try:
            with storage_errors():
                upgrade(self.engine)
        except NewerDatabaseError:
            raise
        except StorageError as error:
            shown = self.url.database if self.is_sqlite else self.url.render_as_string(hide_password=True)
            raise StorageError(error.detail, message=UNOPENED.format(shown, reason(error))) from error
        return self

    def close(self) -> None:
        """Finish the writes and reads that are queued, then let go of everything. Idempotent."""
        self._writer.close()
        self._pool.shutdown(wait=True)  # a read is milliseconds; a cancelled one would look like its caller's own
        self._snapshots.dispose()
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on one snapshot, taken at its first query; for threads that may block."""
        with storage_errors(), self._snapshots.connect() as connection:
            yield connection

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on a reading thread; all its statements see one snapshot."""
        try:
            reading = self._pool.submit(self._read, query)
        except RuntimeError as error:  # shut down
            raise StorageError("the database is closed") from error
        return await asyncio.wrap_future(reading)

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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(str(error), message=BAD_FOLDER.format(folder, error.strerror)) from error


def _known_url(url: str | URL) -> URL:
    try:
        known = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: the port
        raise SettingsError("not a database URL", message=BAD_URL) from None  # the cause may repeat the password
    if known.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError(f"unknown database {known.drivername}", message=BAD_URL)
    if known.drivername == "postgresql":
        known = known.set(drivername="postgresql+pg8000")
    return known


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = _create(url, poolclass=QueuePool, pool_size=READERS + 2)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return _create_postgresql(url, pool_size=2)
    except ImportError as error:
        raise SettingsError(str(error), message=NO_DRIVER) from error


def _snapshot_engine(engine: Engine) -> Engine:
    """Where readers connect: every transaction of SQLite is a snapshot; PostgreSQL's are when asked to be."""
    if engine.dialect.name == "sqlite":
        return engine
    return _create_postgresql(engine.url, pool_size=READERS, isolation_level="REPEATABLE READ")


def _create_postgresql(url: URL, **options: Any) -> Engine:
    engine = _create(url, pool_pre_ping=True, connect_args={"timeout": CONNECT_WITHIN}, **options)
    event.listen(engine, "connect", _set_up_postgresql)
    event.listen(engine, "invalidate", _close_socket)
    return engine


def _close_socket(connection: Any, _record: object, _error: object) -> None:
    """The driver leaves the socket of a broken connection to the garbage collector."""
    broken: socket.socket | None = connection._usock
    if broken is not None and (descriptor := broken.detach()) >= 0:
        os.close(descriptor)


def _create(url: URL, **options: Any) -> Engine:
    return create_engine(
        url,
        max_overflow=READERS,
        pool_use_lifo=True,
        hide_parameters=True,  # they are people's questions, and errors go into the log
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        **options,
    )


def _to_json(value: object) -> str:
    """JSON columns take dataclasses as they are; Cyrillic stays itself, a sixth of its escaped length."""
    return orjson.dumps(value).decode()


def _set_up_postgresql(connection: Any, _record: object) -> None:
    """A statement may take as long as it takes; a server that has vanished is noticed within a minute."""
    connected: socket.socket = connection._usock  # the driver has no door to it
    connected.settimeout(None)
    if connected.family == socket.AF_UNIX:
        return
    for option, value in VANISHED.items():
        if hasattr(socket, option):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",  # NORMAL can lose, in a power cut, what a reader has seen
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-8192",  # KiB per connection
    ):
        connection.execute(f"PRAGMA {pragma}")
    folding.register(connection)
    _use_wal(connection)


def _use_wal(connection: Any) -> None:
    """Processes that open a new file at once collide here, and SQLite tells the loser without waiting."""
    give_up = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(WAL_RETRY)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write takes the lock at its start: upgrading a read lock later can fail at once.
    writes = connection.get_execution_options().get("writes", False)
    raw: Any = connection.connection.driver_connection  # straight: this stands before every read and every commit
    raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
