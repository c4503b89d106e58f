"""Bring a database's schema up to date."""

from __future__ import annotations

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x61647661  # PostgreSQL advisory lock of migrations: one process migrates, the others wait


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction; a database that is up to date costs one read."""
    script = ScriptDirectory(str(MIGRATIONS))
    head = script.get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _apply(connection, script)


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
