"""Chat completions with the unmodified SDK, with heartbeats in between."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import orjson
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.api.conftest import TEXT, Serve, sdk
from tests.support.server import HELD, ServerProcess

HEARTBEAT = 1.0  # seconds; a run dies when its reader has not been seen for 2.5 of them
ASK: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Отвечай кратко."},
    {"role": "user", "content": "Вопрос"},
]


def post(server: ServerProcess, **fields: Any) -> Any:
    body = orjson.dumps({"messages": ASK, **fields})
    request = urllib.request.Request(f"{server.url}/v1/chat/completions", body, {"content-type": "application/json"})
    return urllib.request.urlopen(request, timeout=30)


def status_of(client: openai.OpenAI, chat_id: str) -> str | None:
    return client.responses.retrieve(chat_id.replace("chatcmpl-", "resp_")).status


def until_running(server: ServerProcess) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{server.url}/api/v1/llm/stats", timeout=30) as reply:
            if orjson.loads(reply.read())["concurrent_requests"]:
                return
        time.sleep(0.02)


def until_ended(client: openai.OpenAI, chat_id: str) -> str | None:
    deadline = time.monotonic() + 30
    while (status := status_of(client, chat_id)) in ("queued", "in_progress") and time.monotonic() < deadline:
        time.sleep(0.05)
    return status


def test_streaming(client: openai.OpenAI) -> None:
    with client.chat.completions.create(model="advakod", messages=ASK, stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.usage is None for chunk in chunks)
    facts: Any = chunks[-1].to_dict()["advakod"]
    assert {"response_id", "status", "sources", "citations"} <= set(facts)


def test_usage_comes_last_when_asked_for(client: openai.OpenAI) -> None:
    options = {"include_usage": True}
    stream = client.chat.completions.create(
        model="advakod",
        messages=ASK,
        stream=True,
        stream_options=options,  # type: ignore[call-overload]
    )
    chunks = list(stream)
    assert [bool(chunk.usage) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 60


def test_heartbeats_in_between(serve: Serve) -> None:
    server = serve(heartbeat=0.15, prompt_seconds=0.5, tokens_per_second=200)
    with sdk(server) as client:
        stream = client.chat.completions.create(model="advakod", messages=ASK, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == TEXT
    with post(server, stream=True) as response:
        body = response.read()
    assert b"\n: ping\n: ping\n" in body
    assert b": ping\n\n" not in body
    assert body.endswith(b"\n\ndata: [DONE]\n\n")


def test_a_whole_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="advakod", messages=ASK)
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 60
    assert answer.choices[0].message.to_dict()["advakod"]["status"] == "completed"  # type: ignore[index]


def test_a_whole_answer_takes_longer_than_the_read_timeout(serve: Serve) -> None:
    server = serve(heartbeat=HEARTBEAT, tokens_per_second=12)
    with sdk(server).with_options(timeout=4.0) as client:
        assert client.chat.completions.create(model="advakod", messages=ASK).choices[0].message.content == TEXT


def test_a_whole_answer_is_preceded_by_newlines(server: ServerProcess) -> None:
    with post(server) as response:
        body = response.read()
    assert body.startswith(b"\n")
    assert orjson.loads(body)["object"] == "chat.completion"


def test_an_answer_cut_at_its_length(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="advakod", messages=ASK, max_tokens=10)
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.to_dict()["advakod"]["reason"] == "max_output_tokens"  # type: ignore[index]


def test_a_timeout_keeps_every_word(serve: Serve) -> None:
    server = serve(heartbeat=0.5, **HELD, env={"VISTRAL_INFERENCE_TIMEOUT": "1.5"})
    with sdk(server) as client:
        answer = client.chat.completions.create(model="advakod", messages=ASK)
    text = answer.choices[0].message.content
    assert text
    assert TEXT.startswith(text)
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.to_dict()["advakod"]["reason"] == "timeout"  # type: ignore[index]


def test_a_failure_is_raised_by_the_sdk(serve: Serve) -> None:
    server = serve(heartbeat=3, faults=[{"at": 0, "kind": "error"}])  # tried for 7.5 s: longer than that
    with sdk(server) as client:
        with pytest.raises(openai.APIError) as streamed:
            list(client.chat.completions.create(model="advakod", messages=ASK, stream=True))
        assert any("а" <= letter <= "я" for letter in streamed.value.message)
        late = client.chat.completions.create(model="advakod", messages=ASK)
        assert late.choices == []
        assert late.to_dict()["error"]["code"] == streamed.value.code  # type: ignore[index]


def test_a_failure_before_the_first_heartbeat_has_a_status(serve: Serve) -> None:
    server = serve(heartbeat=30, faults=[{"at": 0, "kind": "error"}])
    with sdk(server) as client, pytest.raises(openai.InternalServerError) as failed:
        client.chat.completions.create(model="advakod", messages=ASK)
    assert (failed.value.status_code, failed.value.code) == (502, "answer_failed")


def test_a_run_dies_with_its_reader(serve: Serve) -> None:
    server = serve(heartbeat=HEARTBEAT, **HELD)
    with sdk(server) as client:
        stream = client.chat.completions.create(model="advakod", messages=ASK, stream=True)
        chat_id = next(stream).id
        time.sleep(3)  # a reader that stays is seen: 2.5 heartbeats are 2.5 seconds
        assert status_of(client, chat_id) == "in_progress"
        stream.close()
        assert until_ended(client, chat_id) == "cancelled"


def test_a_chat_is_stateless(client: openai.OpenAI) -> None:
    chat = client.chat.completions.create(model="advakod", messages=ASK)
    run_id = chat.id.replace("chatcmpl-", "resp_")
    assert client.responses.retrieve(run_id).conversation is None
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="advakod", input="Ещё", previous_response_id=run_id)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"messages": []}, 400),
        ({"messages": [{"role": "user", "content": ""}]}, 400),
        ({"messages": [{"role": "assistant", "content": "Ответ"}]}, 400),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, 400),
        ({"model": "gpt-9"}, 404),
        ({"n": 2}, 400),
        ({"max_tokens": 0}, 400),
    ],
)
def test_bad_requests(client: openai.OpenAI, fields: dict[str, Any], status: int) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.post("/chat/completions", body={"model": "advakod", "messages": ASK, **fields}, cast_to=object)
    assert refused.value.status_code == status
    assert any("а" <= letter <= "я" for letter in refused.value.message)


def test_text_parts_and_earlier_turns(client: openai.OpenAI) -> None:
    said: list[ChatCompletionMessageParam] = [
        {"role": "user", "content": "Первый вопрос"},
        {"role": "assistant", "content": "Первый ответ"},
        {"role": "user", "content": [{"type": "text", "text": "Второй вопрос"}]},
    ]
    assert client.chat.completions.create(model="advakod", messages=said).choices[0].message.content == TEXT


def test_a_restart_says_when_to_come_back(serve: Serve) -> None:
    server = serve(**HELD, heartbeat=30)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(post, server)
        until_running(server)
        server.stop()
        with pytest.raises(urllib.error.HTTPError) as refusal:
            asking.result()
    with refusal.value as reply:
        assert (reply.code, reply.headers["retry-after"]) == (503, "1")
        assert orjson.loads(reply.read())["error"]["code"] == "server_restarting"
