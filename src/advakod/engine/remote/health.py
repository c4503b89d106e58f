"""Which of several addresses is asked first. Found at use: nobody is asked only to see whether he is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

PAUSE = 1.0  # seconds after the first failure; doubled by each other one in a row
LONGEST_PAUSE = 60.0  # a server that comes back is used again within a minute


class Health:
    """How one address fared lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.failures = 0  # in a row
        self.reason = ""  # of the last
        self.asked_again = 0.0  # on the clock: when the pause ends

    def failed(self, reason: str, pause: float = 0.0) -> None:
        """Many texts that fail together are one failure: only those after the pause make it longer.

        `pause`: seconds that it lasts at least.
        """
        if not self.paused:
            self.failures += 1
            pause = max(pause, min(LONGEST_PAUSE, PAUSE * 2.0 ** min(self.failures - 1, 16)))
        self.asked_again = max(self.asked_again, self._clock() + pause)
        self.reason = reason

    def well(self) -> None:
        self.failures, self.reason, self.asked_again = 0, "", 0.0

    @property
    def paused(self) -> bool:
        return self._clock() < self.asked_again


class HasHealth(Protocol):
    """Whatever stands at an address."""

    @property
    def health(self) -> Health: ...


S = TypeVar("S", bound=HasHealth)


def in_order(servers: Iterable[S]) -> Sequence[S]:
    """As they were named; those in their pause last, the one first whose pause ends first. None is left out."""
    return sorted(servers, key=lambda server: server.health.asked_again if server.health.paused else 0.0)
