"""A WebSocket as a client of ours holds it: JSON out, JSON in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from websockets.sync.client import ClientConnection, connect

from tests.support.server import ServerProcess

ANSWERS_WITHIN = 60.0  # seconds for one message


@contextmanager
def socket(server: ServerProcess, path: str) -> Iterator[ClientConnection]:
    with connect(server.url.replace("http", "ws") + path, proxy=None) as connection:
        yield connection


def say(connection: ClientConnection, **message: Any) -> None:
    connection.send(orjson.dumps(message).decode())


def hear(connection: ClientConnection) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads(connection.recv(timeout=ANSWERS_WITHIN))
    return event


def until_end(connection: ClientConnection, *last: str) -> list[dict[str, Any]]:
    """Messages up to one of these types."""
    events = [hear(connection)]
    while events[-1]["type"] not in last:
        events.append(hear(connection))
    return events
