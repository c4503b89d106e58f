"""What the runs in the database say about the service: all processes, before and after a restart.

Definitions (docs/reference/stats.md): a run counts in the window in which it ended, `start < finished_at <= now`.
It succeeded when it is completed or as long as it was allowed to be; it failed when it is failed, timed out,
stalled or lost its engine; one that its owner stopped is neither. Times are seconds as the person who asked saw
them, from the question, its wait in the queue included. A percentile is the nearest rank: a value that occurred.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
)

from ..errors import InputError
from ..storage.schema import run
from ..telemetry import Metrics
from .model import Outcome, Reason, Run, Status
from .occupancy import ENDED, Occupancy, averages, whole

DEFAULT_WINDOW = 3_600.0  # seconds
SHORTEST_WINDOW = 60.0
# Scans grow with the window: 100,000 runs take some 50 ms, and 350 ms by 1,440 steps.
LONGEST_WINDOW = 30 * 86_400.0
DEFAULT_STEP = 60.0
SHORTEST_STEP = 10.0
MOST_POINTS = 1_500  # of a plot: a day by the minute
# Runs whose times are looked at one by one. Above it an even sample is: the rank of its p95 is off by
# half a point at most, seven times in ten. Counts and averages are always of all runs.
SAMPLE = 2_000

_LONG_ENOUGH = and_(run.c.status == Status.INCOMPLETE, run.c.reason == Reason.MAX_OUTPUT_TOKENS)
_CUT_SHORT = and_(run.c.status == Status.INCOMPLETE, run.c.reason != Reason.MAX_OUTPUT_TOKENS)
_SUCCEEDED = or_(run.c.status == Status.COMPLETED, _LONG_ENOUGH)
_FAILED = or_(run.c.status == Status.FAILED, _CUT_SHORT)
_SECONDS = run.c.finished_at - run.c.created_at


class Ended(NamedTuple):
    """What is looked at of a run that ended. Named fields of a driver's row cost ten times the CPU."""

    status: str
    reason: str | None
    created_at: float
    first_text_at: float | None
    finished_at: float
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    """How many runs ended this way."""

    status: str
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The service over one window and right now. Times in seconds; None where no run has such a time."""

    window: float
    total_requests: int
    successful_requests: int
    failed_requests: int
    cancelled_requests: int
    error_rate: float  # failed of all, 0–1
    requests_per_minute: float
    average_response_time: float  # of successful runs; 0 when there are none, as clients of old expect
    p50_response_time: float | None
    p95_response_time: float  # 0 when there are none
    p99_response_time: float | None
    time_to_first_token_p50: float | None
    time_to_first_token_p95: float | None
    tokens_per_second_p50: float | None
    queue_length: int
    concurrent_requests: int
    outcomes: list[OutcomeCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One step of the history; the last one is still going on."""

    time: float  # its beginning, seconds since the epoch, a multiple of the step
    requests: int
    failed: int
    cancelled: int
    average_response_time: float | None
    p50_response_time: float | None
    p95_response_time: float | None
    p99_response_time: float | None
    time_to_first_token_p50: float | None
    time_to_first_token_p95: float | None
    tokens_per_second_p50: float | None
    average_queue: float  # runs that waited, on average over the step; occupancy.py defines it
    average_running: float


def measure(connection: Connection, now: float, window: float = DEFAULT_WINDOW) -> Stats:
    """The last `window` seconds."""
    outcomes = _outcomes(connection, now - window, now)
    total = sum(row.runs for row in outcomes)
    good = [row for row in outcomes if succeeded(row.status, row.reason)]
    successes = sum(row.runs for row in good)
    cancelled = sum(row.runs for row in outcomes if row.status == Status.CANCELLED)
    failures = total - successes - cancelled
    sample = _sample(connection, now - window, now, total)
    times, firsts = _response_times(sample), _present(first_token_seconds(row) for row in sample)
    return Stats(
        window=window,
        total_requests=total,
        successful_requests=successes,
        failed_requests=failures,
        cancelled_requests=cancelled,
        error_rate=failures / total if total else 0.0,
        requests_per_minute=total / window * 60,
        average_response_time=sum(row.seconds for row in good) / successes if successes else 0.0,
        p50_response_time=percentile(times, 0.5),
        p95_response_time=percentile(times, 0.95) or 0.0,
        p99_response_time=percentile(times, 0.99),
        time_to_first_token_p50=percentile(firsts, 0.5),
        time_to_first_token_p95=percentile(firsts, 0.95),
        tokens_per_second_p50=percentile(_present(tokens_per_second(row) for row in sample), 0.5),
        queue_length=_count(connection, Status.QUEUED),
        concurrent_requests=_count(connection, Status.IN_PROGRESS),
        outcomes=[OutcomeCount(status=row.status, reason=row.reason, count=row.runs) for row in outcomes if row.runs],
    )


def history(
    connection: Connection, now: float, window: float = DEFAULT_WINDOW, step: float = DEFAULT_STEP
) -> list[Point]:
    """The window by steps, the oldest first, without gaps: a step in which nothing ended is there too.

    Raises InputError when that would be more points than a plot can show.
    """
    if window / step > MOST_POINTS:
        raise InputError(
            f"{window} / {step}",
            message=f"Точек больше {MOST_POINTS}: увеличьте step или уменьшите window.",
            param="step",
        )
    first = math.floor((now - window) / step)
    counted = {row.step: row for row in _by_step(connection, first, step, now)}
    total = sum(row.requests for row in counted.values())
    sampled: dict[int, list[Ended]] = defaultdict(list)
    for row in _sample(connection, first * step, now, total):
        sampled[math.floor(row.finished_at / step) - first].append(row)
    occupied = averages(connection, first, step, now)
    return [_point((first + n) * step, counted.get(n), sampled[n], there) for n, there in enumerate(occupied)]


def _point(start: float, counted: Row[Any] | None, sample: Sequence[Ended], there: Occupancy) -> Point:
    times, firsts = _response_times(sample), _present(first_token_seconds(row) for row in sample)
    return Point(
        time=start,
        requests=counted.requests if counted else 0,
        failed=counted.failed if counted else 0,
        cancelled=counted.cancelled if counted else 0,
        average_response_time=counted.average if counted else None,
        p50_response_time=percentile(times, 0.5),
        p95_response_time=percentile(times, 0.95),
        p99_response_time=percentile(times, 0.99),
        time_to_first_token_p50=percentile(firsts, 0.5),
        time_to_first_token_p95=percentile(firsts, 0.95),
        tokens_per_second_p50=percentile(_present(tokens_per_second(row) for row in sample), 0.5),
        average_queue=there.queue,
        average_running=there.running,
    )


def queue_length(connection: Connection) -> int:
    """Waiting runs of all processes."""
    return _count(connection, Status.QUEUED)


def observe(metrics: Metrics, ended: Run, outcome: Outcome) -> None:
    """Tell the metrics of this process that a run has ended in it."""
    metrics.run_ended(
        status=outcome.status,
        reason=outcome.reason or "",
        seconds=(ended.finished_at or ended.created_at) - ended.created_at,
        first_token=first_token_seconds(ended),
        tokens_per_second=tokens_per_second(ended),
    )


# -- facts about one run ------------------------------------------------------------------------------


def succeeded(status: str, reason: str | None) -> bool:
    """The same as the query's: completed, or as long as it was allowed to be."""
    return status == Status.COMPLETED or (status == Status.INCOMPLETE and reason == Reason.MAX_OUTPUT_TOKENS)


def first_token_seconds(ended: Run | Ended) -> float | None:
    """From the question to the first text; None when it had none."""
    return None if ended.first_text_at is None else ended.first_text_at - ended.created_at


def tokens_per_second(ended: Run | Ended) -> float | None:
    """From the first text to the end; None when there is too little to tell."""
    if ended.first_text_at is None or ended.finished_at is None or ended.output_tokens < 2:
        return None
    seconds = ended.finished_at - ended.first_text_at
    return ended.output_tokens / seconds if seconds > 0 else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else None


def _response_times(sample: Iterable[Ended]) -> list[float]:
    return [row.finished_at - row.created_at for row in sample if succeeded(row.status, row.reason)]


def _present(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


# -- queries: all of them are answered from the index (status, finished_at, reason, created_at) -----------


def _count(connection: Connection, status: Status) -> int:
    return int(connection.scalar(select(func.count()).where(run.c.status == status)) or 0)


def _ended_within(after: float, until: float) -> ColumnElement[bool]:
    return and_(run.c.status.in_(ENDED), run.c.finished_at > after, run.c.finished_at <= until)


def _outcomes(connection: Connection, after: float, until: float) -> list[Row[Any]]:
    """(status, reason, runs, seconds in all). Completed runs have no reason: grouping those many would cost a sort."""
    runs, seconds = func.count().label("runs"), func.coalesce(func.sum(_SECONDS), 0.0).label("seconds")
    within = and_(run.c.finished_at > after, run.c.finished_at <= until)
    completed = select(
        literal_column(f"'{Status.COMPLETED}'").label("status"), null().label("reason"), runs, seconds
    ).where(run.c.status == Status.COMPLETED, within)
    others = (
        select(run.c.status, run.c.reason, runs, seconds)
        .where(run.c.status.in_([status for status in ENDED if status is not Status.COMPLETED]), within)
        .group_by(run.c.status, run.c.reason)
        .order_by(run.c.status, run.c.reason)
    )
    return [*connection.execute(completed), *connection.execute(others)]


def _sample(connection: Connection, after: float, until: float, total: int) -> list[Ended]:
    """All runs that ended, or an even sample: chance by the last digits of the time at which they did."""
    query = select(*(run.c[name] for name in Ended._fields)).where(_ended_within(after, until))
    if total > SAMPLE:
        query = query.where(cast(run.c.finished_at * 10_000, BigInteger) % math.ceil(total / SAMPLE) == 0)
    return [Ended(*row) for row in connection.execute(query)]


def _by_step(connection: Connection, first: int, step: float, until: float) -> Sequence[Row[Any]]:
    """(step, requests, failed, cancelled, average) for each step, counted from `first`, in which a run ended."""
    number = whole(connection, run.c.finished_at / step - first).label("step")
    query = select(
        number,
        func.count().label("requests"),
        func.sum(case((_FAILED, 1), else_=0)).label("failed"),
        func.sum(case((run.c.status == Status.CANCELLED, 1), else_=0)).label("cancelled"),
        func.avg(case((_SUCCEEDED, _SECONDS))).label("average"),
    ).where(_ended_within(first * step, until))
    return connection.execute(query.group_by("step")).all()
