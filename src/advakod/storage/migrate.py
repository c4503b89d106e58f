"""Bring a database's schema up to date."""

from __future__ import annotations

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from ..errors import StorageError

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x61647661  # PostgreSQL advisory lock of migrations: one process migrates, the others wait
NEWER = "База данных создана более новой версией программы. Обновите программу."


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction; a database that is up to date costs one read.

    Safe when several processes do it at once: one migrates, the others wait and find it done. A
    database of a newer version of the program is left as it is: StorageError.
    """
    script = ScriptDirectory(str(MIGRATIONS))
    head = script.get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        try:
            _apply(connection, script)
        except CommandError as error:  # its revision is not among ours
            raise StorageError(str(error), message=NEWER) from error


def _apply(connection: Connection, script: ScriptDirectory) -> None:
    context = MigrationContext.configure(
        connection,
        opts={
            "fn": lambda revision, _: script._upgrade_revs("head", revision),
            "script": script,
        },
    )
    with Operations.context(context):
        context.run_migrations()
