"""The schema a database gets is the schema the code believes in."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from advakod.errors import StorageError
from advakod.storage import Database
from advakod.storage.migrate import MIGRATIONS
from advakod.storage.schema import metadata

PROCESSES = 4


def test_migrations_make_the_schema(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_of_the_first_release_is_brought_up_to_date(database_url: str) -> None:
    old = Database(database_url)
    with old.engine.execution_options(writes=True).begin() as connection:
        _upgrade_to(connection, "0001")
        connection.execute(
            text(
                "INSERT INTO conversation (id, owner, title, metadata, created_at, updated_at) "
                "VALUES ('conv_old', 'local', 'прежняя', '{}', 1, 1)"
            )
        )
    new = old.open()
    with new.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        kept = connection.execute(text("SELECT title, deleted_at FROM conversation")).one()
    assert tuple(kept) == ("прежняя", None)
    new.close()


def _upgrade_to(connection: Connection, revision: str) -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    steps = {"fn": lambda found, _: script._upgrade_revs(revision, found), "script": script}
    context = MigrationContext.configure(connection, opts=steps)
    with Operations.context(context):
        context.run_migrations()


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
