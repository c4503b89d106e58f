"""Numbers computed by hand on runs made for it, in both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert

from advakod.answers import stats
from advakod.answers.model import Reason, Status, new_id
from advakod.answers.stats import Point, Stats, percentile
from advakod.errors import InputError
from advakod.storage import Database
from advakod.storage.schema import run

NOW = 1_800_000_030.0  # half a minute into its minute


def row(
    status: Status = Status.COMPLETED,
    reason: str | None = None,
    *,
    ago: float = 10.0,
    took: float = 5.0,
    first: float | None = None,
    tokens: int = 0,
) -> dict[str, object]:
    """A run that ended `ago` seconds before NOW, `took` seconds after its question, its first text after `first`."""
    created = NOW - ago - took
    return {
        "id": new_id("resp"),
        "owner": "local",
        "request_hash": "",
        "request": {},
        "status": status,
        "reason": reason,
        "created_at": created,
        "first_text_at": None if first is None else created + first,
        "finished_at": NOW - ago if status.terminal else None,
        "output_tokens": tokens,
    }


@pytest.fixture
def store(database: Database) -> Callable[..., None]:
    def store(*rows: dict[str, object]) -> None:
        def change(connection: Connection) -> None:
            connection.execute(insert(run), list(rows))

        database.write_sync(change)

    return store


def measured(database: Database, window: float = 3_600.0) -> Stats:
    with database.reading() as connection:
        return stats.measure(connection, NOW, window)


def plotted(database: Database, window: float = 180.0, step: float = 60.0) -> list[Point]:
    with database.reading() as connection:
        return stats.history(connection, NOW, window, step)


def test_an_empty_database(database: Database) -> None:
    empty = measured(database)
    assert (empty.total_requests, empty.error_rate, empty.requests_per_minute) == (0, 0.0, 0.0)
    assert (empty.average_response_time, empty.p95_response_time) == (0.0, 0.0)
    assert (empty.p50_response_time, empty.p99_response_time) == (None, None)
    assert (empty.time_to_first_token_p50, empty.tokens_per_second_p50) == (None, None)
    assert (empty.queue_length, empty.concurrent_requests, empty.outcomes) == (0, 0, [])
    assert [(p.requests, p.failed, p.average_response_time) for p in plotted(database)] == [(0, 0, None)] * 4


def test_numbers_by_hand(database: Database, store: Callable[..., None]) -> None:
    store(
        row(took=2, first=1, tokens=30),  # 30 tokens in 1 s
        row(took=4, first=2, tokens=20),  # in 2 s: 10 tokens/s
        row(took=12, first=4, tokens=40),  # in 8 s: 5 tokens/s
        row(Status.INCOMPLETE, Reason.MAX_OUTPUT_TOKENS, took=6),
        row(Status.INCOMPLETE, Reason.TIMEOUT, took=900, first=5),
        row(Status.INCOMPLETE, Reason.STALLED, took=300),
        row(Status.FAILED, "engine_failed", took=0.1),
        row(Status.FAILED, "engine_failed", took=0.1),
        row(Status.CANCELLED, Reason.CANCELLED, took=3),
        row(Status.QUEUED),
        row(Status.QUEUED),
        row(Status.IN_PROGRESS, first=1),
    )
    got = measured(database, 600)
    assert (got.total_requests, got.successful_requests, got.failed_requests, got.cancelled_requests) == (9, 4, 4, 1)
    assert got.error_rate == pytest.approx(4 / 9)
    assert got.requests_per_minute == pytest.approx(0.9)
    assert got.average_response_time == pytest.approx((2 + 4 + 12 + 6) / 4)
    assert got.p50_response_time == pytest.approx(4)
    assert got.p95_response_time == pytest.approx(12)
    assert got.p99_response_time == pytest.approx(12)
    assert got.time_to_first_token_p50 == pytest.approx(2)
    assert got.time_to_first_token_p95 == pytest.approx(5)
    assert got.tokens_per_second_p50 == pytest.approx(10)
    assert (got.queue_length, got.concurrent_requests) == (2, 1)
    assert [(o.status, o.reason, o.count) for o in got.outcomes] == [
        ("completed", None, 3),
        ("cancelled", "cancelled", 1),
        ("failed", "engine_failed", 2),
        ("incomplete", "max_output_tokens", 1),
        ("incomplete", "stalled", 1),
        ("incomplete", "timeout", 1),
    ]


def test_the_window_holds_its_end_and_not_its_beginning(database: Database, store: Callable[..., None]) -> None:
    store(row(ago=0), row(ago=59), row(ago=60), row(ago=61), row(ago=-1))
    assert measured(database, 60).total_requests == 2
    assert measured(database, 62).total_requests == 4


def test_a_run_counts_where_it_ended_however_long_ago_it_was_asked(
    database: Database, store: Callable[..., None]
) -> None:
    store(row(ago=1, took=7_200))
    assert measured(database, 60).average_response_time == pytest.approx(7_200)


def test_the_history_goes_by_whole_steps_without_gaps(database: Database, store: Callable[..., None]) -> None:
    store(
        row(ago=0, took=1, first=0.5, tokens=10),  # the minute that goes on: 10 tokens in half a second
        row(ago=29, took=3),
        row(Status.CANCELLED, Reason.CANCELLED, ago=20, took=5, first=4.5),
        row(Status.FAILED, "engine_failed", ago=31, took=50, first=0.2),  # the one before it
        row(ago=151, took=8),  # the fourth, though the window of 180 s began in it
        row(ago=300, took=8),  # older than all
    )
    points = plotted(database)
    assert [point.time - (NOW - 30) for point in points] == [-180, -120, -60, 0]
    assert [point.requests for point in points] == [1, 0, 1, 3]
    assert [point.cancelled for point in points] == [0, 0, 0, 1]
    assert points[-1].average_response_time == pytest.approx(2)
    assert points[-1].p50_response_time == pytest.approx(1)
    assert points[-1].p95_response_time == pytest.approx(3)
    assert points[-1].p99_response_time == pytest.approx(3)
    assert points[-1].time_to_first_token_p50 == pytest.approx(0.5)
    assert points[-1].time_to_first_token_p95 == pytest.approx(4.5)
    assert points[-1].tokens_per_second_p50 == pytest.approx(20)
    assert points[-2].tokens_per_second_p50 is None
    assert (points[-2].failed, points[-2].average_response_time, points[-2].p95_response_time) == (1, None, None)
    assert points[-2].time_to_first_token_p50 == pytest.approx(0.2)
    assert [point.requests for point in plotted(database, 600, 300)] == [0, 3, 3]


def test_more_points_than_a_plot_shows_are_refused(database: Database) -> None:
    with pytest.raises(InputError) as refused:
        plotted(database, 86_400, 10)
    assert refused.value.param == "step"


def test_above_the_sample_counts_stay_exact_and_percentiles_near(
    database: Database, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "SAMPLE", 200)
    store(*(row(ago=n * 0.7301, took=1 + n / 1_000) for n in range(2_000)))
    got = measured(database)
    assert got.total_requests == 2_000
    assert got.average_response_time == pytest.approx(1.9995)
    assert got.p95_response_time == pytest.approx(2.9, abs=0.12)
    assert sum(point.requests for point in plotted(database, 3_600)) == 2_000


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.95, 7.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
        ([float(n) for n in range(1, 21)], 0.95, 19.0),
    ],
)
def test_percentiles_are_values_that_occurred(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected
