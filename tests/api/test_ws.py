"""The Responses wire over a WebSocket: with the SDK, and with a bare client that may misbehave."""

from __future__ import annotations

import urllib.request
from contextlib import AbstractContextManager, suppress
from typing import Any

import openai
import orjson
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from advakod.api.bodies import MOST_BODY
from tests.api.conftest import TEXT, Serve, sdk
from tests.support import sockets
from tests.support.server import HELD, ServerProcess
from tests.support.sockets import hear, say

HEARTBEAT = 2  # seconds; a pong must come within 2.5 of them, on a busy machine too
TERMINAL = ("response.completed", "response.failed", "response.incomplete")
# How the SDK opens its socket is deprecated in websockets 17.1.
by_sdk = pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager:DeprecationWarning")
CREATE = {"type": "response.create", "model": "advakod", "input": "Вопрос"}


def socket(server: ServerProcess) -> AbstractContextManager[ClientConnection]:
    return sockets.socket(server, "/v1/responses")


def until_end(connection: ClientConnection) -> list[dict[str, Any]]:
    return sockets.until_end(connection, *TERMINAL)


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


def log_of(server: ServerProcess, run_id: str) -> list[bytes]:
    """The run's events as server-sent events carry them."""
    with urllib.request.urlopen(f"{server.url}/v1/responses/{run_id}?stream=true", timeout=20) as response:
        return [line[6:].rstrip(b"\n") for line in response if line.startswith(b"data: ")]


@by_sdk
def test_the_sdk_reads_an_answer(client: openai.OpenAI) -> None:
    with client.responses.connect() as connection:
        connection.response.create(model="advakod", input="Вопрос")
        events = []
        for event in connection:
            events.append(event)
            if event.type in TERMINAL:
                break
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == TEXT
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == TEXT
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_the_frames_are_the_bytes_of_the_log(server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, **CREATE)
        frames = [connection.recv(timeout=20)]
        while orjson.loads(frames[-1])["type"] not in TERMINAL:
            frames.append(connection.recv(timeout=20))
    run_id = orjson.loads(frames[0])["response"]["id"]
    assert [str(frame).encode() for frame in frames] == log_of(server, run_id)


def test_a_run_outlives_its_socket_and_is_resumed_where_it_was_left(server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, **CREATE)
        first = [hear(connection) for _ in range(12)]
    with socket(server) as connection:
        run_id = first[0]["response"]["id"]
        say(connection, type="advakod.resume", response_id=run_id, starting_after=11)
        rest = until_end(connection)
    assert text_of(first + rest) == TEXT
    assert [event["sequence_number"] for event in first + rest] == list(range(len(first + rest)))


def test_cancel_ends_the_run_and_keeps_its_words(serve: Serve) -> None:
    server = serve(heartbeat=HEARTBEAT, **HELD)
    with socket(server) as connection:
        say(connection, **CREATE)
        event = hear(connection)
        run_id = event["response"]["id"]
        while event["type"] != "response.output_text.delta":
            event = hear(connection)
        say(connection, type="advakod.cancel", response_id=run_id)
        end = until_end(connection)[-1]
    assert end["response"]["status"] == "cancelled"
    assert end["response"]["incomplete_details"]["reason"] == "cancelled"
    assert TEXT.startswith(end["response"]["output"][0]["content"][0]["text"])


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ("{", 400, "invalid_request"),
        ("[]", 400, "invalid_request"),
        ('{"input": "Вопрос"}', 400, "invalid_request"),
        ('{"type": "session.update"}', 400, "invalid_request"),
        ('{"type": "response.create"}', 400, "invalid_request"),
        ('{"type": "response.create", "input": 5}', 400, "invalid_request"),
        ('{"type": "response.create", "input": " "}', 400, "bad_question"),
        ('{"type": "response.create", "input": "?", "model": "gpt-9"}', 404, "not_found"),
        ('{"type": "response.create", "input": "?", "previous_response_id": "resp_no"}', 404, "not_found"),
        ('{"type": "response.create", "input": "?", "conversation": "conv_no"}', 404, "not_found"),
        (
            '{"type": "response.create", "input": "?", "conversation": "a", "previous_response_id": "b"}',
            400,
            "invalid_request",
        ),
        ('{"type": "advakod.resume", "response_id": "resp_no"}', 404, "not_found"),
        ('{"type": "advakod.resume"}', 400, "invalid_request"),
        ('{"type": "advakod.cancel", "response_id": "resp_no"}', 404, "not_found"),
    ],
)
def test_a_mistake_is_answered_and_the_socket_stays(server: ServerProcess, sent: str, status: int, code: str) -> None:
    with socket(server) as connection:
        connection.send(sent)
        error = hear(connection)
        assert (error["type"], error["status"], error["error"]["code"]) == ("error", status, code)
        assert any("а" <= letter <= "я" for letter in error["error"]["message"])
        say(connection, **CREATE)
        assert text_of(until_end(connection)) == TEXT


@by_sdk
def test_the_sdk_reads_an_error(client: openai.OpenAI) -> None:
    with client.responses.connect() as connection:
        connection.response.create(model="advakod", input="")
        event = connection.recv()
    assert event.type == "error"
    assert event.error.code == "bad_question"


def test_a_position_beyond_the_end(server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, **CREATE)
        events = until_end(connection)
        run_id, last = events[0]["response"]["id"], events[-1]["sequence_number"]
        say(connection, type="advakod.resume", response_id=run_id, starting_after=last + 1, stream_id="a")
        error = hear(connection)
        assert (error["status"], error["stream_id"], error["response_id"]) == (400, "a", run_id)
        say(connection, type="advakod.resume", response_id=run_id, starting_after=last - 1)
        assert hear(connection) == events[-1]


def test_without_lanes_answers_come_one_after_the_other(server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, **CREATE)
        say(connection, **CREATE)
        first, second = until_end(connection), until_end(connection)
    assert first[0]["response"]["id"] != second[0]["response"]["id"]
    assert text_of(first) == text_of(second) == TEXT


def test_lanes_run_side_by_side(server: ServerProcess) -> None:
    with socket(server) as connection:
        for lane in "ab":
            say(connection, **CREATE, stream_id=lane)
        events: list[dict[str, Any]] = []
        while sum(event["type"] in TERMINAL for event in events) < 2:
            events.append(hear(connection))
    assert [event["stream_id"] for event in events] != sorted(event["stream_id"] for event in events)
    for lane in "ab":
        mine = [event for event in events if event["stream_id"] == lane]
        assert text_of(mine) == TEXT
        assert [event["sequence_number"] for event in mine] == list(range(len(mine)))


def test_the_same_idempotency_key_is_the_same_run(server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, **CREATE, idempotency_key="once")
        first = until_end(connection)
    with socket(server) as connection:
        say(connection, **CREATE, idempotency_key="once")
        assert until_end(connection) == first
        say(connection, **{**CREATE, "input": "Другой вопрос"}, idempotency_key="once")
        assert hear(connection)["status"] == 422


def test_a_conversation_goes_on(client: openai.OpenAI, server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, **CREATE)
        first = until_end(connection)[-1]["response"]
        say(connection, **CREATE, previous_response_id=first["id"])
        second = until_end(connection)[-1]["response"]
        say(connection, **CREATE, conversation=first["conversation"]["id"])
        third = until_end(connection)[-1]["response"]
    assert first["conversation"] == second["conversation"] == third["conversation"]
    items = client.conversations.items.list(first["conversation"]["id"], order="asc").data
    assert [item.role for item in items] == ["user", "assistant"] * 3  # type: ignore[union-attr]


def test_runs_on_one_socket_are_bounded(serve: Serve) -> None:
    server = serve(heartbeat=HEARTBEAT, **HELD)
    with socket(server) as connection:
        for lane in range(17):
            say(connection, **CREATE, stream_id=str(lane))
        while (event := hear(connection))["type"] != "error":
            pass
        assert (event["status"], event["stream_id"]) == (429, "16")


def test_a_question_and_a_message_that_are_too_long(server: ServerProcess) -> None:
    with socket(server) as connection:
        say(connection, **{**CREATE, "input": "я" * 20_001})
        assert hear(connection)["error"]["code"] == "bad_question"
        # One byte too many, by itself: nothing is on its way when the server closes, so its word arrives.
        connection.send(["x" * MOST_BODY, "x"])
        with pytest.raises(ConnectionClosed) as closed:
            hear(connection)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_restart_closes_with_1012_and_the_answer_is_resumed(serve: Serve) -> None:
    server = serve(heartbeat=HEARTBEAT, **HELD)
    with socket(server) as connection:
        say(connection, **CREATE)
        first = [hear(connection)]
        while len(text_of(first).split()) < 10:
            first.append(hear(connection))
        server.stop()
        with suppress(ConnectionClosed):
            while True:
                first.append(hear(connection))
        assert connection.close_code == 1012
    server.start()
    with socket(server) as connection:
        position = first[-1]["sequence_number"]
        run_id = first[0]["response"]["id"]
        say(connection, type="advakod.resume", response_id=run_id, starting_after=position)
        rest = until_end(connection)
    assert text_of(first + rest) == TEXT


@by_sdk
def test_a_lost_engine_is_an_event_of_the_run(serve: Serve) -> None:
    """A run's failure is an event and not an error of the socket."""
    server = serve(heartbeat=HEARTBEAT, faults=[{"at": 5, "kind": "error"}], continuation="none")
    with sdk(server) as client, client.responses.connect() as connection:
        connection.response.create(model="advakod", input="Вопрос")
        types = []
        for event in connection:
            types.append(event.type)
            if event.type in TERMINAL:
                break
    assert types[-1] == "response.incomplete"
