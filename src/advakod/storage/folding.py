"""Finding words in texts as people do: case does not count, and ё is е. The same on each kind of database.

Neither kind can be asked to do it: SQLite folds ASCII alone, and PostgreSQL what the locale of the
database folds, which is ASCII alone in the locale C.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import ColumnElement, Connection, func

_HOLDS = "advakod_holds"


def fold(text: str) -> str:
    """What two texts that differ in case or in ё have in common."""
    return text.lower().replace("ё", "е")


def register(connection: sqlite3.Connection) -> None:
    """Teach a connection of SQLite what `holds` asks of it."""
    connection.create_function(_HOLDS, 2, _holds, deterministic=True)


def holds(connection: Connection, column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """Whether a column's text has `word` in it. Some 10 µs for 2,000 characters."""
    if connection.dialect.name == "sqlite":
        found: ColumnElement[int] = getattr(func, _HOLDS)(column, fold(word))
        return found == 1
    return column.regexp_match(_pattern(word))


def _holds(text: str, folded: str) -> int:
    return folded in fold(text)


def _pattern(word: str) -> str:
    """A regular expression that needs no locale: each letter in both cases."""
    return "".join(_either_case(letter) for letter in fold(word))


def _either_case(letter: str) -> str:
    if letter == "е":
        return "[еЕёЁ]"
    if not letter.isalpha():
        return letter if letter.isalnum() or letter == "_" else f"\\{letter}"
    upper = letter.upper()
    return f"[{letter}{upper}]" if len(upper) == 1 else letter
