"""Which of a driver's errors are the database's own failures, and which are the caller's.

StorageError
└── NewerDatabaseError    a newer version of the program made the database
InputError
└── UnstorableTextError   a text with a character that the database cannot hold
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ..errors import InputError, StorageError

# SQLSTATE classes that say nothing against the statement: connection, transaction rolled back (deadlock),
# resources (disk full), operator (shutdown), system (I/O). pg8000 raises ProgrammingError for all of them.
FAILURES = ("08", "25P", "40", "53", "55P03", "57", "58", "XX")
# A character that PostgreSQL cannot hold, and SQLite can: NUL.
UNSTORABLE = ("22021", "22P05")


class NewerDatabaseError(StorageError):
    """A newer version of the program made this database."""

    code = "database_newer"
    user_message = "База данных создана более новой версией программы. Обновите программу."


class UnstorableTextError(InputError):
    """A text with a character that the database cannot hold."""

    code = "bad_characters"
    user_message = "В тексте есть недопустимые знаки. Уберите их и повторите."


def storage_failure(error: BaseException) -> StorageError | None:
    """The failure behind a driver's error; None when the statement itself was wrong."""
    if not _is_failure(error):
        return None
    failure = StorageError(str(error))
    failure.__cause__ = error
    return failure


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the database's own failures, and what it cannot hold, into our errors; let everything else through."""
    try:
        yield
    except Exception as error:
        if meant := storage_failure(error) or unstorable(error):
            raise meant from error
        raise


def unstorable(error: BaseException) -> UnstorableTextError | None:
    """The caller's mistake behind a driver's error; None when it is another."""
    if isinstance(error, DBAPIError) and _sqlstate(error) in UNSTORABLE:
        return UnstorableTextError(_sqlstate(error))
    return None


def reason(failure: StorageError) -> str:
    """The database's own words for a failure, in one line; they are for whoever runs it."""
    cause = failure.__cause__
    words = (cause.orig if isinstance(cause, DBAPIError) else None) or cause or failure
    facts = words.args[0] if words.args else ""
    return " ".join(str(facts.get("M", facts) if isinstance(facts, dict) else words).split()).rstrip(".")


def _is_failure(error: BaseException) -> bool:
    if isinstance(error, OperationalError | sqlite3.OperationalError | PoolTimeoutError | OSError):  # pg8000: sockets
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
