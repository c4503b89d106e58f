"""What several commands read from their arguments."""

from __future__ import annotations

import datetime as dt

import typer


def date(value: str | None) -> dt.date | None:
    """A date as people and machines write it: 2024-05-31 or 31.05.2024."""
    if value is None:
        return None
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(value, form).date()  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            continue
    raise typer.BadParameter(f"«{value}» — не дата. Нужно ГГГГ-ММ-ДД или ДД.ММ.ГГГГ.")
