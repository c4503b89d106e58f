"""How the time of a piece of work grows with its size: right on a machine of any speed, unlike a number of seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 4  # larger
MOST = 2.5 * TIMES  # work that is linear takes TIMES as long; what is quadratic, TIMES² = 16 times
LEAST = 0.001  # seconds; what is done sooner cannot be compared
TRIES = 3  # the best of them: another process may have been busy in the others


def assert_linear(work: Callable[[str], object], text: str) -> None:
    """Reading TIMES of this text takes at most MOST times as long as reading it once."""
    once, many = _seconds(work, text), _seconds(work, text * TIMES)
    assert many <= MOST * max(once, LEAST), f"{text[:20]!r}: {once:.4f} s, {TIMES} times of it {many:.4f} s"


def _seconds(work: Callable[[str], object], text: str) -> float:
    work(text)  # what is kept from the first time is kept for all
    return min(_once(work, text) for _ in range(TRIES))


def _once(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began
