"""What is foretold, and from what."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from advakod.answers import queries
from advakod.answers.expectation import LOOK_AT, REMEMBERED, Expectations, Expected, honest
from advakod.answers.model import Context, Plan, Run, Status
from advakod.storage import Database
from tests.answers.room import add_run, set_columns


def taken(n: int, *, seconds: float = 30.0, first: float = 10.0, tokens: int = 200, engine: str = "1") -> Run:
    """A run that began at 1000 and was completed."""
    return Run(
        id=f"resp_{n}",
        owner="local",
        status=Status.COMPLETED,
        request=None,  # type: ignore[arg-type]  # not looked at
        created_at=900.0,
        context=Context(fingerprint=engine),
        output_tokens=tokens,
        started_at=1_000.0,
        first_text_at=1_000.0 + first,
        finished_at=1_000.0 + seconds,
    )


def knowing(runs: Iterable[Run]) -> Expectations:
    known = Expectations()
    for run in runs:
        known.learn(run)
    return known


def test_fewer_than_three_tell_nothing() -> None:
    assert knowing(map(taken, range(2))).of_writing("1", 1_000, 900) == Expected()
    assert knowing(map(taken, range(3))).of_writing("2", 1_000, 900) == Expected()
    known = knowing(map(taken, range(3)))
    assert known.wait(1, 4) is None  # not known yet which engine writes
    assert known.of_writing("1", 1_000, 900) == Expected(30.0, 200, 10.0)


def test_an_odd_one_changes_nothing_and_the_bounds_hold() -> None:
    known = knowing([*map(taken, range(5)), taken(9, seconds=890, first=880, tokens=9)])
    assert known.of_writing("1", 1_000, 900) == Expected(30.0, 200, 10.0)
    assert known.of_writing("1", 100, 900) == Expected(20.0, 100, 10.0)  # 10 s and 100 tokens at 10 a second
    assert known.of_writing("1", 1_000, 25) == Expected(25.0, 200, 10.0)


def test_the_latest_count_and_those_that_went_on_with_another_do_not() -> None:
    known = knowing(taken(n, seconds=300, first=100) for n in range(100))
    for n in range(REMEMBERED):
        known.learn(taken(n, seconds=60, first=10))
        known.learn(replace(taken(n), continues="resp_0"))
    assert known.of_writing("1", 1_000, 900) == Expected(60.0, 200, 10.0)


def test_a_wait_is_a_place_of_the_queue() -> None:
    known = knowing(map(taken, range(3)))
    known.of_writing("1", 1_000, 900)
    assert [known.wait(place, 4) for place in (1, 2, 8, 100)] == [8.0, 15.0, 60.0, 780.0]
    assert known.wait(1, 0) is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, 1), (9.1, 10), (11, 15), (59, 60), (61, 90), (599, 600), (601, 660)]
)
def test_what_can_honestly_be_said(seconds: float, said: float) -> None:
    assert honest(seconds) == said


def test_it_is_learned_from_the_database_once(database: Database) -> None:
    now = time.time()
    for n in range(4):
        run = add_run(database, context=Context(fingerprint="1"), continues="resp_0" if n == 3 else None)
        start = now - 1_000 + n
        times = {"started_at": start, "first_text_at": start + 10, "finished_at": start + (30 if n < 3 else 500)}
        set_columns(database, run.id, status=Status.COMPLETED, output_tokens=200, **times)
    add_run(database, context=None)
    failed = add_run(database, context=Context(fingerprint="1"))
    set_columns(database, failed.id, status=Status.FAILED, started_at=now, first_text_at=now, finished_at=now)
    known = Expectations()
    with database.reading() as connection:
        known.load(connection, "1")
    assert known.wait(1, 1) == 30.0
    assert known.of_writing("1", 1_000, 900) == Expected(30.0, 200, 10.0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_costs_the_same_however_many_runs_there_are(database: Database) -> None:
    """No more than the last LOOK_AT are looked at, found by an index."""

    def add_many(connection: Connection) -> None:
        for n in range(LOOK_AT + 50):
            run = replace(taken(n, engine="old" if n < 50 else "1"), id=f"resp_{n}", request={})  # type: ignore[arg-type]
            queries.add(connection, run, idempotency_key=None, request_hash="")

    database.write_sync(add_many)
    for n in range(LOOK_AT + 50):
        times = {"started_at": 1_000.0, "first_text_at": 1_010.0, "finished_at": 1_030.0 + n}
        set_columns(database, f"resp_{n}", **times)
    known = Expectations()
    with database.reading() as connection:
        known.load(connection, "1")
    assert known.of_writing("old", 1_000, 900) == Expected()
    assert known.of_writing("1", 1_000, 900).seconds is not None


def test_a_plan_by_the_speed_knows_the_time_and_the_past_knows_the_length() -> None:
    plan = Plan(prompt_tokens=100, answer_tokens=400, first_word=40.0, seconds=240.0)
    unknown = Expectations()
    assert unknown.of_writing("1", 1_000, 900, plan) == Expected(240.0, 400, 40.0)
    assert unknown.wait(2, 1) == 480.0  # by that plan: nobody knows better yet
    assert knowing(map(taken, range(3))).of_writing("1", 1_000, 900, plan) == Expected(140.0, 200, 40.0)
    assert unknown.of_writing("1", 1_000, 100, plan) == Expected(100.0, 400, 40.0)
