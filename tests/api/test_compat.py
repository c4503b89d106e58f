"""What clients of the old system send, and the exact words that they get."""

from __future__ import annotations

import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from http.client import HTTPException
from typing import Any

import openai
import orjson
import pytest
from websockets.sync.client import ClientConnection

from tests.api.conftest import TEXT, Serve, sdk
from tests.support import sockets
from tests.support.server import HELD, ServerProcess
from tests.support.sockets import hear, say

HEARTBEAT = 2  # seconds; a pong must come within 2.5 of them, on a busy machine too
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XYZ"


def post(server: ServerProcess, body: bytes, content_type: str) -> Any:
    url = f"{server.url}/api/v1/rag/chat/rag/stream"
    return urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": content_type}), timeout=30)


def events_of(stream: bytes) -> list[dict[str, Any]]:
    lines = [line for line in stream.split(b"\n") if line and not line.startswith(b":")]
    assert all(line.startswith(b"data: ") for line in lines)
    assert lines.pop() == b"data: [DONE]"
    return [orjson.loads(line[6:]) for line in lines]


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "chunk")


def socket(server: ServerProcess, path: str = "/ws/general") -> AbstractContextManager[ClientConnection]:
    return sockets.socket(server, path)


def until_end(connection: ClientConnection) -> list[dict[str, Any]]:
    return sockets.until_end(connection, "complete", "error")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"query=%D0%92%D0%BE%D0%BF%D1%80%D0%BE%D1%81&more=1", FORM),
        ('{"query": "Вопрос"}'.encode(), "application/json"),
        ('--XYZ\r\nContent-Disposition: form-data; name="query"\r\n\r\nВопрос\r\n--XYZ--\r\n'.encode(), MULTIPART),
    ],
)
def test_the_stream(server: ServerProcess, client: openai.OpenAI, body: bytes, content_type: str) -> None:
    with post(server, body, content_type) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = events_of(response.read())
    assert text_of(events) == TEXT
    kinds = [event["type"] for event in events]
    assert kinds[0] == "status"
    assert kinds[-1] == "complete"
    assert kinds.index("context_info") < kinds.index("chunk")
    assert events[-1]["status"] == "completed"
    items: Any = client.responses.input_items.list(events[0]["response_id"]).data
    assert items[0].content[0].text == "Вопрос"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"question=1", FORM),
        (b"query=", FORM),
        (b"\xff", "application/json"),
        (b"[]", "application/json"),
        (b'{"query": 5}', "application/json"),
        (b"query=x", MULTIPART),
        (b"query=%FF" * 200_000, FORM),
    ],
)
def test_a_request_without_a_question(server: ServerProcess, body: bytes, content_type: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused, post(server, body, content_type):
        pass
    assert refused.value.code == 400
    message = orjson.loads(refused.value.read())["error"]["message"]
    assert any("а" <= letter <= "я" for letter in message)
    refused.value.close()


def test_a_failure_is_an_error_event(serve: Serve) -> None:
    server = serve(faults=[{"at": 0, "kind": "error"}])
    with post(server, b"query=x", FORM) as response:
        last = events_of(response.read())[-1]
    assert last["type"] == "error"
    assert last["content"] == last["message"]
    assert last["error_code"]


def test_a_timeout_is_no_error_and_says_what_to_do(serve: Serve) -> None:
    server = serve(**HELD, env={"VISTRAL_INFERENCE_TIMEOUT": "1"})
    with post(server, b"query=x", FORM) as response:
        *_, told, complete = events_of(response.read())
    assert (complete["status"], complete["reason"]) == ("incomplete", "timeout")
    assert "продолжить" in told["content"]


def test_a_stream_that_breaks_off_has_no_done(serve: Serve) -> None:
    server = serve(heartbeat=HEARTBEAT, **HELD)
    with post(server, b"query=x", FORM) as response:
        first = orjson.loads(response.readline()[6:])
        while TEXT.split()[9].encode() not in response.readline():
            pass
        server.kill9()
        with pytest.raises((OSError, HTTPException)) as broken:
            response.read()
    assert b"[DONE]" not in getattr(broken.value, "partial", b"")
    server.start()
    with sdk(server) as client:
        for event in client.responses.retrieve(first["response_id"], stream=True):
            last = event
    assert last.response.output_text == TEXT  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["/ws/general", "/ws/session/42"])
def test_the_sockets(server: ServerProcess, path: str) -> None:
    with socket(server, path) as connection:
        say(connection, type="ping", timestamp=1700000000.5)
        assert hear(connection) == {"type": "pong", "timestamp": 1700000000.5}
        say(connection, type="typing", is_typing=True)
        for kind, field in (("message", "content"), ("chat_message", "query"), ("query", "text")):
            say(connection, **{"type": kind, field: "Вопрос"})
            events = until_end(connection)
            assert text_of(events) == TEXT
            assert events[-1]["type"] == "complete"


def test_stop_generation(serve: Serve) -> None:
    server = serve(heartbeat=HEARTBEAT, **HELD)
    with socket(server) as connection:
        say(connection, type="message", content="Вопрос")
        while hear(connection)["type"] != "chunk":
            pass
        say(connection, type="stop_generation")
        events = until_end(connection)
    assert "generation_stopped" in [event["type"] for event in events]
    assert events[-1]["status"] == "cancelled"


def test_stop_generation_with_nothing_to_stop(server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, type="stop_generation")
        assert hear(connection)["type"] == "generation_stopped"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ('{"type": "dance"}', "invalid_request"),
        ("hello", "invalid_request"),
        ('{"type": "message"}', "invalid_request"),
        ('{"type": "message", "content": ""}', "bad_question"),
        ('{"type": "message", "content": 5}', "invalid_request"),
    ],
)
def test_a_mistake_is_answered_and_the_socket_stays(server: ServerProcess, sent: str, code: str) -> None:
    with socket(server) as connection:
        connection.send(sent)
        error = hear(connection)
        assert (error["type"], error["error_code"]) == ("error", code)
        assert any("а" <= letter <= "я" for letter in error["message"])
        say(connection, type="ping", timestamp=1)
        assert hear(connection)["type"] == "pong"


def test_a_session_goes_on_in_the_same_conversation(server: ServerProcess, client: openai.OpenAI) -> None:
    found = []
    for _ in range(2):
        with socket(server, "/ws/session/7") as connection:
            say(connection, type="message", content="Вопрос")
            found.append(until_end(connection)[-1]["response_id"])
    conversations = [client.responses.retrieve(run_id).conversation for run_id in found]
    assert conversations[0] is not None
    assert conversations[0] == conversations[1]


def test_a_conversation_of_nobody(server: ServerProcess) -> None:
    with socket(server, "/ws/session/conv_no") as connection:
        say(connection, type="message", content="Вопрос")
        assert hear(connection)["error_code"] == "not_found"
