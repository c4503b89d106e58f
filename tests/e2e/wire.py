"""What a client of the public API sees: plain HTTP, one connection a call, nothing retried."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

from tests.support.server import ServerProcess

PATIENCE = 60.0  # seconds for any single thing on a busy machine
TERMINAL = ("response.completed", "response.failed", "response.incomplete")
ENDED = ("completed", "failed", "incomplete", "cancelled")

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    seq: int
    type: str
    data: dict[str, Any]
    raw: bytes

    @property
    def delta(self) -> str:
        """The words it brings."""
        return str(self.data["delta"]) if self.type == "response.output_text.delta" else ""


@contextmanager
def exchange(
    server: ServerProcess, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Iterator[http.client.HTTPResponse]:
    """One request and its answer, open; bytes go as they are (an iterator's chunked), anything else as JSON."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE)
    data = body if body is None or isinstance(body, bytes | Iterator) else orjson.dumps(body)
    kind = {} if data is None else {"Content-Type": "application/json"}
    try:
        connection.request(method, path, data, {**kind, **(headers or {})})
        yield connection.getresponse()
    finally:
        connection.close()


def call(
    server: ServerProcess, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """One request and its whole answer."""
    with exchange(server, method, path, body, headers) as response:
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())


def ask(
    server: ServerProcess, question: str = "Вопрос", *, headers: Mapping[str, str] | None = None, **fields: Any
) -> str:
    """Store a question; the run's id."""
    body = {"model": "advakod", "input": question, "background": True, **fields}
    reply = call(server, "POST", "/v1/responses", body, headers)
    assert reply.status == 200, reply.body.decode()
    return str(reply.json["id"])


def read(server: ServerProcess, run_id: str, after: int = -1) -> Iterator[Event]:
    """The events of one connection; it may end before the run does."""
    with exchange(server, "GET", f"/v1/responses/{run_id}?stream=true&starting_after={after}") as response:
        assert response.status == 200, response.read().decode()
        for line in response:
            if line.startswith(b"data: "):
                raw = line[6:].rstrip(b"\n")
                data = orjson.loads(raw)
                yield Event(data["sequence_number"], data["type"], data, raw)


def whole_log(server: ServerProcess, run_id: str) -> list[Event]:
    """Every event, read to the end of the run on one connection; each number once, and nothing after the end."""
    events = list(read(server, run_id))
    assert [event.seq for event in events] == list(range(len(events)))
    assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    return events


def ended(server: ServerProcess, run_id: str) -> dict[str, Any]:
    """The response once its run has ended."""
    response: dict[str, Any] = whole_log(server, run_id)[-1].data["response"]
    assert response == status_of(server, run_id)
    return response


def status_of(server: ServerProcess, run_id: str) -> dict[str, Any]:
    """The response as of now."""
    reply = call(server, "GET", f"/v1/responses/{run_id}")
    assert reply.status == 200, reply.body.decode()
    response: dict[str, Any] = reply.json
    return response


def wait_for_words(server: ServerProcess, run_id: str, count: int = 1) -> str:
    """Returns when at least so many words are committed; the text so far."""
    text = ""
    for event in read(server, run_id):
        text += event.delta
        if len(text.split()) >= count:
            return text
    raise AssertionError(f"the run ended with {text!r}")


def text_of(response: Mapping[str, Any]) -> str:
    """The words of a response object."""
    return "".join(part["text"] for item in response["output"] for part in item["content"])


def words_of(events: Sequence[Event]) -> str:
    """The words of events."""
    return "".join(event.delta for event in events)


def until(condition: Callable[[], T], within: float = PATIENCE) -> T:
    """The first truthy value of a condition; fails when the time is over."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still {value!r} after {within:g} s"
        time.sleep(0.02)
    return value


def assert_refused(reply: Reply, status: int, code: str) -> dict[str, Any]:
    """An error is a status, a stable code and a Russian sentence."""
    assert reply.status == status, reply.body.decode()
    error: dict[str, Any] = reply.json["error"]
    assert error["code"] == code, error
    assert_sentence(error["message"])
    return error


def assert_sentence(message: str) -> None:
    """Russian, and nothing of our insides in it."""
    assert any("а" <= letter <= "я" for letter in message.lower()), message
    assert "Traceback" not in message
    assert "sqlalchemy" not in message.lower()
