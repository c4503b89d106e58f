"""How much of this machine's time its host gave to others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")
STEAL = 7  # its place in the first line's numbers; guest time after it is in user time already


@dataclass(slots=True)
class Steal:
    """Filled in when the watching is over."""

    share: float = 0.0  # of all processors' time

    @property
    def percent(self) -> float:
        return self.share * 100


@contextmanager
def watched() -> Iterator[Steal]:
    """For as long as the block lasts. Where the system does not tell, it stays nothing."""
    steal, (stolen, whole) = Steal(), _times()
    yield steal
    later, more = _times()
    steal.share = (later - stolen) / max(1, more - whole)


def _times() -> tuple[int, int]:
    """(stolen, all), in the kernel's ticks since it was started."""
    if not STAT.exists():
        return 0, 0
    ticks = [int(number) for number in STAT.read_text().split("\n", 1)[0].split()[1 : STEAL + 2]]
    return ticks[STEAL], sum(ticks)
