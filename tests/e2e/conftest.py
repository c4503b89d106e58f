"""Real servers, a real upstream, the real command line."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from advakod.accounts import Role, new_key
from tests.support.fake_openai import FakeOpenAI
from tests.support.pen import Pen, pen_of
from tests.support.server import ServerProcess, scripted, start_server

WORDS = 60
TEXT = " ".join(f"слово{number}" for number in range(WORDS))
COMMAND_WITHIN = 120.0  # seconds for one command of the command line

Serve = Callable[..., ServerProcess]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A factory: `serve(env={…})`, or with a script `serve("text", tokens_per_second=…, …)`.

    Servers of one test share their state unless `data` names another folder.
    """
    running: list[ServerProcess] = []

    def start(
        text: str | None = None, *, env: dict[str, str] | None = None, data: str = "var", **script: object
    ) -> ServerProcess:
        folder = tmp_path / f"server{len(running)}"
        given = scripted(folder, text, **script) if text is not None else {}  # type: ignore[arg-type]
        state = {"ADVAKOD_DATA_DIR": str(tmp_path / data)}
        running.append(start_server(folder, state | given | (env or {})))
        return running[-1]

    yield start
    for process in running:
        process.stop()


@pytest.fixture
def advakod(tmp_path: Path) -> Command:
    """The command, over the state of this test's servers."""

    def run(
        *arguments: object, env: dict[str, str] | None = None, stdin: str = "", within: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*within, *command(*arguments)],
            env={**os.environ, "ADVAKOD_DATA_DIR": str(tmp_path / "var"), **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN,
            check=False,
        )

    return run


def command(*arguments: object) -> list[str]:
    """The command line of `advakod`, whether or not it is on the PATH."""
    return [sys.executable, "-m", "advakod", *map(str, arguments)]


@pytest.fixture
def upstream() -> Iterator[FakeOpenAI]:
    """An OpenAI-compatible server; `behaviour` may be changed at any time."""
    with running_upstream() as server:
        yield server


@pytest.fixture
def pen(upstream: FakeOpenAI) -> Iterator[Pen]:
    """How far `upstream` may write. It writes nothing until a test allows it."""
    with pen_of(upstream) as held:
        yield held


@contextmanager
def running_upstream() -> Iterator[FakeOpenAI]:
    """The server, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="upstream")
    thread.start()
    server = FakeOpenAI()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def openai_env(upstream: FakeOpenAI, prefill: str = "continue_final_message") -> dict[str, str]:
    """What makes a server write with `upstream`."""
    return {
        "ADVAKOD_ENGINE": "openai",
        "ADVAKOD_OPENAI_BASE_URL": upstream.base_url,
        "ADVAKOD_OPENAI_PREFILL": prefill,
    }


@pytest.fixture
def keys() -> tuple[str, dict[str, dict[str, str]]]:
    """A value for ADVAKOD_API_KEYS and, by name, the headers that its owners send."""
    made = {name: new_key(name, Role.USER) for name in ("anna", "boris")}
    entries = ",".join(entry for _, entry in made.values())
    return entries, {name: {"Authorization": f"Bearer {secret}"} for name, (secret, _) in made.items()}
