"""What several commands read from their arguments."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
from pathlib import Path

import typer

DAY = "ГГГГ-ММ-ДД или ДД.ММ.ГГГГ"


def date(value: str | None) -> dt.date | None:
    """A date as people and machines write it: 2024-05-31 or 31.05.2024."""
    if value is None:
        return None
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(value, form).date()  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            continue
    raise typer.BadParameter(f"«{value}» — не дата. Нужно {DAY}.")


def server_address(value: str | None) -> str | None:
    """A server's address; what has no scheme is spoken to in plain HTTP."""
    if value is None:
        return None
    scheme, separator, rest = value.rpartition("://")
    if separator and scheme.lower() not in ("http", "https"):
        raise typer.BadParameter(f"Адрес сервера начинается с http:// или https://, а не с {scheme}://.")
    if not rest.strip("/"):
        raise typer.BadParameter("Пустой адрес сервера. Нужно, например, http://127.0.0.1:8000.")
    return value if separator else f"http://{value}"


def program() -> str:
    """What to type to run this program again."""
    if shutil.which("advakod"):
        return "advakod"
    called = Path(sys.argv[0])
    return os.path.relpath(called) if called.name == "advakod" else "python -m advakod"
