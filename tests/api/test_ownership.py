"""Every route of the schema against a stranger, another key, a user's key and another site: also those yet to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import pytest

from tests.accounts.house import KEYS, entry
from tests.api.conftest import TEXT
from tests.support.server import ServerProcess, scripted, start_server

OPEN = {"/health", "/ready", "/api/v1/session"}
ADMIN = ("/metrics", "/api/v1/config", "/api/v1/llm/stats", "/api/v1/feedback")
QUESTION = "развод"
UNSAFE = {"post", "put", "patch", "delete"}
# What a route must be given to look at whose the thing is; the others need nothing.
BODIES: dict[tuple[str, str], Any] = {
    ("post", "/v1/conversations/{conversation_id}"): {"metadata": {}},
    ("post", "/v1/conversations/{conversation_id}/items"): {"items": [{"role": "user", "content": "x"}]},
    ("patch", "/api/v1/conversations/{conversation_id}"): {"title": "чужое"},
    ("post", "/api/v1/responses/{response_id}/again"): {"stream": False},
    ("put", "/api/v1/responses/{response_id}/feedback"): {"rating": "down"},
}
QUERIES = {
    "/api/v1/conversations/{conversation_id}/export": "?format=docx",
    "/api/v1/responses/{response_id}/continue": "?stream=false",
}


@dataclass(frozen=True)
class Asked:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class House:
    """A server with keys, and what Anna has there."""

    server: ServerProcess
    ids: dict[str, str]

    def __call__(self, method: str, path: str, key: str | None = None, body: Any = None, **headers: str) -> Asked:
        connection = HTTPConnection(urlsplit(self.server.url).netloc, timeout=30)
        given = {"X-Forwarded-For": "203.0.113.9", **headers}  # by a proxy: nobody is at home
        if key:
            given["Authorization"] = f"Bearer {key}"
        if body is not None:
            given["Content-Type"] = "application/json"
        try:
            connection.request(method.upper(), path, None if body is None else orjson.dumps(body), given)
            reply = connection.getresponse()
            said = reply.read()
        finally:
            connection.close()
        is_json = reply.headers.get_content_type() == "application/json"
        head = {name.lower(): value for name, value in reply.headers.items()}
        return Asked(reply.status, head, orjson.loads(said) if is_json and said else said)

    def routes(self) -> Iterator[tuple[str, str]]:
        """Every method and path template of the schema."""
        paths: dict[str, dict[str, Any]] = self("get", "/openapi.json").body["paths"]
        for path, methods in paths.items():
            yield from ((method, path) for method in methods)

    def filled(self, path: str) -> str:
        """A template with Anna's ids in it."""
        address = path + QUERIES.get(path, "")
        for name, value in {"act": "zozpp", "place": "18", "session_id": "x", "model": "advakod", **self.ids}.items():
            address = address.replace(f"{{{name}}}", value)
        assert "{" not in address, f"what stands in {path}?"
        return address


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    keys = ",".join([KEYS, entry("boris", "user", "boris-key")])
    server = start_server(folder, scripted(folder, TEXT) | {"ADVAKOD_API_KEYS": keys})
    visit = House(server, {})
    ids = {"conversation_id": visit("post", "/v1/conversations", "anna-key", {}).body["id"]}
    asked = visit("post", "/v1/responses", "anna-key", {"input": QUESTION, "conversation": ids["conversation_id"]}).body
    ids["response_id"] = asked["id"]
    ids["item_id"] = visit("get", f"/v1/conversations/{ids['conversation_id']}/items", "anna-key").body["first_id"]
    yield House(server, ids)
    server.stop()


def test_a_stranger_gets_nothing(house: House) -> None:
    for method, path in house.routes():
        if path not in OPEN:
            refused = house(method, house.filled(path), body=BODIES.get((method, path)))
            assert (path, refused.status) == (path, 401)


def test_another_key_finds_nothing_of_annas(house: House) -> None:
    named = [(method, path) for method, path in house.routes() if "response_id" in path or "conversation_id" in path]
    assert len(named) > 20
    for method, path in named:
        for key in ("boris-key", "boss-key"):
            refused = house(method, house.filled(path), key, BODIES.get((method, path)))
            assert (method, path, refused.status) == (method, path, 404)
    events = f"/v1/responses/{house.ids['response_id']}?stream=true"
    assert house("get", events, "boris-key").status == 404
    for body in ({"previous_response_id": house.ids["response_id"]}, {"conversation": house.ids["conversation_id"]}):
        assert house("post", "/v1/responses", "boris-key", {"input": "?", **body}).status == 404
    for sought in ("", f"?q={quote(QUESTION)}"):
        assert house("get", f"/api/v1/conversations{sought}", "boris-key").body["data"] == []
        assert house("get", f"/api/v1/conversations{sought}", "anna-key").body["data"] != []
    mine = house("get", house.filled("/api/v1/responses/{response_id}"), "anna-key").body
    assert (mine["status"], mine["feedback"]) == ("completed", None)
    assert house("get", house.filled("/api/v1/conversations/{conversation_id}"), "anna-key").body["title"] != "чужое"


def test_what_is_the_administrators_no_user_sees(house: House) -> None:
    routes = [(method, path) for method, path in house.routes() if path.startswith(ADMIN)]
    assert len(routes) >= 6
    for method, path in routes:
        assert (path, house(method, house.filled(path), "anna-key").status) == (path, 403)
        assert (path, house(method, house.filled(path), "boss-key").status) == (path, 200)


def test_another_site_changes_nothing(house: House) -> None:
    for method, path in house.routes():
        if method in UNSAFE:
            body = BODIES.get((method, path))
            for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
                refused = house(method, house.filled(path), "anna-key", body, **foreign)
                assert (path, refused.status, refused.body["error"]["code"]) == (path, 403, "cross_site")


def test_what_is_somebodys_stands_in_no_cache(house: House) -> None:
    for method, path in house.routes():
        if method == "get" and path.startswith(("/v1/", "/api/")) and not path.startswith(ADMIN):
            given = house(method, house.filled(path), "anna-key")
            assert (path, "no-store" in given.headers["cache-control"]) == (path, True)
            assert given.headers["x-content-type-options"] == "nosniff"
