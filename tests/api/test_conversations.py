"""Conversations with the unmodified SDK, and the tree that a page draws."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import docx
import openai
import pytest

from tests.api.conftest import TEXT, Serve
from tests.support.server import HELD, ServerProcess

Api = Any


@pytest.fixture
def api(client: openai.OpenAI) -> Api:
    """Our own addresses: `api("GET", "")`."""
    return partial(call, client)


def call(client: openai.OpenAI, method: str, path: str, body: object = None, **query: object) -> Any:
    """Our own addresses, through the SDK's client."""
    address = str(client.base_url).removesuffix("/v1/") + "/api/v1/conversations" + path
    if method == "GET":
        return client.get(address, cast_to=object, options={"params": query})
    return client.patch(address, cast_to=object, body=body)


@pytest.fixture
def root(server: ServerProcess) -> str:
    return server.url


def ask(client: openai.OpenAI, conversation: str, question: str = "Вопрос") -> Any:
    return client.responses.create(model="advakod", input=question, conversation=conversation)


def texts(client: openai.OpenAI, conversation: str) -> list[str]:
    items: Any = client.conversations.items.list(conversation, order="asc")
    return [item.content[0].text for item in items]


def test_from_beginning_to_end(client: openai.OpenAI) -> None:
    created = client.conversations.create(
        metadata={"topic": "возврат"},
        items=[{"type": "message", "role": "user", "content": "Здравствуйте"}],
    )
    assert created.object == "conversation"
    assert client.conversations.retrieve(created.id) == created
    changed = client.conversations.update(created.id, metadata={"topic": "отпуск"})
    assert changed.metadata == {"topic": "отпуск"}
    ask(client, created.id)
    assert texts(client, created.id) == ["Здравствуйте", "Вопрос", TEXT]
    deleted = client.conversations.delete(created.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (created.id, True, "conversation.deleted")
    for attempt in (client.conversations.retrieve, client.conversations.delete, client.conversations.items.list):
        with pytest.raises(openai.NotFoundError):
            attempt(created.id)


def test_items(client: openai.OpenAI) -> None:
    conversation = client.conversations.create().id
    said: Any = [
        {"type": "message", "role": role, "content": f"{role} {n}"} for n in range(3) for role in ("user", "assistant")
    ]
    added: Any = client.conversations.items.create(conversation, items=said)
    ids = [item.id for item in added.data]
    assert len(ids) == 6
    assert [item.id for item in client.conversations.items.list(conversation, limit=2, order="asc")] == ids
    assert [item.id for item in client.conversations.items.list(conversation, limit=4)] == ids[::-1]
    page = client.conversations.items.list(conversation, after=ids[4], order="asc")
    assert [item.id for item in page.data] == ids[5:]
    one: Any = client.conversations.items.retrieve(ids[1], conversation_id=conversation)
    assert (one.role, one.content[0].text) == ("assistant", "assistant 0")
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.list(conversation, after="msg_no")
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.retrieve("msg_no", conversation_id=conversation)
    with pytest.raises(openai.APIStatusError) as unsupported:
        client.conversations.items.delete(ids[0], conversation_id=conversation)
    assert unsupported.value.status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"role": "system", "content": "x"}]},
        {"items": [{"type": "function_call", "content": "x"}]},
        {"items": [{"role": "user", "content": "x" * 20_001}]},
        {"items": [{"role": "user", "content": "x"}] * 21},
        {"metadata": {"k" * 65: "v"}},
        {"metadata": {"k": "v" * 513}},
        {"metadata": {str(n): "v" for n in range(17)}},
    ],
)
def test_bad_requests(client: openai.OpenAI, body: dict[str, object]) -> None:
    with pytest.raises(openai.BadRequestError):
        client.post("/conversations", body=body, cast_to=object)


def test_the_tree(client: openai.OpenAI, api: Api) -> None:
    conversation = client.conversations.create().id
    first = ask(client, conversation, "Можно ли вернуть товар?")
    root = str(client.base_url).removesuffix("/v1/")
    client.post(f"{root}/api/v1/responses/{first.id}/again", body={"stream": False}, cast_to=object)
    tree = api("GET", f"/{conversation}")
    assert tree["title"] == "Можно ли вернуть товар?"
    question, *answers = tree["messages"]
    assert [answer["parent"] for answer in answers] == [question["id"]] * 2
    assert answers[0]["run"] == {"id": first.id, "status": "completed", "reason": None, "message": None}
    assert tree["leaf"] == answers[1]["id"]
    changed = api("PATCH", f"/{conversation}", {"leaf": answers[0]["id"], "title": "Возврат"})
    assert (changed["leaf"], changed["title"]) == (answers[0]["id"], "Возврат")
    shown: Any = client.conversations.items.list(conversation, order="asc").data
    assert [item.id for item in shown] == [question["id"], answers[0]["id"]]
    for wrong in ({"leaf": "msg_no"}, {"leaf": client.conversations.create().id}):
        with pytest.raises(openai.NotFoundError):
            api("PATCH", f"/{conversation}", wrong)
    with pytest.raises(openai.BadRequestError):
        api("PATCH", f"/{conversation}", {"title": ""})


def test_the_list_has_each_once(serve: Serve) -> None:
    client = openai.OpenAI(base_url=f"{serve().url}/v1", api_key="none", max_retries=0)
    made = [client.conversations.create().id for _ in range(7)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = call(client, "GET", "", limit=3, **after)
        seen += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == made[::-1]
    with pytest.raises(openai.BadRequestError):
        call(client, "GET", "", after="yesterday")
    client.close()


def test_found_by_its_words(client: openai.OpenAI, api: Api) -> None:
    conversation = client.conversations.create().id
    ask(client, conversation, "Чем отличается ЁЖ от ежевики?")
    (found,) = api("GET", "", q="ежевик ёж отличается")["data"]
    assert (found["id"], found["running"]) == (conversation, False)
    assert "ЁЖ от ежевики" in found["snippet"]
    assert api("GET", "", q="ежевика дикобраз") == {"data": [], "next": None}
    assert api("GET", "", limit=1)["data"][0]["snippet"] is None
    with pytest.raises(openai.BadRequestError):
        api("GET", "", q="я" * 201)


def test_deleted_and_restored(client: openai.OpenAI, api: Api, root: str) -> None:
    conversation = client.conversations.create().id
    asked = ask(client, conversation)
    address = f"{root}/api/v1/conversations/{conversation}"
    before = api("GET", f"/{conversation}")
    deleted: Any = client.delete(address, cast_to=object)
    assert (deleted["id"], deleted["deleted"]) == (conversation, True)
    assert 500 < deleted["restore_until"] - asked.created_at < 700
    attempts: list[Callable[[], object]] = [
        lambda: api("GET", f"/{conversation}"),
        lambda: api("GET", f"/{conversation}/export", format="md"),
        lambda: client.delete(address, cast_to=object),
        lambda: client.conversations.retrieve(conversation),
        lambda: client.conversations.items.list(conversation),
        lambda: client.responses.retrieve(asked.id),
        lambda: client.responses.create(model="advakod", input="?", conversation=conversation),
        lambda: client.responses.create(model="advakod", input="?", previous_response_id=asked.id),
    ]
    for attempt in attempts:
        with pytest.raises(openai.NotFoundError):
            attempt()
    assert conversation not in [one["id"] for one in api("GET", "", limit=100)["data"]]
    restored: Any = client.post(f"{address}/restore", cast_to=object)
    assert restored["id"] == conversation
    assert api("GET", f"/{conversation}") == before
    assert client.responses.retrieve(asked.id).status == "completed"


def test_exported(client: openai.OpenAI, root: str) -> None:
    conversation = client.conversations.create().id
    ask(client, conversation, "Можно ли вернуть товар?")
    address = f"{root}/api/v1/conversations/{conversation}/export"

    def fetch(**query: str) -> Any:
        return client.get(address, cast_to=openai.HttpxBinaryResponseContent, options={"params": query}).response

    file = fetch(format="docx")
    name = "UTF-8''" + file.headers["content-disposition"].partition("UTF-8''")[2]
    assert unquote(name) == "UTF-8''Можно ли вернуть товар.docx"
    assert 'filename="beseda.docx"' in file.headers["content-disposition"]
    assert file.headers["cache-control"] == "no-store"
    paragraphs = [p.text for p in docx.Document(io.BytesIO(file.content)).paragraphs]
    assert {"Можно ли вернуть товар?", "Вопрос 1", "Ответ", TEXT} <= set(paragraphs)
    text = fetch(format="md")
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "> Можно ли вернуть товар?" in text.text
    for query, error in (
        ({"format": "pdf"}, openai.BadRequestError),
        ({"format": "md", "leaf": "no"}, openai.NotFoundError),
    ):
        with pytest.raises(error):
            fetch(**query)


def test_a_conversation_that_is_being_answered_stays(serve: Serve) -> None:
    server = serve(heartbeat=2, **HELD)
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        conversation = client.conversations.create().id
        run = client.responses.create(model="advakod", input="Вопрос", conversation=conversation, background=True)
        with pytest.raises(openai.ConflictError):
            client.conversations.delete(conversation)
        with pytest.raises(openai.ConflictError):
            client.delete(f"{server.url}/api/v1/conversations/{conversation}", cast_to=object)
        items: Any = client.conversations.items.list(conversation).data
        assert items[0].status == "in_progress"
        client.responses.cancel(run.id)
        for _ in client.responses.retrieve(run.id, stream=True):
            pass
        assert client.conversations.delete(conversation).deleted
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(run.id)


@pytest.fixture(scope="module")
def keys() -> str:
    return ",".join(f"{name}:user:{sha256(f'{name}-key'.encode()).hexdigest()}" for name in ("anna", "boris"))


def test_somebody_elses_does_not_exist(serve: Serve, keys: str) -> None:
    server: ServerProcess = serve(env={"ADVAKOD_API_KEYS": keys})
    anna, boris = (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key=f"{name}-key", max_retries=0) for name in ("anna", "boris")
    )
    with anna, boris:
        hers = anna.conversations.create(metadata={"a": "b"}).id
        added = anna.conversations.items.create(hers, items=[{"type": "message", "role": "user", "content": "x"}])
        item = added.data[0].id
        attempts: list[Any] = [
            lambda: boris.conversations.retrieve(hers),
            lambda: boris.conversations.update(hers, metadata={}),
            lambda: boris.conversations.delete(hers),
            lambda: boris.conversations.items.list(hers),
            lambda: boris.conversations.items.create(hers, items=[{"type": "message", "role": "user", "content": "x"}]),
            lambda: boris.conversations.items.retrieve(item or "", conversation_id=hers),
            lambda: boris.responses.create(model="advakod", input="?", conversation=hers),
            lambda: boris.get(f"{server.url}/api/v1/conversations/{hers}", cast_to=object),
            lambda: boris.delete(f"{server.url}/api/v1/conversations/{hers}", cast_to=object),
            lambda: boris.post(f"{server.url}/api/v1/conversations/{hers}/restore", cast_to=object),
            lambda: boris.get(f"{server.url}/api/v1/conversations/{hers}/export?format=md", cast_to=object),
            lambda: boris.patch(f"{server.url}/api/v1/conversations/{hers}", body={"title": "x"}, cast_to=object),
        ]
        for attempt in attempts:
            with pytest.raises(openai.NotFoundError):
                attempt()
        listed: Any = boris.get(f"{server.url}/api/v1/conversations", cast_to=object)
        assert listed["data"] == []
        assert anna.conversations.retrieve(hers).metadata == {"a": "b"}
