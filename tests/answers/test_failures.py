"""What an administrator sees of answers that went wrong, in both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from advakod.answers import failures
from advakod.answers.failures import Failure
from advakod.answers.model import Context, Reason, Request, Status
from advakod.storage import Database
from advakod.storage.schema import run, run_content

ASKED = 1_800_000_000.0


def ended(name: str, status: Status, reason: str | None, after: float, **more: Any) -> dict[str, Any]:
    facts = {"id": name, "owner": "anna", "request_hash": "", "status": status, "reason": reason, "attempt": 1}
    return facts | {"error_message": None, "created_at": ASKED, "finished_at": ASKED + after} | more


def store(database: Database, *rows: dict[str, Any]) -> None:
    def change(connection: Connection) -> None:
        connection.execute(insert(run), list(rows))

    database.write_sync(change)


def recent(database: Database, limit: int = 50) -> list[Failure]:
    with database.reading() as connection:
        return failures.recent(connection, limit)


def test_failed_and_cut_short_the_newest_first(database: Database) -> None:
    store(
        database,
        ended("lost", Status.FAILED, "engine_failed", 5, error_message="Модель не справилась.", attempt=3),
        ended("late", Status.INCOMPLETE, Reason.TIMEOUT, 900),
        ended("good", Status.COMPLETED, None, 10),
        ended("long", Status.INCOMPLETE, Reason.MAX_OUTPUT_TOKENS, 20),
        ended("stopped", Status.CANCELLED, Reason.CANCELLED, 30),
        ended("waited", Status.FAILED, Reason.QUEUE_TIMEOUT, 60, attempt=0),
        ended("goes on", Status.IN_PROGRESS, None, 0, finished_at=None),
    )
    assert [(found.response_id, found.reason) for found in recent(database)] == [
        ("late", "timeout"),
        ("waited", "queue_timeout"),
        ("lost", "engine_failed"),
    ]
    assert [found.response_id for found in recent(database, 1)] == ["late"]
    assert recent(database)[2] == Failure(
        response_id="lost",
        key="anna",
        status="failed",
        reason="engine_failed",
        message="Модель не справилась.",
        created_at=ASKED,
        finished_at=ASKED + 5,
        attempts=3,
        engine=None,
    )


def test_the_engine_is_named_when_there_was_one(database: Database) -> None:
    store(database, ended("a", Status.FAILED, "engine_failed", 5), ended("b", Status.FAILED, "engine_failed", 4))

    def change(connection: Connection) -> None:
        request = Request(question="Тайна")
        contents = [("a", Context(engine="vistral-24b")), ("b", None)]
        connection.execute(
            insert(run_content), [{"run": name, "request": request, "context": context} for name, context in contents]
        )

    database.write_sync(change)
    assert [found.engine for found in recent(database)] == ["vistral-24b", None]
    assert "Тайна" not in str(recent(database))
