"""Bring a database's schema up to date."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from .errors import NewerDatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x61647661  # PostgreSQL advisory lock of migrations: one process migrates, the others wait


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction; a database that is up to date costs one read.

    Safe when several processes do it at once: one migrates, the others wait and find it done. A
    database of a newer version of the program is left as it is: NewerDatabaseError.
    """
    with engine.connect() as connection:
        if _revision(connection) == _head():
            return
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _apply(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _head() -> str:
    """Migrations are a line of numbers: the files' names tell the last one."""
    return max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _apply(connection: Connection) -> None:
    # Imported only where there is something to do: it is a tenth of a start's time and of an idle server's memory.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    script = ScriptDirectory(str(MIGRATIONS))
    context = MigrationContext.configure(
        connection,
        opts={
            "fn": lambda revision, _: script._upgrade_revs("head", revision),
            "script": script,
        },
    )
    try:
        with Operations.context(context):
            context.run_migrations()
    except CommandError as error:  # its revision is not among ours
        raise NewerDatabaseError(str(error)) from error
