"""Signing in and out, as the page does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp

from tests.accounts.house import KEYS, Visitor, entry

AWAY = "203.0.113.9"  # a peer that is not this machine


def test_from_sign_in_to_sign_out(visit: Visitor) -> None:
    signed_in = visit.sign_in("anna-key", peer=AWAY)
    assert signed_in.status == 200
    limits = {
        "heartbeat": 15,
        "client_silence": 37.5,
        "max_question": 20_000,
        "edition_warn_days": 90,
        "undo_seconds": 600,
    }
    assert signed_in.json() == {"name": "anna", "role": "user", "via": "session", "limits": limits}
    cookie = signed_in.cookie
    assert "anna-key" not in cookie
    for path in ("/v1/whoami", "/api/v1/session"):
        assert visit(path, peer=AWAY, cookie=f"other=1; {cookie}").json()["name"] == "anna"
    assert visit("/metrics", peer=AWAY, cookie=cookie).code == "admin_only"
    assert visit.upgrade("/v1/responses", peer=AWAY, cookie=cookie).messages[1]["text"] == "anna"
    signed_out = visit("/api/v1/session", "DELETE", peer=AWAY, cookie=cookie)
    assert signed_out.status == 204
    assert "Max-Age=0" in (signed_out.header("set-cookie") or "")
    assert visit("/v1/whoami", peer=AWAY, cookie=cookie).status == 401
    assert visit("/api/v1/session", "DELETE", peer=AWAY, cookie=cookie).status == 204
    assert visit("/api/v1/session", "DELETE", peer=AWAY).status == 204


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(build: Callable[..., ASGIApp]) -> None:
    plain = Visitor(build(api_keys=KEYS)).sign_in("anna-key").header("set-cookie") or ""
    assert "HttpOnly" in plain
    assert "samesite=strict" in plain.lower()
    assert "path=/" in plain.lower()
    assert "Secure" not in plain
    secure = Visitor(build(api_keys=KEYS, public_url="https://law.example")).sign_in("anna-key")
    assert "Secure" in (secure.header("set-cookie") or "")


def test_who_am_i(visit: Visitor) -> None:
    assert visit("/api/v1/session").json()["via"] == "local"
    boss = visit("/api/v1/session", peer=AWAY, key="boss-key").json()
    assert (boss["name"], boss["role"], boss["via"]) == ("boss", "admin", "key")
    assert boss["limits"]["client_silence"] == 2.5 * boss["limits"]["heartbeat"]
    unknown: tuple[dict[str, Any], ...] = ({}, {"key": "wrong"}, {"cookie": "advakod_session=stale"})
    for headers in unknown:
        answer = visit("/api/v1/session", peer=AWAY, **headers)
        assert (answer.status, answer.json()) == (200, None)


def test_a_key_outranks_a_session_and_a_session_this_machine(visit: Visitor) -> None:
    cookie = visit.sign_in("anna-key").cookie
    assert visit("/v1/whoami", cookie=cookie).json()["name"] == "anna"
    assert visit("/v1/whoami", cookie=cookie, key="boss-key").json()["name"] == "boss"
    assert visit("/v1/whoami", cookie=cookie, key="wrong").status == 401
    assert visit("/v1/whoami", cookie="advakod_session=stale").json()["name"] == "local"


def test_a_session_outlives_a_restart_but_not_its_key(build: Callable[..., ASGIApp], visit: Visitor) -> None:
    cookie = visit.sign_in("anna-key", peer=AWAY).cookie
    restarted = Visitor(build(api_keys=KEYS))
    assert restarted("/v1/whoami", peer=AWAY, cookie=cookie).json()["name"] == "anna"
    promoted = Visitor(build(api_keys=entry("anna", "admin", "anna-key")))
    assert promoted("/metrics", peer=AWAY, cookie=cookie).status == 200
    replaced = Visitor(build(api_keys=entry("anna", "user", "another-key")))
    assert replaced("/v1/whoami", peer=AWAY, cookie=cookie).status == 401


def test_a_session_ends_by_itself(build: Callable[..., ASGIApp]) -> None:
    visit = Visitor(build(api_keys=KEYS, session_lifetime=1e-6))
    assert visit("/v1/whoami", peer=AWAY, cookie=visit.sign_in("anna-key", peer=AWAY).cookie).status == 401


def test_wrong_keys_from_one_address_are_limited(visit: Visitor) -> None:
    for _ in range(10):
        assert visit.sign_in("wrong", peer=AWAY).status == 401
    limited = visit.sign_in("anna-key", peer=AWAY)
    assert (limited.status, limited.code) == (429, "rate_limit_exceeded")
    assert 1 <= int(limited.header("retry-after") or 0) <= 60
    assert limited.header("x-should-retry") is None
    assert visit.sign_in("anna-key", peer="203.0.113.10").status == 200


def test_behind_a_proxy_each_visitor_has_a_limit_of_their_own(visit: Visitor) -> None:
    for n in range(10):
        assert visit.sign_in("wrong", x_forwarded_for=f"198.51.100.{n}, {AWAY}").status == 401
    assert visit.sign_in("anna-key", x_forwarded_for=AWAY).status == 429
    assert visit.sign_in("anna-key", x_forwarded_for=f"{AWAY}, 203.0.113.10").status == 200
    for _ in range(10):
        assert visit.sign_in("wrong", peer="203.0.113.11", x_forwarded_for="203.0.113.12").status == 401
    assert visit.sign_in("anna-key", peer="203.0.113.11").status == 429


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"key": 1}', b'{"key": ""}', b"key=anna-key", b'{"key": "' + b"x" * 5_000 + b'"}'],
)
def test_a_body_without_a_key(visit: Visitor, body: bytes) -> None:
    answer = visit("/api/v1/session", "POST", body=body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert b"anna-key" not in answer.body


def test_a_form_of_another_site_signs_nobody_in(visit: Visitor) -> None:
    assert visit.sign_in("anna-key", origin="https://evil.example").code == "cross_site"


def test_who_signed_in_here_signs_out_of_a_session_made_elsewhere(
    build: Callable[..., ASGIApp], visit: Visitor
) -> None:
    cookie = visit.sign_in("anna-key", peer=AWAY).cookie
    other_process = Visitor(build(api_keys=KEYS))
    assert other_process("/api/v1/session", "DELETE", peer=AWAY, cookie=cookie).status == 204
    assert Visitor(build(api_keys=KEYS))("/v1/whoami", peer=AWAY, cookie=cookie).status == 401
