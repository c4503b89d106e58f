"""How fast a server reads and writes, learned from the answers it gives.

Its own account comes first: llama-server's `timings` leave its queue out. From outside only this can
be seen: writing, from the first word to the last; and the time before the first word, which holds
the server's queue too. A reading speed from that is never too high as long as it is known how much of
the prompt came from a cache: without `cached_tokens` nothing is learned of reading, and nothing told.

Answers that broke off or were stopped teach what was seen of them: on a machine so slow that none gets to its end
nothing else would ever tell how slow it is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

from ..interface import Speed

KEPT = 9  # answers; their median forgets one odd answer at once, and follows the load in five
SEEN_ENOUGH = 3  # answers that were timed from outside
LEAST_READ = 128  # tokens; fewer measure the network and the queue
LEAST_WRITTEN = 8
# Writing that nobody has seen yet, because all time went into reading: a CPU writes at two thirds of the speed that it
# reads at, a GPU at a hundredth, but then no answer is short of time even at MOST_GUESSED tokens a second.
GUESSED, MOST_GUESSED = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Timing:
    """What one answer, or what there was of it, says of speed, in tokens and seconds; 0 tokens: nothing."""

    read: int = 0
    reading: float = 0.0
    written: int = 0
    writing: float = 0.0
    told: bool = False  # by the server's own account


class Pace:
    """The speed that a text may count on now."""

    def __init__(self) -> None:
        self._reading: deque[float] = deque(maxlen=KEPT)
        self._writing: deque[float] = deque(maxlen=KEPT)
        self._told = False

    def learn(self, timing: Timing) -> None:
        """What is too short to say anything is passed over."""
        if timing.told and not self._told:  # better than all that was seen from outside
            self._told = True
            self._reading.clear()
            self._writing.clear()
        if timing.told is not self._told:
            return
        if timing.read >= LEAST_READ and timing.reading > 0:
            self._reading.append(timing.read / timing.reading)
        if timing.written >= LEAST_WRITTEN and timing.writing > 0:
            self._writing.append(timing.written / timing.writing)

    @property
    def speed(self) -> Speed | None:
        enough = 1 if self._told else SEEN_ENOUGH
        if len(self._reading) < enough:
            return None
        reading = median(self._reading)
        if len(self._writing) >= enough:
            return Speed(reading, median(self._writing))
        return Speed(reading, min(GUESSED * reading, MOST_GUESSED)) if self._told else None
