"""What only SQLite can suffer: a lock held elsewhere, a disk that is full, a power cut of the process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from advakod.errors import StorageError
from advakod.storage import Database

LOCKER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""

WRITER = """
import sys
from sqlalchemy import text
from advakod.storage import Database
database = Database(sys.argv[1]).open()
for n in range(1_000_000):
    database.write_sync(lambda c: c.execute(text("INSERT INTO meta VALUES (:k, '')"), {"k": str(n)}).rowcount)
    print(n, flush=True)
"""


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'folder' / 'new' / 'test.db'}").open()
    yield database
    database.close()


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM meta")).scalar_one())


def big(key: int) -> dict[str, str]:
    return {"key": str(key), "value": "x" * 20_000}


def insert(connection: Connection, key: int) -> None:
    connection.execute(text("INSERT INTO meta VALUES (:key, :value)"), big(key))


def test_it_is_set_up_to_lose_nothing(sqlite: Database) -> None:
    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    full = 2
    assert sqlite.write_sync(pragmas) == ["wal", full, 1]


def test_a_lock_held_by_another_process_is_waited_for(sqlite: Database) -> None:
    command = [sys.executable, "-c", LOCKER, str(sqlite.url.database)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other,
        ThreadPoolExecutor(1) as beside,
    ):
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        writing = beside.submit(sqlite.write_sync, lambda c: insert(c, 1))
        with sqlite.reading() as connection:
            assert count(connection) == 0
        assert not writing.done()
        other.stdin.write("\n")
        other.stdin.flush()
        writing.result()
    with sqlite.reading() as connection:
        assert count(connection) == 1


def test_a_full_disk_is_a_storage_error_and_passes(sqlite: Database) -> None:
    def limit_pages(connection: Connection, pages: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    sqlite.write_sync(lambda c: limit_pages(c, 1))  # cannot grow beyond what it has
    for key in range(3):
        with pytest.raises(StorageError):
            sqlite.write_sync(lambda c, key=key: insert(c, key))  # type: ignore[misc]
    sqlite.write_sync(lambda c: limit_pages(c, 1_000_000))
    sqlite.write_sync(lambda c: insert(c, 7))
    with sqlite.reading() as connection:
        assert count(connection) == 1


def test_a_full_disk_in_a_batch_keeps_what_fits(sqlite: Database) -> None:
    busy, release = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        busy.set()
        release.wait(10)

    holding = sqlite._writer.submit(hold)
    assert busy.wait(10)
    small = sqlite._writer.submit(lambda c: c.execute(text("INSERT INTO meta VALUES ('small', '')")).rowcount)
    large = sqlite._writer.submit(lambda c: insert(c, 1))
    release.set()
    holding.result(10)
    with pytest.raises(StorageError):
        large.result(10)
    kept = small.exception(10) is None
    with sqlite.reading() as connection:
        assert count(connection) == int(kept)  # what was acknowledged, no more and no less


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.kill()
        rest = [line for line in process.stdout.read().split("\n") if line.isdigit()]
    acknowledged = 50 + len(rest)
    database = Database(url).open()
    with database.reading() as connection:
        assert count(connection) >= acknowledged
    database.close()


def test_a_file_that_is_no_database_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    path.write_bytes(b"not a database at all" * 1_000)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(StorageError):
        database.open()
    database.close()
