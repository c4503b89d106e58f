"""Who is alive, asked of real processes: killed, stopped, cut off."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from advakod.answers.liveness import ADVISORY_CLASS, AdvisoryLocks, FileLocks, Liveness, liveness
from advakod.errors import StorageError
from advakod.storage import Database
from tests.answers.room import PATIENCE

HOLDER = """
import sys
from pathlib import Path
from advakod.answers.liveness import liveness
from advakod.storage import Database
database = Database(sys.argv[1])
lock = liveness(database, Path(sys.argv[2]), sys.argv[3])
lock.hold()
print("held", flush=True)
sys.stdin.read()
lock.release()
database.close()
"""

Hold = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def hold(database: Database, tmp_path: Path) -> Iterator[Hold]:
    """Processes that hold a lock each."""
    started: list[subprocess.Popen[str]] = []

    def start(worker: str) -> subprocess.Popen[str]:
        url = database.url.render_as_string(hide_password=False)
        command = [sys.executable, "-c", HOLDER, url, str(tmp_path), worker]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def lock(database: Database, tmp_path: Path) -> Iterator[Liveness]:
    made = liveness(database, tmp_path, "me")
    made.hold()
    yield made
    made.release()


def wait_dead(lock: Liveness, worker: str) -> None:
    """PostgreSQL learns of a death by the closed connection: soon, not at once."""
    deadline = time.monotonic() + PATIENCE
    while lock.dead([worker]) != [worker]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_process_is_dead_and_a_stopped_one_is_not(lock: Liveness, hold: Hold) -> None:
    killed, stopped = hold("killed"), hold("stopped")
    assert lock.dead(["killed", "stopped", "me", "unheard of"]) == ["unheard of"]
    stopped.send_signal(signal.SIGSTOP)
    killed.kill()
    killed.wait()
    wait_dead(lock, "killed")
    for _ in range(3):
        assert lock.dead(["stopped", "me"]) == []
    stopped.send_signal(signal.SIGCONT)
    assert lock.dead(["stopped"]) == []


def test_one_that_let_go_is_dead(lock: Liveness, hold: Hold) -> None:
    process = hold("leaving")
    process.communicate("")
    wait_dead(lock, "leaving")


def test_holding_and_releasing_may_be_repeated(database: Database, tmp_path: Path, lock: Liveness) -> None:
    mine = liveness(database, tmp_path, "mine")
    mine.hold()
    mine.hold()
    assert lock.dead(["mine"]) == []
    mine.release()
    mine.release()
    wait_dead(lock, "mine")
    mine.hold()  # a look-after that comes late
    assert lock.dead(["mine"]) == ["mine"]


def test_a_file_that_was_tidied_away_is_locked_anew(tmp_path: Path) -> None:
    mine, other = FileLocks(tmp_path / "workers", "mine"), FileLocks(tmp_path / "workers", "other")
    mine.hold()
    shutil.rmtree(tmp_path / "workers")
    assert other.dead(["mine"]) == ["mine"]
    mine.hold()
    assert other.dead(["mine"]) == []
    mine.release()


def test_a_file_that_cannot_be_opened_says_nothing(tmp_path: Path) -> None:
    other = FileLocks(tmp_path, "other")
    (tmp_path / "strange.lock").mkdir()
    assert other.dead(["strange"]) == []


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_dropped_connection_loses_the_lock_and_the_next_look_mends_it(database: Database, tmp_path: Path) -> None:
    mine, other = AdvisoryLocks(database, "mine"), AdvisoryLocks(database, "other")
    mine.hold()
    kill = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = :space"
    with database.engine.connect() as connection:
        assert connection.execute(text(kill), {"space": ADVISORY_CLASS}).all() == [(True,)]
    wait_dead(other, "mine")
    mine.hold()
    assert other.dead(["mine"]) == []
    mine.release()
    wait_dead(other, "mine")


def test_an_absent_server_is_a_storage_error(tmp_path: Path) -> None:
    nowhere = Database("postgresql://advakod@127.0.0.1:1/nowhere")
    lock = AdvisoryLocks(nowhere, "mine")
    with pytest.raises(StorageError):
        lock.hold()
    with pytest.raises(StorageError):
        lock.dead(["other"])
    lock.release()
    nowhere.close()


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "workers").write_text("a file stands where the folder should be")
    with pytest.raises(StorageError) as refused:
        FileLocks(tmp_path / "workers", "me").hold()
    assert "нельзя писать" in refused.value.message
