"""Long lists, the newest first, page by page: `next` of one reply is `after` of the next request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from ..errors import InputError

After = Annotated[str | None, Query(max_length=120, description="Поле `next` прежнего ответа.")]


def mark(at: float, last: str) -> str:
    """The place behind an entry with this time and id; `position` reads it again, to the last bit."""
    return f"{at!r}~{last}"


def position(after: str | None) -> tuple[float, str] | None:
    """A place in a list as `mark` wrote it. Raises InputError."""
    if after is None:
        return None
    at, _, last = after.partition("~")
    try:
        return float(at), last
    except ValueError as error:
        raise InputError(after, message="Поле «after»: передайте поле next прежнего ответа.", param="after") from error
