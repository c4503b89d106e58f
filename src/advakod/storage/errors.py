"""Which of a driver's errors are the database's own failures, and which are the caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ..errors import StorageError

# SQLSTATE classes that say nothing against the statement: connection, transaction rolled back (deadlock),
# resources (disk full), operator (shutdown), system (I/O). pg8000 raises ProgrammingError for all of them.
FAILURES = ("08", "25P", "40", "53", "55P03", "57", "58", "XX")


def storage_failure(error: BaseException) -> StorageError | None:
    """The failure behind a driver's error; None when the statement itself was wrong."""
    if not _is_failure(error):
        return None
    failure = StorageError(str(error))
    failure.__cause__ = error
    return failure


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the database's own failures into `StorageError`; let everything else through."""
    try:
        yield
    except Exception as error:
        if failure := storage_failure(error):
            raise failure from error
        raise


def _is_failure(error: BaseException) -> bool:
    if isinstance(error, OperationalError | sqlite3.OperationalError | PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    if state := _sqlstate(error):
        return state.startswith(FAILURES)
    return type(error) is DatabaseError  # SQLite has no finer class for a file that is damaged or no database


def _sqlstate(error: DBAPIError) -> str:
    facts = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return str(facts.get("C", "")) if isinstance(facts, dict) else ""
