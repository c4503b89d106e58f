"""Seconds waited and written by step, computed by hand, in both databases."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert

from advakod.answers.model import Status, new_id
from advakod.answers.occupancy import Occupancy, averages
from advakod.storage import Database
from advakod.storage.schema import run

STEP = 60.0
BASE = 1_800_000_000.0  # a whole minute
NOW = BASE + 150.0  # half of the third step has passed

Stay = tuple[float, float | None, float | None]  # asked, started, ended: seconds after BASE


def row(stay: Stay) -> dict[str, object]:
    asked, started, ended = stay
    status = Status.COMPLETED if ended is not None else Status.QUEUED if started is None else Status.IN_PROGRESS
    if ended is not None and started is None:
        status = Status.FAILED
    return {
        "id": new_id("resp"),
        "owner": "local",
        "request_hash": "",
        "status": status,
        "created_at": BASE + asked,
        "started_at": None if started is None else BASE + started,
        "finished_at": None if ended is None else BASE + ended,
    }


@pytest.fixture
def measured(database: Database) -> Callable[..., list[Occupancy]]:
    """Averages of the three steps since BASE, of the stays given."""

    def measured(*stays: Stay, step: float = STEP, now: float = NOW) -> list[Occupancy]:
        def change(connection: Connection) -> None:
            connection.execute(insert(run), [row(stay) for stay in stays])

        database.write_sync(change)
        with database.reading() as connection:
            return averages(connection, math.floor(BASE / step), step, now)

    return measured


def waited(found: list[Occupancy]) -> list[float]:
    return [round(each.queue, 4) for each in found]


def written(found: list[Occupancy]) -> list[float]:
    return [round(each.running, 4) for each in found]


@pytest.mark.parametrize(
    ("stay", "queue", "running"),
    [
        ((10, 25, 40), [0.25, 0, 0], [0.25, 0, 0]),  # 15 s of 60 in each
        ((45, 75, 135), [0.25, 0.25, 0], [0, 0.75, 0.5]),  # the last step is 30 s long so far
        ((-600, -300, 30), [0, 0, 0], [0.5, 0, 0]),  # only what falls into the window
        ((-600, -300, -10), [0, 0, 0], [0, 0, 0]),
        ((-30, 30, 45), [0.5, 0, 0], [0.25, 0, 0]),
        ((0, 60, 120), [1, 0, 0], [0, 1, 0]),  # on the borders
        ((90, None, 105), [0, 0.25, 0], [0, 0, 0]),  # gave up waiting
        ((90, None, None), [0, 0.5, 1], [0, 0, 0]),  # still waits
        ((-10, 90, None), [1, 0.5, 0], [0, 0.5, 1]),  # is being written
        ((140, 145, 150), [0, 0, 0.1667], [0, 0, 0.1667]),  # ends right now
    ],
)
def test_one_stay(
    measured: Callable[..., list[Occupancy]], stay: Stay, queue: list[float], running: list[float]
) -> None:
    found = measured(stay)
    assert waited(found) == queue
    assert written(found) == running


def test_stays_add_up(measured: Callable[..., list[Occupancy]]) -> None:
    found = measured((0, 10, 40), (0, 10, 40), (5, 15, 45), (30, None, 40))
    assert waited(found) == [round(40 / 60, 4), 0, 0]
    assert written(found) == [1.5, 0, 0]


def test_nothing(measured: Callable[..., list[Occupancy]]) -> None:
    assert measured((-100, -50, -40)) == [Occupancy(0.0, 0.0)] * 3


def test_a_step_that_has_just_begun(measured: Callable[..., list[Occupancy]]) -> None:
    found = measured((90, None, None), (80, 100, None), now=BASE + 120)
    assert (waited(found)[-1], written(found)[-1]) == (1, 1)


def test_a_clock_that_was_set_back_makes_nothing_negative(measured: Callable[..., list[Occupancy]]) -> None:
    assert all(each.queue >= 0 and each.running >= 0 for each in measured((50, 20, 10), (200, None, None)))


def test_many_at_random_are_what_their_seconds_say(measured: Callable[..., list[Occupancy]]) -> None:
    chance = random.Random(7)
    stays = [
        (asked, asked + chance.expovariate(1 / 20), asked + 20 + chance.expovariate(1 / 40))
        for asked in (chance.uniform(-300, 100) for _ in range(400))
    ]
    stays = [(asked, min(started, ended), ended) for asked, started, ended in stays if ended <= 150]
    found = measured(*stays, step=25.0)
    for number, each in enumerate(found):
        low, high = 25.0 * number, 25.0 * (number + 1)
        inside = [
            (max(0.0, min(started, high) - max(asked, low)), max(0.0, min(ended, high) - max(started, low)))
            for asked, started, ended in stays
        ]
        if number < 6:
            assert each.queue == pytest.approx(sum(wait for wait, _ in inside) / 25, abs=1e-4)
            assert each.running == pytest.approx(sum(writing for _, writing in inside) / 25, abs=1e-4)
