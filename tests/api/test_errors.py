"""What a request that cannot be used is answered: one body, in Russian, that names the field."""

from __future__ import annotations

import http.client
from typing import Any

import orjson
import pytest

from advakod.api.chat import ChatCompletion
from advakod.api.conversations import ConversationChange, NewConversation
from advakod.api.responses import CreateResponse
from advakod.api.sockets import checked
from advakod.errors import InputError
from tests.support.server import ServerProcess


@pytest.mark.parametrize(
    ("model", "sent", "param", "said"),
    [
        (CreateResponse, {}, "input", "нужно это поле"),
        (CreateResponse, {"input": 5}, "input", "нужна строка"),
        (CreateResponse, {"input": [{"role": "tool"}]}, "input.0.role", "допустимо 'user', 'assistant'"),
        (CreateResponse, {"input": [{"content": [{"text": 5}]}]}, "input.0.content.0.text", "нужна строка"),
        (CreateResponse, {"input": "?", "temperature": 9}, "temperature", "не больше 2"),
        (CreateResponse, {"input": "?", "max_output_tokens": "a"}, "max_output_tokens", "нужно целое число"),
        (CreateResponse, {"input": "?", "as_of": "вчера"}, "as_of", "нужна дата"),
        (CreateResponse, {"input": "?", "conversation": {}}, "conversation.id", "нужно это поле"),
        (CreateResponse, {"input": "?", "metadata": {"a": "b" * 513}}, "metadata.a", "512 или меньше"),
        (ChatCompletion, {"messages": []}, "messages", "1 или больше"),
        (ConversationChange, {"title": ""}, "title", "1 или больше"),
        (NewConversation, {"items": [{"content": "\ud800"}]}, "items.0.content", "недопустимые знаки"),
    ],
)
def test_a_mistake_is_named_in_russian(model: Any, sent: dict[str, Any], param: str, said: str) -> None:
    with pytest.raises(InputError) as refusal:
        checked(model, sent)
    assert refusal.value.param == param
    assert refusal.value.message.startswith(f"Поле «{param}»: ")
    assert said in refusal.value.message


@pytest.mark.parametrize("body", ["[]", '"text"', "{"])
def test_a_body_that_is_no_object(server: ServerProcess, body: str) -> None:
    status, _, said = exchange(server, "POST", "/v1/responses", body)
    assert status == 400
    assert orjson.loads(said)["error"]["message"].startswith("Тело запроса")


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_monitors_may_ask_for_the_head_alone(server: ServerProcess, path: str) -> None:
    status, _, said = exchange(server, "HEAD", path)
    assert (status, said) == (200, b"")


def test_a_method_that_is_not_here_names_those_that_are(server: ServerProcess) -> None:
    status, headers, said = exchange(server, "OPTIONS", "/v1/responses")
    assert (status, headers["allow"], headers["x-should-retry"]) == (405, "POST", "false")
    assert orjson.loads(said)["error"]["code"] == "method_not_allowed"


def exchange(
    server: ServerProcess, method: str, path: str, body: str | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()
