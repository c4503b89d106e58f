"""The doors over real ASGI: hosts, sites, who, roles, and the headers of what comes back."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from advakod.accounts import Accounts
from advakod.api.doors import Door, Doors, Refusal, door_of
from advakod.errors import (
    AdvakodError,
    ConflictError,
    EngineError,
    IdempotencyError,
    NotFoundError,
    OverloadedError,
    QuestionError,
)
from advakod.settings import Settings
from advakod.storage import Database
from tests.accounts.house import KEYS, Visitor, house, serving

OWN = "http://127.0.0.1:8000"
EVIL = "https://evil.example"


# -- who ----------------------------------------------------------------------------------------------


def test_on_this_machine_no_key_is_needed(visit: Visitor) -> None:
    assert visit("/v1/whoami").json() == {"name": "local", "role": "admin", "via": "local"}
    assert visit("/v1/whoami", host="localhost:8000", peer="::1").status == 200
    assert visit("/v1/whoami", host="[::1]").status == 200
    assert visit("/metrics").status == 200


@pytest.mark.parametrize(
    "proxied",
    [
        {"x_forwarded_for": "203.0.113.9"},
        {"x_forwarded_proto": "https"},
        {"forwarded": "for=203.0.113.9"},
        {"via": "1.1 proxy"},
        {"x_real_ip": "203.0.113.9"},
    ],
)
def test_behind_a_proxy_everybody_needs_one(visit: Visitor, proxied: dict[str, Any]) -> None:
    answer = visit("/v1/whoami", **proxied)
    assert (answer.status, answer.code) == (401, "key_required")
    assert visit("/v1/whoami", key="anna-key", **proxied).status == 200


@pytest.mark.parametrize("peer", ["10.0.0.7", "203.0.113.9", None])
def test_from_elsewhere_a_key_is_needed(visit: Visitor, peer: str | None) -> None:
    assert visit("/v1/whoami", peer=peer).status == 401
    assert visit("/v1/whoami", peer=peer, key="boss-key").json()["via"] == "key"


@pytest.mark.parametrize("overrides", [{"host": "0.0.0.0"}, {"host": "192.168.1.5"}])
def test_a_server_bound_to_the_network_always_asks(build: Callable[..., ASGIApp], overrides: dict[str, Any]) -> None:
    assert Visitor(build(api_keys=KEYS, **overrides))("/v1/whoami").status == 401


def test_under_the_public_name_a_key_is_needed_even_from_this_machine(build: Callable[..., ASGIApp]) -> None:
    visit = Visitor(build(api_keys=KEYS, public_url="https://law.example"))
    assert visit("/v1/whoami", host="law.example").status == 401
    assert visit("/v1/whoami", host="127.0.0.1:8000").status == 200


@pytest.mark.parametrize("authorization", ["Bearer wrong", "bearer wrong", "Bearer ", "Bearer ключ"])
def test_a_wrong_key_is_refused_even_here(visit: Visitor, authorization: str) -> None:
    answer = visit("/v1/whoami", authorization=authorization.encode().decode("latin-1"))
    assert (answer.status, answer.code) == (401, "key_required")
    assert answer.header("www-authenticate") == "Bearer"


def test_where_no_key_is_configured_a_placeholder_counts_for_nothing(build: Callable[..., ASGIApp]) -> None:
    visit = Visitor(build())
    assert visit("/v1/whoami", key="sk-placeholder").json()["via"] == "local"
    assert visit("/v1/whoami", key="sk-placeholder", peer="10.0.0.7").status == 401
    assert visit("/v1/whoami", key="sk-placeholder", x_forwarded_for="10.0.0.7").status == 401


def test_a_key_in_the_query_string_is_not_read(visit: Visitor) -> None:
    for name in (b"key", b"api_key", b"access_token", b"token"):
        assert visit("/v1/whoami", peer="10.0.0.7", query=name + b"=boss-key").status == 401


def test_another_scheme_of_authorization_is_not_ours(visit: Visitor) -> None:
    assert visit("/v1/whoami", authorization="Basic dTpw").json()["via"] == "local"
    assert visit("/v1/whoami", peer="10.0.0.7", authorization="Basic dTpw").status == 401


# -- roles and paths ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/metrics", "/admin", "/admin/x", "/api/v1/config", "/api/v1/llm/stats/history"])
def test_what_only_an_administrator_may_see(visit: Visitor, path: str) -> None:
    answer = visit(path, key="anna-key")
    assert (answer.status, answer.code) == (403, "admin_only")
    assert answer.json()["error"]["type"] == "permission_error"
    assert visit(path, key="boss-key").status in (200, 404)
    assert visit(path, peer="10.0.0.7").status == 401


def test_a_route_can_lock_itself_too(visit: Visitor) -> None:
    assert visit("/api/v1/locked", key="anna-key").code == "admin_only"
    assert visit("/api/v1/locked", key="boss-key").json() == "boss"


def test_a_mount_point_does_not_hide_an_administrators_path(settings: Callable[..., Settings], store: Database) -> None:
    accounts = Accounts(settings(api_keys=KEYS), store)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("let through")

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        inner = {**scope, "root_path": "/advakod", "path": f"/advakod{scope['path']}"}
        await Doors(app, accounts)(inner, receive, send)

    assert Visitor(mounted)("/metrics", key="anna-key").code == "admin_only"


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/chat/some", "/assets/a.js"])
def test_open_doors(visit: Visitor, path: str) -> None:
    assert visit(path, peer="10.0.0.7").status == 200
    assert visit(path, peer="10.0.0.7", key="wrong").status == 200


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/chat", Door.OPEN),
        ("/law/zozpp/18", Door.OPEN),
        ("/favicon.ico", Door.OPEN),
        ("/chatter", Door.KEY),
        ("/ready", Door.ASKED),
        ("/api/v1/session", Door.ASKED),
        ("/api/v1/sessions", Door.KEY),
        ("/docs", Door.OPEN),
        ("/docs/openapi.json", Door.OPEN),
        ("/openapi.json", Door.OPEN),
        ("/metrics", Door.ADMIN),
        ("/", Door.OPEN),
        ("", Door.KEY),
        ("//", Door.KEY),
        ("/nonsense", Door.KEY),
    ],
)
def test_what_a_path_asks_for(path: str, door: Door) -> None:
    assert door_of(path) is door


# -- hosts and sites ----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", None, "10.0.0.1"])
@pytest.mark.parametrize("path", ["/v1/whoami", "/health"])
def test_a_foreign_host_is_refused(visit: Visitor, host: str | None, path: str) -> None:
    answer = visit(path, host=host, key="boss-key")
    assert (answer.status, answer.code) == (400, "bad_host")


@pytest.mark.parametrize(
    "site",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "http://localhost:8000"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": EVIL, "sec_fetch_site": "cross-site"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"origin": EVIL, "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_another_site_cannot_write_or_open_a_socket(visit: Visitor, site: dict[str, Any]) -> None:
    form = {"content_type": "application/x-www-form-urlencoded", **site}
    for path in ("/v1/whoami", "/api/v1/session", "/chat/some"):
        answer = visit(path, "POST", body=b"query=1", **form)
        assert (answer.status, answer.code) == (403, "cross_site")
    for method in ("PUT", "PATCH", "DELETE", "TRACE"):
        assert visit("/v1/whoami", method, **site).status == 403
    refused = visit.upgrade("/v1/responses", **site)
    assert refused.status == 403
    assert [message["type"] for message in refused.messages] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]


@pytest.mark.parametrize("site", [{"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}, {"origin": EVIL}])
def test_another_site_cannot_even_ask_for_what_is_somebodys(visit: Visitor, site: dict[str, Any]) -> None:
    for method in ("GET", "HEAD"):
        for path in ("/v1/whoami", "/api/v1/cached"):
            assert visit(path, method, **site).status == 403
        for path in ("/health", "/assets/a.js", "/chat/some"):
            assert visit(path, method, **site).status in (200, 405)
    assert visit("/v1/whoami", sec_fetch_site="none", sec_fetch_mode="navigate").status == 200


@pytest.mark.parametrize(
    "site",
    [
        {},
        {"origin": OWN},
        {"origin": OWN, "sec_fetch_site": "same-origin"},
        {"origin": "null", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
    ],
)
def test_our_own_page_and_programs_can(visit: Visitor, site: dict[str, Any]) -> None:
    assert visit("/v1/whoami", "POST", **site).status == 200
    accepted = visit.upgrade("/v1/responses", **site)
    assert accepted.messages[1] == {"type": "websocket.send", "text": "local"}


def test_a_link_from_another_site_may_be_followed(visit: Visitor) -> None:
    assert visit("/chat/some", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status == 200


def test_the_public_page_behind_a_proxy(build: Callable[..., ASGIApp]) -> None:
    visit = Visitor(build(api_keys=KEYS, public_url="https://law.example"))
    proxied: dict[str, Any] = {"host": "law.example", "x_forwarded_for": "203.0.113.9", "key": "anna-key"}
    assert visit("/v1/whoami", "POST", origin="https://law.example", **proxied).status == 200
    assert visit("/v1/whoami", "POST", origin="http://law.example", **proxied).status == 403


def test_a_socket_without_a_key_is_refused_before_the_handshake(visit: Visitor) -> None:
    answer = visit.upgrade("/v1/responses", peer="10.0.0.7")
    assert (answer.status, answer.code) == (401, "key_required")
    bare = visit.upgrade("/v1/responses", peer="10.0.0.7", bare=True)
    assert bare.messages == [{"type": "websocket.close", "code": 1008}]
    assert visit.upgrade("/v1/responses", host="evil.example").status == 400


# -- what comes back ----------------------------------------------------------------------------------


def test_an_error_has_the_shape_that_the_sdk_reads_and_is_not_retried(visit: Visitor) -> None:
    answer = visit("/v1/whoami", peer="10.0.0.7")
    assert set(answer.json()["error"]) == {"message", "type", "code", "param"}
    assert answer.json()["error"]["type"] == "authentication_error"
    assert "ключ" in answer.json()["error"]["message"]
    assert answer.header("x-should-retry") == "false"
    assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QuestionError(), 400),
        (NotFoundError(), 404),
        (ConflictError(), 409),
        (IdempotencyError(), 422),
        (OverloadedError(retry_after=7), 503),
        (EngineError(), 502),
        (AdvakodError(), 500),
    ],
)
def test_every_error_has_its_status(error: AdvakodError, status: int) -> None:
    refusal = Refusal.of(error)
    assert refusal.status == status
    assert ((b"x-should-retry", b"false") in refusal.headers) is (status < 500)
    assert ((b"retry-after", b"7") in refusal.headers) is isinstance(error, OverloadedError)
    assert Refusal.of(error, status=405).status == 405


def test_headers_are_completed_and_never_overwritten(visit: Visitor) -> None:
    answer = visit("/v1/whoami")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("cache-control") == "no-store"
    cached = [value for name, value in visit("/api/v1/cached").headers if name == "cache-control"]
    assert cached == ["max-age=60"]
    assert visit("/health").header("cache-control") is None
    assert visit("/api/v1/nothing").header("x-content-type-options") == "nosniff"


def test_a_response_that_is_sent_again_and_again_does_not_grow(
    settings: Callable[..., Settings], store: Database
) -> None:
    start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    visit = Visitor(Doors(app, Accounts(settings(), store)))
    assert len(visit("/v1/x").headers) == len(visit("/v1/x").headers) == 4
    assert start["headers"] == [(b"a", b"b")]


def test_other_scopes_pass_untouched(settings: Callable[..., Settings], store: Database) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    doors = Doors(app, Accounts(settings(), store))
    coroutine = doors({"type": "lifespan"}, None, None)  # type: ignore[arg-type]  # neither is called
    with pytest.raises(StopIteration):
        coroutine.__await__().send(None)
    assert seen == [{"type": "lifespan"}]


def test_a_database_that_is_gone_is_said_so(settings: Callable[..., Settings], tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'never-opened.db'}")
    try:
        answer = Visitor(house(settings(), database))("/v1/whoami", cookie="advakod_session=x")
    finally:
        database.close()
    assert (answer.status, answer.code) == (503, "storage_unavailable")


# -- a real server ------------------------------------------------------------------------------------


def test_over_real_sockets(build: Callable[..., ASGIApp]) -> None:
    with serving(build(api_keys=KEYS)) as port:

        def status(method: str, path: str, headers: dict[str, Any] | None = None) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request(method, path, headers=headers or {})
                return connection.getresponse().status
            finally:
                connection.close()

        assert status("GET", "/v1/whoami") == 200
        assert status("GET", "/v1/whoami", {"Host": "evil.example"}) == 400
        assert status("GET", "/v1/whoami", {"X-Forwarded-For": "127.0.0.1"}) == 401
        assert status("POST", "/v1/whoami", {"Origin": EVIL}) == 403
        assert status("POST", "/v1/whoami", {"Origin": f"http://127.0.0.1:{port}"}) == 200
        assert status("GET", "/metrics", {"Authorization": "Bearer anna-key"}) == 403
        url = f"ws://127.0.0.1:{port}/v1/responses"
        with connect(url, origin=Origin(f"http://127.0.0.1:{port}")) as socket:
            assert socket.recv(timeout=10) == "local"
        with pytest.raises(InvalidStatus) as caught:
            connect(url, origin=Origin(EVIL))
        assert caught.value.response.status_code == 403
        assert caught.value.response.body is not None
        assert b"cross_site" in caught.value.response.body
        with pytest.raises(InvalidStatus) as caught:
            connect(url, additional_headers={"Authorization": "Bearer wrong"})
        assert caught.value.response.status_code == 401
