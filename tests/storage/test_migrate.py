"""The schema a database gets is the schema the code believes in."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from advakod.errors import StorageError
from advakod.storage import Database
from advakod.storage.schema import metadata

PROCESSES = 4


def test_migrations_make_the_schema(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_opening_again_changes_nothing(database: Database) -> None:
    database.write_sync(lambda c: c.execute(text("INSERT INTO meta VALUES ('a', 'b')")).rowcount)
    again = Database(database.url).open()
    with again.reading() as connection:
        assert connection.execute(text("SELECT value FROM meta")).scalar_one() == "b"
    again.close()


def test_several_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    processes = [spawn.Process(target=_open, args=(database_url, barrier)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    database = Database(database_url).open()
    assert set(metadata.tables) <= set(inspect(database.engine).get_table_names())
    database.close()


def _open(url: str, barrier: Barrier) -> None:
    database = Database(url)
    barrier.wait(30)
    database.open().close()


def test_a_database_of_a_newer_program_is_left_alone(database: Database) -> None:
    def from_the_future(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    database.write_sync(from_the_future)
    newer = Database(database.url)
    with pytest.raises(StorageError) as refusal:
        newer.open()
    assert "более новой версией" in refusal.value.message
    newer.close()
