"""A PostgreSQL cluster of the tests' own: an ordinary user, a temporary folder, a free port.

It ends with the process that started it, however that process ends, where `setpriv` is installed
(Debian: always); elsewhere with `stop`.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pg8000.native

START_TIMEOUT = 30.0  # seconds; an idle machine needs one
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # durability across power cuts is not tested


def binaries() -> Path | None:
    """The folder of the newest installed server's programs."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in versions), key=lambda folder: int(folder.parent.name), default=None)


class PostgresServer:
    """One running cluster; each `create_database` is an empty database nobody else uses."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = _ordinary_user()
        self._folder = Path(tempfile.mkdtemp(prefix="advakod-pg-"))
        self._names = (f"test_{n}" for n in itertools.count())
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> PostgresServer:
        """Returns when the server takes connections."""
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        data = self._folder / "data"
        options = ("--auth=trust", "--username=advakod", "--encoding=UTF8", "--locale=C", "--no-sync")
        self._spawn("initdb", f"--pgdata={data}", *options).wait()
        self.port = _free_port()
        settings = [f"--{setting}" for setting in (*FAST, f"unix_socket_directories={self._folder}")]
        self._process = self._spawn(
            "postgres", "-D", str(data), "-h", "127.0.0.1", "-p", str(self.port), *settings, tied=True
        )
        self._wait_until_ready(self._process)
        return self

    def stop(self) -> None:
        """End the server at once and remove every trace of it. Idempotent."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT, immediate shutdown: nothing here is worth a checkpoint
            self._process.wait(START_TIMEOUT)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = next(self._names)
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql://advakod@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str) -> None:
        """Run one statement as the superuser, outside a transaction."""
        connection = pg8000.native.Connection("advakod", host="127.0.0.1", port=self.port, database="postgres")
        try:
            connection.run(statement)
        finally:
            connection.close()

    def _spawn(self, program: str, *arguments: str, tied: bool = False) -> subprocess.Popen[bytes]:
        tie: Sequence[str] = ("setpriv", "--pdeathsig", "QUIT") if tied and shutil.which("setpriv") else ()
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*tie, str(self._programs / program), *arguments],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                start_new_session=True,  # Ctrl-C at the terminal is for the tests
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                return self.execute("SELECT 1")
            except (pg8000.exceptions.InterfaceError, pg8000.exceptions.DatabaseError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._folder / "log").read_text("utf-8", "replace")) from None
            time.sleep(0.05)


def _ordinary_user() -> str | None:
    """Who runs the server when we are root, which PostgreSQL refuses; None: we are ordinary ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
