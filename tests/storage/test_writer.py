"""What the writer promises, on each kind of database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from advakod.errors import StorageError
from advakod.storage import Database

Change = Callable[[Connection], None]


def put(key: str, value: str = "") -> Change:
    return lambda c: void(c, "INSERT INTO meta (key, value) VALUES (:key, :value)", key=key, value=value)


def void(connection: Connection, statement: str, **values: object) -> None:
    connection.execute(text(statement), values)


def keys(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(text("SELECT key FROM meta ORDER BY key")).scalars())


def submit(database: Database, change: Callable[[Connection], object]) -> Future[object]:
    return database._writer.submit(change)


@contextmanager
def gathered(database: Database) -> Iterator[None]:
    """Everything submitted inside shares one transaction."""
    busy, release = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        busy.set()
        release.wait(10)

    submit(database, hold)
    assert busy.wait(10)
    yield
    release.set()


def test_a_result_that_is_seen_is_committed(database: Database) -> None:
    def insert(connection: Connection) -> int:
        put("a")(connection)
        return 42

    assert database.write_sync(insert) == 42
    other = Database(database.url).open()
    assert keys(other) == ["a"]
    other.close()


def test_what_gathers_shares_a_commit(database: Database) -> None:
    commits: list[Connection] = []
    event.listen(database.engine, "commit", commits.append)
    with gathered(database):
        futures = [submit(database, put(f"{n:03}")) for n in range(100)]
    for future in futures:
        future.result(10)
    assert len(commits) == 2
    assert keys(database) == [f"{n:03}" for n in range(100)]


def test_order_is_the_order_of_submission(database: Database) -> None:
    seen: list[int] = []

    def note(n: int) -> Callable[[Connection], None]:
        return lambda _: seen.append(n)

    for future in [submit(database, note(n)) for n in range(1_000)]:
        future.result(10)
    assert seen == list(range(1_000))


@pytest.mark.parametrize("alone", [True, False])
def test_a_failing_change_undoes_itself_alone(database: Database, alone: bool) -> None:
    def fail(connection: Connection) -> None:
        put("half")(connection)
        raise ValueError("mine")

    if alone:
        with pytest.raises(ValueError, match="mine"):
            database.write_sync(fail)
        database.write_sync(put("after"))
        assert keys(database) == ["after"]
        return
    with gathered(database):
        before, failing, after = (submit(database, change) for change in (put("a"), fail, put("z")))
    before.result(10)
    with pytest.raises(ValueError, match="mine"):
        failing.result(10)
    after.result(10)
    assert keys(database) == ["a", "z"]


def test_a_statement_that_is_refused_is_the_callers_error(database: Database) -> None:
    database.write_sync(put("a"))
    with pytest.raises(IntegrityError):
        database.write_sync(put("a"))
    with gathered(database):
        failing, following = submit(database, put("a")), submit(database, put("b"))
    following.result(10)
    with pytest.raises(IntegrityError):
        failing.result(10)
    assert keys(database) == ["a", "b"]


def test_a_swallowed_error_is_never_a_silent_loss(database: Database) -> None:
    """PostgreSQL refuses everything after a failed statement, and turns COMMIT into ROLLBACK."""
    database.write_sync(put("a"))

    def swallow(connection: Connection) -> str:
        put("b")(connection)
        try:
            put("a")(connection)
        except IntegrityError:
            return "kept"
        return "never"

    try:
        outcome = database.write_sync(swallow)
    except StorageError:
        outcome = "refused"
    assert (outcome, keys(database)) in [("kept", ["a", "b"]), ("refused", ["a"])]


def test_a_change_that_spoils_the_commit_fails_alone(database: Database) -> None:
    database.write_sync(
        lambda c: void(c, "CREATE TABLE child (parent VARCHAR(64) REFERENCES meta (key) DEFERRABLE INITIALLY DEFERRED)")
    )
    with gathered(database):
        good = submit(database, put("good"))
        orphan = submit(database, lambda c: void(c, "INSERT INTO child VALUES ('nobody')"))
    good.result(10)
    with pytest.raises(DatabaseError):  # pg8000 has no finer class at COMMIT
        orphan.result(10)
    database.write_sync(put("next"))
    assert keys(database) == ["good", "next"]


def test_even_an_exit_in_a_change_leaves_the_writer_alive(database: Database) -> None:
    def leave(_: Connection) -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        database.write_sync(leave)
    database.write_sync(put("a"))


def test_close_finishes_the_queue_and_refuses_what_comes_after(database: Database) -> None:
    with gathered(database):
        futures = [submit(database, put(f"{n:03}")) for n in range(300)]  # more than one batch
        closing = threading.Thread(target=database._writer.close)
        closing.start()
    closing.join(10)
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(StorageError):
        database.write_sync(put("late"))
    assert len(keys(database)) == 300
    database.close()
    database.close()
