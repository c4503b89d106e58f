"""Plain requests to a server under test: what `curl` would see."""

from __future__ import annotations

import urllib.request
from typing import Any

import orjson

from .server import ServerProcess

PATIENCE = 30.0  # seconds for an answer


def get_text(server: ServerProcess, path: str) -> str:
    """The body at a path. Raises urllib's HTTPError."""
    with urllib.request.urlopen(server.url + path, timeout=PATIENCE) as reply:
        return str(reply.read().decode())


def get(server: ServerProcess, path: str) -> Any:
    """The JSON at a path."""
    return orjson.loads(get_text(server, path))


def ask(server: ServerProcess, question: str) -> Any:
    """Ask and wait for the end; the response object."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{server.url}/v1/responses", orjson.dumps({"input": question}), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
        return orjson.loads(reply.read())
