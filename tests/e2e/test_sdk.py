"""The unmodified openai SDK is a full client, with heartbeats of 50 ms in between (DESIGN §5)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.conftest import TEXT, Serve
from tests.e2e.wire import ENDED, TERMINAL, until
from tests.support.server import HELD, ServerProcess, scripted, start_server

HEARTBEATS = {"ADVAKOD_HEARTBEAT": "0.05"}
QUESTION: Any = {"model": "advakod", "input": "Вопрос"}
# How the SDK opens its socket is deprecated in websockets 17.1.
by_sdk = pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager:DeprecationWarning")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Writes TEXT in about 1.5 s: thirty heartbeats."""
    folder = tmp_path_factory.mktemp("sdk")
    running = start_server(folder, scripted(folder, TEXT, tokens_per_second=50, prompt_seconds=0.3) | HEARTBEATS)
    yield running
    running.stop()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=30) as client:
        yield client


def words(events: list[Any]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def numbers(events: list[Any]) -> list[int]:
    return [event.sequence_number for event in events]


def test_models(client: openai.OpenAI) -> None:
    listed = [model.id for model in client.models.list()]
    assert "advakod" in listed
    assert client.models.retrieve("advakod").id == "advakod"


def test_create(client: openai.OpenAI) -> None:
    response = client.responses.create(**QUESTION)
    assert (response.status, response.output_text) == ("completed", TEXT)
    assert client.responses.retrieve(response.id).output_text == TEXT


def test_a_stream_dropped_at_event_10_is_resumed(client: openai.OpenAI) -> None:
    with client.responses.create(**QUESTION, background=True, stream=True) as stream:
        first: list[Any] = list(itertools.islice(stream, 11))
    assert first[-1].sequence_number == 10
    run_id = first[0].response.id
    with client.responses.retrieve(run_id, stream=True, starting_after=10) as stream:
        rest = list(stream)
    assert words(first + rest) == TEXT
    assert numbers(first + rest) == list(range(len(first + rest)))
    assert rest[-1].type == "response.completed"
    assert rest[-1].response.output_text == TEXT


def test_the_stream_helper(client: openai.OpenAI) -> None:
    with client.responses.stream(**QUESTION) as stream:
        events: list[Any] = list(stream)
        final = stream.get_final_response()
    assert (final.status, final.output_text) == ("completed", TEXT)
    assert words(events) == TEXT
    assert numbers(events) == sorted(set(numbers(events)))
    assert any(event.type == "advakod.sources" for event in events)


def test_the_stream_helper_resumes_by_id(client: openai.OpenAI) -> None:
    with client.responses.stream(**QUESTION, background=True) as stream:
        first: list[Any] = [next(stream) for _ in range(12)]
    with client.responses.stream(response_id=first[0].response.id, starting_after=11) as stream:
        rest = list(stream)
        final = stream.get_final_response()
    assert final.output_text == TEXT
    assert words(first) + words(rest) == TEXT
    assert min(numbers(rest)) == 12


@by_sdk
def test_a_websocket(serve: Serve) -> None:
    # A pong must come within 2.5 heartbeats: with 50 ms a busy machine would drop its own connection.
    server = serve(TEXT, tokens_per_second=50, env={"ADVAKOD_HEARTBEAT": "1"})
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=30) as client,
        client.responses.connect() as connection,
    ):
        connection.response.create(**QUESTION)
        events: list[Any] = []
        for event in connection:
            events.append(event)
            if event.type in TERMINAL:
                break
        assert client.responses.retrieve(events[0].response.id).output_text == TEXT
    assert words(events) == TEXT
    assert numbers(events) == list(range(len(events)))


def test_cancel(serve: Serve) -> None:
    server = serve(TEXT, **HELD)
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=30) as client:
        cancel(client)


def cancel(client: openai.OpenAI) -> None:
    run = client.responses.create(**QUESTION, background=True)
    until(lambda: client.responses.retrieve(run.id).output_text)
    client.responses.cancel(run.id)
    until(lambda: client.responses.retrieve(run.id).status in ENDED)
    ended = client.responses.retrieve(run.id)
    assert ended.status == "cancelled"
    assert ended.incomplete_details is not None
    assert ended.incomplete_details.to_dict()["reason"] == "cancelled"
    assert ended.output_text
    assert TEXT.startswith(ended.output_text)


def test_a_whole_answer_takes_longer_than_the_read_timeout(server: ServerProcess) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=1.2) as client:
        response = client.responses.create(**QUESTION)
        assert response.output_text == TEXT


def test_chat_completions(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="advakod", messages=[{"role": "user", "content": "Вопрос"}], stream=True
    )
    with closing(stream):
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_conversation(client: openai.OpenAI) -> None:
    conversation = client.conversations.create()
    first = client.responses.create(**QUESTION, conversation=conversation.id)
    second = client.responses.create(model="advakod", input="А ещё?", previous_response_id=first.id)
    assert second.conversation is not None
    assert first.conversation.id == second.conversation.id == conversation.id
    items: list[Any] = list(client.conversations.items.list(conversation.id, order="asc"))
    assert [item.role for item in items] == ["user", "assistant"] * 2
    assert [item.content[0].text for item in items] == ["Вопрос", TEXT, "А ещё?", TEXT]
    client.conversations.delete(conversation.id)
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(conversation.id)


def test_an_error_is_the_sdks_own(client: openai.OpenAI, tmp_path: Path) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.responses.create(model="gpt-9", input="Вопрос")
    assert refused.value.code == "not_found"
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model="advakod", input="")
