"""Tells somebody who waits of a connection that stays away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

# Seconds without a connection that are worth a word; a server that hands over to another is back sooner.
LASTING = 2.0

Notice = Callable[[], None]


class Outage:
    """Calls `on_dropped` once for a break longer than LASTING, and `on_back` once when such a break is over.

    Neither is called after the block is left.
    """

    def __init__(self, on_dropped: Notice | None, on_back: Notice | None) -> None:
        self._on_dropped = on_dropped
        self._on_back = on_back
        self._timer: asyncio.TimerHandle | None = None
        self._told = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget()

    def begin(self) -> None:
        """There is no connection; may be said again while there is none."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LASTING, self._tell)

    def end(self) -> None:
        """There is one."""
        self._forget()
        if self._told and self._on_back:
            self._on_back()
        self._told = False

    def _tell(self) -> None:
        self._told = True
        if self._on_dropped:
            self._on_dropped()

    def _forget(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
