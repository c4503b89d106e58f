"""The whole application on a free port, in a thread of its own, and the requests that tests send to it."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import uvicorn

from advakod.app import create_app
from advakod.settings import Settings


class Live:
    """A server that runs; addresses are paths on it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str) -> Any:
        """The JSON at a path. Raises urllib's HTTPError."""
        return orjson.loads(self.text(path))

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as reply:
            return str(reply.read().decode())

    def ask(self, question: str, path: str = "/v1/responses") -> Any:
        """Ask and wait for the end."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=orjson.dumps({"input": question}),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return orjson.loads(reply.read())


@contextmanager
def live(settings: Settings) -> Iterator[Live]:
    """Runs until the block is left; what was being written is handed back then."""
    config = uvicorn.Config(create_app(settings), port=0, log_config=None, ws="websockets-sansio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield Live(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
