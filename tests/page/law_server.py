"""Servers over the laws of `laws.py`: loaded once by the real command, the state copied for each server.

`pytest_plugins = ["tests.page.law_server"]` in a test's file brings the fixtures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND_WITHIN, Serve, command
from tests.page.laws import TEXTS, Load
from tests.support.server import ServerProcess, scripted, start_server


@pytest.fixture(scope="session")
def load_law(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """A factory: `load_law([text, …])` is a data folder with these acts and their index."""
    return lambda acts: load(tmp_path_factory.mktemp("laws"), acts)


@pytest.fixture(scope="session")
def law_state(load_law: Load) -> Path:
    """A data folder with the acts of `laws.py`; to be copied, not served."""
    return load_law(TEXTS)


def load(folder: Path, acts: Sequence[str]) -> Path:
    """A data folder with these acts, loaded by the command."""
    paths = [folder / f"act{number}.txt" for number, _ in enumerate(acts)]
    for path, text in zip(paths, acts, strict=True):
        path.write_text(text, "utf-8")
    done = subprocess.run(
        command("ingest", *paths),
        env={**os.environ, "ADVAKOD_DATA_DIR": str(folder / "var")},
        capture_output=True,
        text=True,
        timeout=COMMAND_WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "var"


@pytest.fixture(scope="module")
def serve_law(law_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A factory: `serve_law("text", tokens_per_second=…)` writes over the laws, or over those of `state`."""
    running: list[ServerProcess] = []

    def start(
        text: str, *, env: dict[str, str] | None = None, state: Path = law_state, **script: object
    ) -> ServerProcess:
        folder = tmp_path_factory.mktemp("server")
        shutil.copytree(state, folder / "var")
        given = scripted(folder, text, **{"search": True, **script})  # type: ignore[arg-type]
        running.append(start_server(folder, given | (env or {})))
        return running[-1]

    yield start
    for process in running:
        process.stop()
