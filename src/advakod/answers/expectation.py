"""How long an answer will take, by those that were completed lately. Kept in memory, one a process.

Filled once from the database at the start, then by each run that is completed here: no question costs a
query. What other processes write is learned at the next start.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from statistics import median

from sqlalchemy import Connection, select

from ..storage.schema import run, run_content
from .model import Plan, Run, Status

REMEMBERED = 50  # completed runs of an engine: enough for a steady median, few enough to follow a change of load
LEAST = 3  # runs before anything is foretold
LOOK_AT = 200  # completed runs looked at on the start, of whatever engine
# (below so many seconds, rounded up to a multiple of so many): nobody knows a wait of minutes to the second
STEPS = ((10.0, 1.0), (60.0, 5.0), (600.0, 30.0), (math.inf, 60.0))


@dataclass(frozen=True, slots=True)
class Taken:
    """What one completed run took."""

    seconds: float  # from the claim to the end
    first_word: float  # from the claim to the first text
    tokens: int
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class Expected:
    """None where too little is known."""

    seconds: float | None = None  # from the claim to the end
    tokens: int | None = None
    first_word: float | None = None  # seconds from the claim to the first text

    def after(self, seconds: float) -> Expected:
        """The same when so much time has passed that nobody could expect."""
        if seconds <= 0 or self.seconds is None or self.first_word is None:
            return self
        return replace(self, seconds=round(self.seconds + seconds, 1), first_word=round(self.first_word + seconds, 1))


@dataclass(frozen=True, slots=True)
class _Medians:
    seconds: float
    first_word: float
    tokens: float
    tokens_per_second: float | None


class _Lately:
    """The last runs of one engine and their medians, which one run in ten that is new does not make another."""

    def __init__(self) -> None:
        self._taken: deque[Taken] = deque(maxlen=REMEMBERED)
        self._new = 0  # since the medians were taken
        self._medians: _Medians | None = None

    def add(self, taken: Taken) -> None:
        self._taken.append(taken)
        self._new += 1
        if self._new > len(self._taken) // 10:
            self._medians = None

    def medians(self) -> _Medians | None:
        """None while fewer than LEAST are known."""
        if self._medians is None and len(self._taken) >= LEAST:
            self._medians, self._new = _medians(self._taken), 0
        return self._medians


class Expectations:
    """Medians by the engine's fingerprint: another model has another speed."""

    def __init__(self) -> None:
        self._lately: defaultdict[str, _Lately] = defaultdict(_Lately)
        self._current = ""  # fingerprint of the engine that writes now
        self._planned: dict[str, float] = {}  # seconds, by fingerprint: of the run planned last

    def load(self, connection: Connection, fingerprint: str) -> None:
        """Learn from what is stored; `fingerprint` is that of the engine which will write."""
        self._current = fingerprint
        for engine, taken in _recent(connection):
            self._note(engine, taken)

    def learn(self, ended: Run) -> None:
        """Take a completed run into account. One that went on with another's text tells nothing of a whole one."""
        if ended.context is not None and ended.continues is None:
            times = _taken(ended.started_at, ended.first_text_at, ended.finished_at, ended.output_tokens)
            self._note(ended.context.fingerprint, times)

    def of_writing(self, fingerprint: str, most_tokens: int, budget: float, plan: Plan | None = None) -> Expected:
        """What a run that is about to be written will take: never more than it may.

        A plan by the engine's own speed knows better than the past how long this prompt takes; how long such an
        answer is the past knows better.
        """
        self._current = fingerprint
        known = self._lately[fingerprint].medians()
        if plan is not None and plan.seconds is not None:
            return self._of_plan(fingerprint, plan, known, budget)
        if known is None:
            return Expected()
        tokens = min(most_tokens, round(known.tokens))
        seconds = known.seconds
        if known.tokens_per_second is not None:
            seconds = known.first_word + tokens / known.tokens_per_second
        return Expected(_within(seconds, budget), tokens, _within(known.first_word, budget))

    def _of_plan(self, fingerprint: str, plan: Plan, known: _Medians | None, budget: float) -> Expected:
        assert plan.seconds is not None
        first = plan.first_word or 0.0
        room = max(1, plan.answer_tokens or 1)
        tokens = min(room, round(known.tokens)) if known else room
        seconds = first + (plan.seconds - first) * tokens / room
        self._planned[fingerprint] = seconds
        return Expected(_within(seconds, budget), tokens, _within(first, budget))

    def wait(self, place: int, concurrency: int) -> float | None:
        """Seconds until a run at this place of the queue is begun, rounded up to what can honestly be said; by the
        run that was planned last where no past is known.
        """
        known = self._lately[self._current].medians()
        each = known.seconds if known else self._planned.get(self._current)
        if each is None or concurrency < 1:
            return None
        return honest(place * each / concurrency)

    def _note(self, fingerprint: str, taken: Taken | None) -> None:
        if taken is not None:
            self._lately[fingerprint].add(taken)


def _within(seconds: float, budget: float) -> float:
    return round(min(seconds, budget), 1)


def honest(seconds: float) -> float:
    """Rounded up: to seconds below ten, to five below a minute, then to half minutes and minutes."""
    step = next(step for below, step in STEPS if seconds < below)
    return math.ceil(seconds / step) * step


def _medians(lately: Collection[Taken]) -> _Medians:
    speeds = [taken.tokens_per_second for taken in lately if taken.tokens_per_second]
    return _Medians(
        seconds=median(taken.seconds for taken in lately),
        first_word=median(taken.first_word for taken in lately),
        tokens=median(taken.tokens for taken in lately),
        tokens_per_second=median(speeds) if len(speeds) >= LEAST else None,
    )


def _taken(started: float | None, first_text: float | None, finished: float | None, tokens: int) -> Taken | None:
    if started is None or first_text is None or finished is None:
        return None
    writing = finished - first_text
    speed = tokens / writing if writing > 0 and tokens > 1 else None
    return Taken(max(0.0, finished - started), max(0.0, first_text - started), tokens, speed)


def _recent(connection: Connection) -> Iterator[tuple[str, Taken | None]]:
    """Engine's fingerprint and what was taken by the runs that were completed last, the oldest first.

    The ids come from the index (status, finished_at, …), so it costs the same however many runs there are.
    """
    ids = select(run.c.id).where(run.c.status == Status.COMPLETED).order_by(run.c.finished_at.desc()).limit(LOOK_AT)
    fingerprint = run_content.c.context["fingerprint"].as_string()
    query = (
        select(fingerprint, run.c.started_at, run.c.first_text_at, run.c.finished_at, run.c.output_tokens)
        .join(run_content, run_content.c.run == run.c.id)
        .where(run.c.id.in_(select(ids.subquery().c.id)), run.c.continues.is_(None))
        .order_by(run.c.finished_at)
    )
    for row in connection.execute(query):
        yield row[0] or "", _taken(row[1], row[2], row[3], row[4])
