"""What reading, cancelling and losing the database look like, on each kind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from advakod.errors import SettingsError, StorageError
from advakod.storage import Database
from advakod.storage.errors import UnstorableTextError
from tests.support.postgres import PostgresServer


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM meta")).scalar_one())


def add(connection: Connection) -> None:
    connection.execute(text("INSERT INTO meta (key, value) SELECT 'k' || count(*), '' FROM meta"))


def test_a_read_sees_the_last_commit(database: Database) -> None:
    async def scenario() -> None:
        for n in range(1, 20):
            await database.write(add)
            assert await database.read(count) == n

    asyncio.run(scenario())


def test_a_read_is_one_snapshot(database: Database) -> None:
    with database.reading() as connection:
        assert count(connection) == 0
        database.write_sync(add)
        assert count(connection) == 0
    with database.reading() as connection:
        assert count(connection) == 1


def test_reads_do_not_wait_for_a_write_under_way(database: Database) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add(connection)
        started.set()
        release.wait(10)

    async def scenario() -> None:
        writing = asyncio.ensure_future(database.write(slow))
        await asyncio.to_thread(started.wait, 10)
        assert await asyncio.wait_for(database.read(count), 5) == 0
        release.set()
        await writing
        assert await database.read(count) == 1

    asyncio.run(scenario())


def test_many_readers_share_the_connections(database: Database) -> None:
    async def scenario() -> list[int]:
        return await asyncio.gather(*(database.read(count) for _ in range(200)))

    assert asyncio.run(scenario()) == [0] * 200


def test_cancelling_the_caller_does_not_undo_the_change(database: Database) -> None:
    release = threading.Event()

    def slow(connection: Connection) -> None:
        release.wait(10)
        add(connection)

    async def scenario() -> None:
        writing = asyncio.ensure_future(database.write(slow))
        await asyncio.sleep(0.05)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        release.set()
        await database.write(lambda _: None)
        assert await database.read(count) == 1

    asyncio.run(scenario())


def test_a_wrong_statement_is_not_called_a_failure_of_the_database(database: Database) -> None:
    with pytest.raises(TypeError):
        asyncio.run(database.read(lambda _: int("1") + "1"))  # type: ignore[operator]


def test_after_close_reads_and_writes_are_refused(database: Database) -> None:
    database.close()
    for access in (database.read(count), database.write(count)):
        with pytest.raises(StorageError):
            asyncio.run(access)


def test_a_lost_connection_is_a_storage_error_once(postgres: PostgresServer) -> None:
    database = Database(postgres.create_database()).open()
    database.write_sync(add)

    def cut_off(connection: Connection) -> None:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        add(connection)

    with pytest.raises(StorageError):
        database.write_sync(cut_off)
    with pytest.raises(StorageError):
        asyncio.run(database.read(cut_off))
    database.write_sync(add)
    assert asyncio.run(database.read(count)) == 2
    database.close()


def test_a_server_that_is_not_there_is_a_storage_error() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StorageError):
        database.open()
    with pytest.raises(StorageError):
        database.write_sync(add)
    database.close()


@pytest.mark.parametrize(
    "url", ["", "::::", "mysql://user:secret@host/name", "postgresql//host", "postgresql://u:secret@h:x/"]
)
def test_an_address_that_is_none_names_the_variable(url: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Database(url)
    assert "ADVAKOD_DATABASE_URL" in refusal.value.message
    assert "secret" not in f"{refusal.value.message} {refusal.value.detail}"


def test_a_text_that_cannot_be_held_is_its_senders_mistake_alone(postgres: PostgresServer) -> None:
    database = Database(postgres.create_database()).open()

    def find(connection: Connection) -> None:
        connection.execute(text("SELECT value FROM meta WHERE key = :key"), {"key": "a\0b"})

    async def scenario() -> list[object]:
        changes = (database.write(change) for change in (add, find, add))
        return [*await asyncio.gather(*changes, return_exceptions=True), await database.read(count)]

    before, mistake, after, stored = asyncio.run(scenario())
    assert (before, after, stored) == (None, None, 2)
    assert isinstance(mistake, UnstorableTextError)
    with pytest.raises(UnstorableTextError):
        asyncio.run(database.read(find))
    database.close()


def test_a_database_that_does_not_open_is_named_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "advakod.db"
    file.write_bytes(b"This is no database. " * 1_000)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StorageError) as refusal:
        database.open()
    assert str(file) in refusal.value.message
    assert "not a database" in refusal.value.message
    database.close()


def test_the_password_of_a_database_that_does_not_open_is_not_told() -> None:
    database = Database("postgresql://anna:secret@127.0.0.1:1/law")
    with pytest.raises(StorageError) as refusal:
        database.open()
    assert "anna:***@127.0.0.1:1/law" in refusal.value.message
    assert "secret" not in f"{refusal.value.message} {refusal.value.detail}"
    database.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the driver forgets to close a socket
def test_a_server_that_takes_connections_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advakod.storage.database.CONNECT_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = Database(f"postgresql://anna@127.0.0.1:{silent.getsockname()[1]}/law")
        with pytest.raises(StorageError):
            database.open()
        database.close()
    gc.collect()  # that socket, while its warning is expected


def test_a_statement_may_take_longer_than_connecting(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.create_database()
    monkeypatch.setattr("advakod.storage.database.CONNECT_WITHIN", 2.0)
    database = Database(url).open()
    assert asyncio.run(database.read(lambda c: c.execute(text("SELECT 1 FROM pg_sleep(2.5)")).scalar_one())) == 1
    database.close()
