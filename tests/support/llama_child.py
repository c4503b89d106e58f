"""llama.cpp's server with a tiny model in a process of its own: a server elsewhere, for who knows its address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0  # seconds until a model of a megabyte is loaded, on a machine that does much else


@contextmanager
def llama_child(model: Path, log: Path, **parameters: object) -> Iterator[str]:
    """The base URL of a server that has loaded `model`; `parameters` as llama.cpp calls them."""
    settings = {"model.path": str(model), "port": 0, "n_batch": 64, "n_ubatch": 64, "cache_ram_mib": 64, **parameters}
    command = [sys.executable, "-m", "advakod.engine.llama.host", json.dumps(settings)]
    env = os.environ | {"GOMP_SPINCOUNT": "1000"}
    with log.open("wb") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=env) as child:
        try:
            assert child.stdout is not None
            url = _address(child.stdout, log)
            _wait_for(url, log)
            yield url + "/v1"
        finally:
            child.kill()


def _address(lines: Iterator[bytes], log: Path) -> str:
    for line in lines:
        if line.startswith(b'{"url"'):
            return str(json.loads(line)["url"])
    raise RuntimeError(log.read_text("utf-8", "replace")[-2_000:])


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url + "/health", timeout=5):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError(log.read_text("utf-8", "replace")[-2_000:])
