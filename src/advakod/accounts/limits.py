"""How often one address may be wrong. How many runs a key may have is counted in the database by `answers`."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from .errors import SignInLimitError

MOST_FAILURES = 10
WINDOW = 60.0  # seconds
MOST_PEERS = 10_000  # remembered at once; bounds the memory that strangers can make us use


class FailureLimit:
    """At most `most` failures of a peer within `window` seconds; then even the right key must wait.

    Counted by this process alone. A peer that nobody has seen failing for longest is forgotten first.
    """

    def __init__(
        self, most: int = MOST_FAILURES, window: float = WINDOW, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, peer: str) -> None:
        """Raises SignInLimitError with the seconds to wait."""
        times = self._failures.get(peer)
        if times and len(times) == self._most and (wait := times[0] + self._window - self._clock()) > 0:
            raise SignInLimitError(f"sign-in failures of {peer}", retry_after=math.ceil(wait))

    def failed(self, peer: str) -> None:
        """Count one failure."""
        self._failures.setdefault(peer, deque(maxlen=self._most)).append(self._clock())
        self._failures.move_to_end(peer)
        if len(self._failures) > MOST_PEERS:
            self._failures.popitem(last=False)
