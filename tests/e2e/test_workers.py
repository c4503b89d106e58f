"""Two servers on one database: a paused worker loses its runs, a dead one's go on, and nothing is written twice."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from advakod.storage import Database
from tests.e2e.conftest import Command, Serve, openai_env
from tests.e2e.law import LAW
from tests.e2e.wire import Event, ask, call, read, status_of, text_of, until, wait_for_words, whole_log, words_of
from tests.support.fake_openai import Behaviour, FakeOpenAI
from tests.support.pen import Pen
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess

TEXT = " ".join(f"слово{number}" for number in range(80))

NEW_LAW = LAW.replace("01.02.2021 N 1", "01.02.2024 N 2").replace("десять", "двадцать")


@pytest.fixture(params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest) -> dict[str, str]:
    """What makes servers share a database."""
    if request.param == "sqlite":
        return {}
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return {"ADVAKOD_DATABASE_URL": postgres.create_database()}


@pytest.fixture
def pair(
    serve: Serve, shared: dict[str, str], upstream: FakeOpenAI, pen: Pen
) -> Callable[..., tuple[ServerProcess, ServerProcess, str]]:
    """A server that writes a run, another one beside it, and the run: ten words of it, and no more for now."""

    def start(**env: str) -> tuple[ServerProcess, ServerProcess, str]:
        upstream.behaviour.text = TEXT
        pen.to(10)
        both = openai_env(upstream) | shared | env
        first = serve(env=both)
        begun = ask(first)
        wait_for_words(first, begun, 10)
        return first, serve(env=both), begun

    return start


def _pause(server: ServerProcess, database: Database) -> None:
    """SIGSTOP between two transactions: one that is paused inside holds the database's lock, and nobody can write."""

    def between() -> bool:
        os.kill(server.pid, signal.SIGSTOP)
        if _is_free(database):
            return True
        os.kill(server.pid, signal.SIGCONT)
        return False

    until(between)


def _is_free(database: Database) -> bool:
    with database.engine.connect() as connection:
        try:
            if database.is_sqlite:
                connection.execute(text("PRAGMA busy_timeout=0"))
                connection.connection.driver_connection.execute("ROLLBACK")  # type: ignore[union-attr]
                connection.connection.driver_connection.execute("BEGIN IMMEDIATE")  # type: ignore[union-attr]
            else:
                connection.execute(text("LOCK TABLE run, event IN SHARE MODE NOWAIT"))
        except (DBAPIError, sqlite3.OperationalError):  # the latter comes straight from the driver
            return False
        finally:
            connection.invalidate()
    return True


def test_a_paused_worker_writes_nothing_after_it_is_resumed(
    pair: Callable[..., tuple[ServerProcess, ServerProcess, str]], pen: Pen, shared: dict[str, str], tmp_path: Path
) -> None:
    paused, other, run_id = pair(ADVAKOD_HEARTBEAT="0.5")  # a lease of 1 s
    database = Database(shared.get("ADVAKOD_DATABASE_URL") or f"sqlite:///{tmp_path}/var/advakod.db")
    try:
        _pause(paused, database)
        assert status_of(other, run_id)["status"] == "in_progress"
        until(lambda: "took over" in other.log)
        pen.finish()
        log = whole_log(other, run_id)
    finally:
        os.kill(paused.pid, signal.SIGCONT)
        database.close()
    assert words_of(log) == TEXT
    until(lambda: "another attempt holds it" in paused.log)
    assert [event.raw for event in whole_log(paused, run_id)] == [event.raw for event in log]
    assert [event.raw for event in whole_log(other, run_id)] == [event.raw for event in log]
    assert text_of(status_of(paused, run_id)) == TEXT


def test_a_dead_workers_run_goes_on_in_the_other(
    pair: Callable[..., tuple[ServerProcess, ServerProcess, str]], pen: Pen
) -> None:
    first, other, run_id = pair()
    log: list[Event] = []
    for event in read(other, run_id):
        log.append(event)
        if event.delta and words_of(log) == " ".join(TEXT.split()[:10]) + " ":
            first.kill9()
            pen.finish()
    assert words_of(log) == TEXT
    assert [event.seq for event in log] == list(range(len(log)))
    assert text_of(status_of(other, run_id)) == TEXT
    assert "took over" in other.log


def test_an_ingest_between_two_attempts_changes_nothing(
    serve: Serve, advakod: Command, upstream: FakeOpenAI, pen: Pen, tmp_path: Path
) -> None:
    law = tmp_path / "law.txt"
    law.write_text(LAW, "utf-8")
    assert advakod("ingest", law).returncode == 0
    upstream.behaviour.text = TEXT + " [1]"
    server = serve(env=openai_env(upstream))
    pen.to(5)
    run_id = ask(server, "Каков срок проверки связи?")
    wait_for_words(server, run_id, 5)
    server.kill9()
    law.write_text(NEW_LAW, "utf-8")
    assert advakod("ingest", law).returncode == 0
    server.start()
    pen.finish()
    log = whole_log(server, run_id)
    assert words_of(log) == TEXT + " [1]"
    assert [event.type for event in log].count("advakod.sources") == 1
    first, second = [request["messages"] for request in upstream.requests if request.get("stream")]
    assert second[: len(first)] == first
    assert any("десять дней" in message["content"] for message in first)
    assert second[-1]["role"] == "assistant"
    [cited] = [event.data["citations"] for event in log if event.type == "advakod.citations"]
    assert {citation["edition_date"] for citation in cited} == {"2021-02-01"}
    upstream.behaviour = Behaviour(text=TEXT)
    later = whole_log(server, ask(server, "Каков срок проверки связи?"))
    assert any("двадцать дней" in message["content"] for message in upstream.requests[-1]["messages"])
    assert later[-1].data["response"]["status"] == "completed"


def test_stop_reaches_the_worker_that_writes(
    pair: Callable[..., tuple[ServerProcess, ServerProcess, str]],
) -> None:
    _, other, run_id = pair()
    assert call(other, "POST", f"/v1/responses/{run_id}/cancel").status == 200
    assert whole_log(other, run_id)[-1].data["response"]["status"] == "cancelled"
