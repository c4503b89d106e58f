"""Waiting: places that are told when they change, and waits that end."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from advakod.answers.hub import Hub
from advakod.answers.model import Outcome, Reason, Status
from advakod.answers.outcomes import ended
from advakod.answers.waiting import WaitingRoom
from advakod.settings import Settings
from advakod.storage import Database
from advakod.telemetry import Metrics
from tests.answers.room import add_run, claim, events, set_columns, stored, types_in

pytestmark = pytest.mark.anyio
Quick = Callable[..., Settings]
STOPPED = ended(Status.CANCELLED, Reason.CANCELLED)


@pytest.fixture
def waiting(database: Database, quick: Quick) -> WaitingRoom:
    return WaitingRoom(database, Hub(database), quick(queue_timeout=10).time, Metrics())


def places(database: Database, run_id: str) -> list[int]:
    return [event["position"] for event in events(database, run_id) if event["type"] == "advakod.stage"]


async def test_places_are_told_when_they_change(database: Database, waiting: WaitingRoom) -> None:
    asked = [add_run(database, created_at=time.time() - 9 + n) for n in range(4)]
    for _ in range(3):
        await waiting.tell_places()
    assert [places(database, run.id) for run in asked] == [[1], [2], [3], [4]]
    claim(database, "one", 2)
    await waiting.tell_places()
    assert [places(database, run.id) for run in asked] == [[1], [2], [3, 1], [4, 2]]


async def test_a_place_told_between_the_look_and_the_claim_is_not_in_the_way(
    database: Database, waiting: WaitingRoom
) -> None:
    """The log's length is the fence of those who wait; whoever claims sees what has been told."""
    run = add_run(database)
    stale = stored(database, run.id)
    await waiting.tell_places()
    assert not await waiting.end(stale, STOPPED)  # somebody wrote since
    (held,) = claim(database, "one")
    assert held.last_seq == 2
    assert not await waiting.end(stored(database, run.id), STOPPED)
    await waiting.tell_places()
    assert stored(database, run.id).last_seq == 2


async def test_who_really_waits_is_told_soon_and_nobody_else(database: Database, quick: Quick) -> None:
    """Without waiting for the round; the round does not say it again."""
    waiting = WaitingRoom(database, Hub(database), quick().time, Metrics(), lambda place: place * 2.0)
    runs = [add_run(database, created_at=time.time() - 9 + n) for n in range(4)]
    for run in runs[1:]:
        waiting.asked(run)
    waiting.left(runs[1].id)
    claim(database, "another process", 1)
    waiting.asked(runs[0])
    await waiting.greet()
    assert [places(database, run.id) for run in runs] == [[], [], [2], [3]]
    assert events(database, runs[2].id)[-1]["expected_wait"] == 4.0
    await waiting.tell_places()
    assert [places(database, run.id) for run in runs] == [[], [1], [2], [3]]


async def test_where_nobody_waits_nothing_is_read(
    database: Database, waiting: WaitingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("read or written")

    monkeypatch.setattr(database, "read", never)
    monkeypatch.setattr(database, "write", never)
    run = add_run(database)
    waiting.asked(run)
    waiting.left(run.id)
    await waiting.greet()


async def test_waiting_too_long_fails(database: Database, waiting: WaitingRoom) -> None:
    late = add_run(database, created_at=time.time() - 11)
    young = add_run(database)
    running = add_run(database, created_at=time.time() - 99)
    set_columns(database, running.id, status=Status.IN_PROGRESS)
    await waiting.end_overdue()
    done = stored(database, late.id)
    assert (done.status, done.reason) == (Status.FAILED, "queue_timeout")
    last = events(database, late.id)[-1]
    assert (last["type"], last["response"]["error"]["advakod_code"]) == ("response.failed", "queue_timeout")
    assert stored(database, young.id).status is Status.QUEUED
    assert stored(database, running.id).status is Status.IN_PROGRESS


async def test_it_ends_once(database: Database, waiting: WaitingRoom) -> None:
    run = add_run(database)
    assert await waiting.end(run, STOPPED)
    for again in (run, stored(database, run.id)):
        assert not await waiting.end(again, Outcome(Status.FAILED, Reason.QUEUE_TIMEOUT, "Поздно."))
    assert types_in(events(database, run.id))[2:] == ["response.incomplete"]
    assert claim(database, "one") == []
