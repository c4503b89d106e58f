"""How fast a model is on this machine: measured once when it is met, then learnt from each answer.

Speeds are kept by how many texts were written at once. What was not seen yet is taken from its neighbours, on the slow
side: another text at once is not faster, and two share what one had.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ..interface import Speed
from .http import Timings

logger = logging.getLogger(__name__)

# Tokens after which half of what is known comes from what was seen last. About one answer of a plan for 300 s.
READING_HALF = 512
WRITING_HALF = 128
# Fewer tell of the work around them, not of the tokens.
LEAST_READ = 32
LEAST_WRITTEN = 8
OUTLIER = 4.0  # a sample this many times away from what is known counts as if it were so far
KEPT = 32  # models and machines in one file; the oldest goes
SAVED_EVERY = 60.0  # seconds

# Calibration. The first taste tells how much may be read in the second without anybody waiting long for it: 40 s in
# all at 2.5 tokens/s reading and 1.6 writing, a second at a hundred times that.
FIRST_READ, FIRST_WRITTEN = 16, 4
BRIEF, LONG = 3.0, 20.0  # seconds of reading: as much as is wanted, and to have LEAST_WANTED at all
LEAST_WANTED, MOST_READ = 64, 1_024
WRITING_SECONDS, MOST_WRITTEN = 5.0, 32
Taste = Callable[[int, int], Awaitable[Timings]]  # reads and writes so many tokens


@dataclass(slots=True)
class Estimate:
    """Tokens a second, as an exponential mean by tokens."""

    rate: float = 0.0  # 0: not known

    def learn(self, tokens: float, seconds: float, half: float) -> None:
        if seconds <= 0 or tokens <= 0:
            return
        rate = tokens / seconds
        if not self.rate:
            self.rate = rate
            return
        rate = min(max(rate, self.rate / OUTLIER), self.rate * OUTLIER)
        # The mean is of seconds a token: what is planned with it is time.
        new = 1 - 0.5 ** (tokens / half)
        self.rate = 1 / (new / rate + (1 - new) / self.rate)


class SpeedBook:
    """What is known of one model on one machine. `key` names both; a file that cannot be read is an empty one."""

    def __init__(self, file: Path, key: str) -> None:
        self._file = file
        self._key = key
        self._reading: dict[int, Estimate] = {}
        self._writing: dict[int, Estimate] = {}
        self._learnt = asyncio.Event()  # since it was saved

    @property
    def known(self) -> bool:
        return self.estimate(1) is not None

    def estimate(self, at_once: int) -> Speed | None:
        """What each of so many texts may count on."""
        reading, writing = _rate(self._reading, at_once), _rate(self._writing, at_once)
        return Speed(reading, writing) if reading and writing else None

    def learn(self, timings: Timings, at_once: int) -> None:
        """From one answer, or what there is of it; cached tokens tell nothing, and neither do a few."""
        self._learnt.set()
        if timings.read >= LEAST_READ:
            self._learn_reading(timings, at_once)
        if timings.written >= LEAST_WRITTEN:
            self._learn_writing(timings, at_once)

    def _learn_reading(self, timings: Timings, at_once: int) -> None:
        self._reading.setdefault(at_once, Estimate()).learn(timings.read, timings.reading_seconds, READING_HALF)

    def _learn_writing(self, timings: Timings, at_once: int) -> None:
        written = timings.written - 1  # the first comes with the end of the reading
        self._writing.setdefault(at_once, Estimate()).learn(written, timings.writing_seconds, WRITING_HALF)

    async def calibrate(self, taste: Taste) -> None:
        """Bounded by the machine's own speed; what `taste` raises goes through."""
        first = await taste(FIRST_READ, FIRST_WRITTEN)
        self._learn_reading(first, 1)
        self._learn_writing(first, 1)
        if (rough := self.estimate(1)) is None:
            return
        read = max(min(MOST_READ, int(BRIEF * rough.reading)), min(LEAST_WANTED, int(LONG * rough.reading)), FIRST_READ)
        written = max(min(MOST_WRITTEN, int(WRITING_SECONDS * rough.writing)), FIRST_WRITTEN)
        self._reading.clear()  # so few tokens were not worth more than this
        self._writing.clear()
        second = await taste(read, written)
        self._learn_reading(second, 1)
        self._learn_writing(second, 1)

    # -- the file ---------------------------------------------------------------------------------

    def load(self) -> None:
        """Blocks."""
        kept = _read(self._file).get(self._key)
        if isinstance(kept, dict):
            self._reading, self._writing = _estimates(kept.get("reading")), _estimates(kept.get("writing"))

    async def keep_saving(self) -> None:
        """What is learnt, at once and then at most every SAVED_EVERY seconds; for ever."""
        while True:
            await self._learnt.wait()
            self._learnt.clear()
            await asyncio.to_thread(self.save)
            await asyncio.sleep(SAVED_EVERY)

    def save(self) -> None:
        """The old file or the new one is there, whatever happens. Blocks; a full disk costs a line in the log."""
        if not self.known:
            return
        others = [(key, kept) for key, kept in _read(self._file).items() if key != self._key][-KEPT + 1 :]
        mine = {"reading": _rates(self._reading), "writing": _rates(self._writing)}
        try:
            _replace(self._file, orjson.dumps(dict([*others, (self._key, mine)]), option=orjson.OPT_INDENT_2))
        except OSError as error:
            logger.warning("the model's speed cannot be kept: %s", error)


class Crowd:
    """Counts who is there at once; tells each who leaves how many there were on average while he was there."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._present = 0
        self._sum = 0.0  # of presence, over time
        self._at = clock()

    @property
    def present(self) -> int:
        return self._present

    def enter(self) -> tuple[float, float]:
        self._move(+1)
        return self._at, self._sum

    def leave(self, entered: tuple[float, float]) -> int:
        before = self._present
        self._move(-1)
        seconds = self._at - entered[0]
        return max(1, round((self._sum - entered[1]) / seconds)) if seconds > 0 else before

    def _move(self, change: int) -> None:
        now = self._clock()
        self._sum += self._present * (now - self._at)
        self._at = now
        self._present += change


def _rate(known: dict[int, Estimate], at_once: int) -> float:
    """At this load; else the best of the greater loads, which it is not slower than; else a share of a lesser one."""
    seen = {load: estimate.rate for load, estimate in known.items() if estimate.rate}
    if at_once in seen:
        return seen[at_once]
    above = [rate for load, rate in seen.items() if load > at_once]
    below = [rate * load / at_once for load, rate in seen.items() if load < at_once]
    return max(above + below, default=0.0)


def _read(file: Path) -> dict[str, Any]:
    try:
        kept = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _estimates(kept: object) -> dict[int, Estimate]:
    """What can be understood of it."""
    pairs = kept.items() if isinstance(kept, dict) else ()
    return {
        int(load): Estimate(float(rate))
        for load, rate in pairs
        if load.isdecimal() and int(load) and isinstance(rate, float | int) and math.isfinite(rate) and rate > 0
    }


def _rates(known: dict[int, Estimate]) -> dict[str, float]:
    return {str(load): round(estimate.rate, 3) for load, estimate in sorted(known.items()) if estimate.rate}


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=file.name, delete=False) as new:
        try:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(file)
        except OSError:
            Path(new.name).unlink()
            raise
