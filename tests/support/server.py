"""The real server as a process of its own, which a test may stop, kill and start again."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

RUNNER = [sys.executable, "-m", "advakod", "serve", "--port"]
# Of a script: ten words, and then nothing for longer than a test may last, so that what a test stops or kills cannot
# end by itself. Who goes on from there does not meet it.
HELD: dict[str, Any] = {"faults": [{"at": 10, "kind": "silence", "seconds": 600}]}
STARTS_WITHIN = 90.0  # seconds; a busy machine imports slowly
STOPS_WITHIN = 60.0


def die_with_parent() -> None:
    """In a child: go when the tests go, even by `kill -9`. Linux alone can be asked for this."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class ServerProcess:
    """A server over one folder of state; it keeps its port over `kill9` and `start`."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self._env = {**os.environ, "ADVAKOD_DATA_DIR": str(folder / "var"), **env}
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.url = ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written to stderr."""
        return (self.folder / "server.log").read_text()

    def start(self) -> ServerProcess:
        """Returns when it answers `/health`."""
        with (self.folder / "server.log").open("ab") as log:
            command = [*RUNNER, str(self._port)]
            self._process = subprocess.Popen(
                command, env=self._env, stdout=subprocess.PIPE, stderr=log, preexec_fn=die_with_parent
            )
        assert self._process.stdout is not None
        first = self._process.stdout.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", first)
        assert found, f"the server did not start: {first}{self.log}"
        self.url, self._port = found.group(0), int(found.group(1))
        self._wait_for_health()
        return self

    def _wait_for_health(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            assert self._process is not None
            assert self._process.poll() is None, self.log
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return
            except OSError:
                assert time.monotonic() < deadline, self.log
                time.sleep(0.02)

    def kill9(self) -> None:
        """As a power cut would: nothing is said to anybody."""
        self._end(signal.SIGKILL)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """As an administrator would; returns the exit code. Idempotent: the second time there is none."""
        return self._end(how)

    def _end(self, how: signal.Signals) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(how)
        try:
            return process.wait(STOPS_WITHIN)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def start_server(folder: Path, env: Mapping[str, str] | None = None) -> ServerProcess:
    """A running server with all its state in `folder`; the caller stops it."""
    folder.mkdir(parents=True, exist_ok=True)
    return ServerProcess(folder, env or {}).start()


def scripted(folder: Path, text: str, *, tokens_per_second: float = 0, **more: object) -> dict[str, str]:
    """The environment of a server whose engine writes `text`; `more` goes into the script."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "script.toml"
    facts = {"text": text, "tokens_per_second": tokens_per_second, **more}
    script.write_text("".join(f"{name} = {_toml(value)}\n" for name, value in facts.items()))
    return {"ADVAKOD_ENGINE": "scripted", "ADVAKOD_SCRIPT": str(script)}


def _toml(value: object) -> str:
    """JSON is TOML for strings, numbers and lists; tables are written inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return orjson.dumps(value).decode()
