"""Servers for the tests of this folder, each a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest
from starlette.types import ASGIApp

from advakod.settings import Settings
from advakod.storage import Database
from tests.accounts.house import KEYS, Visitor, house
from tests.support.server import ServerProcess, scripted, start_server

WORDS = 60
TEXT = " ".join(f"слово{number}" for number in range(WORDS))
HEARTBEAT = 0.05  # seconds: many heartbeats fall into every answer

Serve = Callable[..., ServerProcess]


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Writes TEXT in about half a second; shared by the tests of a file, which may set its HEARTBEAT."""
    heartbeat = getattr(request.module, "HEARTBEAT", HEARTBEAT)
    folder = tmp_path_factory.mktemp("server")
    env = scripted(folder, TEXT, tokens_per_second=150, prompt_seconds=0.15)
    running = start_server(folder, env | {"ADVAKOD_HEARTBEAT": str(heartbeat)})
    yield running
    running.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A factory of servers with a script of their own: `serve(text, heartbeat=…, env={…}, **script)`."""
    running: list[ServerProcess] = []

    def start(
        text: str = TEXT, *, heartbeat: float = HEARTBEAT, env: dict[str, str] | None = None, **script: object
    ) -> ServerProcess:
        folder = tmp_path / f"server{len(running)}"
        given = scripted(folder, text, **script)  # type: ignore[arg-type]  # tokens_per_second is a float
        running.append(start_server(folder, given | {"ADVAKOD_HEARTBEAT": str(heartbeat)} | (env or {})))
        return running[-1]

    yield start
    for process in running:
        process.stop()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[openai.OpenAI]:
    """The unmodified SDK."""
    with sdk(server) as client:
        yield client


def sdk(server: ServerProcess) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=30)


# -- the doors alone, without a server ----------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'doors.db'}")
    try:
        yield database.open()
    finally:
        database.close()


@pytest.fixture
def build(settings: Callable[..., Settings], store: Database) -> Callable[..., ASGIApp]:
    return lambda **overrides: house(settings(**overrides), store)


@pytest.fixture
def visit(build: Callable[..., ASGIApp]) -> Visitor:
    """A local server with keys."""
    return Visitor(build(api_keys=KEYS))
