"""The page's addresses: one shell under a strict policy, for whoever may see it and for whoever must sign in first."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.accounts.house import Visitor

from .conftest import SHELL

ABROAD: dict[str, Any] = {"peer": "10.0.0.7"}
VISIT: dict[str, Any] = {"sec_fetch_mode": "navigate", "accept": "text/html,application/xhtml+xml"}
OLD_BROWSER: dict[str, Any] = {"accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/chat", "/chat/", "/chat/conv_1", "/law", "/law/zozpp/18", "/law/zozpp/st18/p1"])
def test_the_shell_is_open_to_all(visit: Visitor, path: str) -> None:
    answer = visit(path, **ABROAD)
    assert (answer.status, answer.body) == (200, SHELL)
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.header("cache-control") == "no-cache"


def test_it_is_packed_and_asked_for_again(visit: Visitor) -> None:
    answer = visit("/chat", accept_encoding="gzip")
    assert gzip.decompress(answer.body) == SHELL
    etag = str(answer.header("etag"))
    assert not etag.startswith("W/")
    again = visit("/law", accept_encoding="gzip", if_none_match=etag)
    assert (again.status, again.body, again.header("etag")) == (304, b"", etag)
    assert again.header("content-security-policy") == answer.header("content-security-policy")


def test_the_policy(visit: Visitor) -> None:
    answer = visit("/chat")
    policy = str(answer.header("content-security-policy"))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == rules["font-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert rules["trusted-types"] == "dompurify svelte-trusted-html"
    assert not any(word in policy for word in ("unsafe", "http:", "https:", "*", "eval"))
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("cross-origin-opener-policy") == "same-origin"
    assert "camera=()" in str(answer.header("permissions-policy"))
    names = [name for name, _ in answer.headers]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_root_leads_to_the_chat_relatively(visit: Visitor, method: str) -> None:
    answer = visit("/", method)
    assert (answer.status, answer.header("location")) == (307, "chat")


def test_head_and_other_methods(visit: Visitor) -> None:
    assert visit("/chat", "HEAD").header("content-length") == str(len(SHELL))
    assert visit("/chat", "POST").status == 405


# -- where one has to be an administrator -------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/failures"])
@pytest.mark.parametrize("browser", [VISIT, OLD_BROWSER, {"sec_fetch_mode": "navigate"}])
@pytest.mark.parametrize(("who", "status"), [(ABROAD, 401), ({"key": "wrong"}, 401), ({"key": "anna-key"}, 403)])
def test_a_browser_gets_the_shell_to_sign_in(
    visit: Visitor, path: str, browser: dict[str, Any], who: dict[str, Any], status: int
) -> None:
    answer = visit(path, **browser, **who)
    assert (answer.status, answer.body) == (status, SHELL)
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("etag") is None
    assert answer.header("content-security-policy") == visit("/chat").header("content-security-policy")
    assert answer.header("www-authenticate") == ("Bearer" if status == 401 else None)
    assert visit(path, "HEAD", **browser, **who).status == status


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"accept": "application/json"},
        {"accept": "text/html", "sec_fetch_mode": "cors"},
        {"method": "POST", **VISIT, "sec_fetch_site": "same-origin"},
    ],
)
def test_a_program_gets_the_refusal_as_json(visit: Visitor, asked: dict[str, Any]) -> None:
    answer = visit("/admin", **ABROAD, **asked)
    assert (answer.status, answer.code) == (401, "key_required")


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/config", "/administer"])
def test_no_other_address_answers_with_the_shell(visit: Visitor, path: str) -> None:
    assert visit(path, **VISIT, **ABROAD).code == "key_required"


def test_a_foreign_host_gets_no_shell(visit: Visitor) -> None:
    assert visit("/admin", host="evil.example", **VISIT).code == "bad_host"


@pytest.mark.parametrize("who", [{}, {"key": "boss-key"}])
def test_an_administrator_gets_it(visit: Visitor, who: dict[str, Any]) -> None:
    answer = visit("/admin", **VISIT, **who)
    assert (answer.status, answer.body) == (200, SHELL)


# -- where the page was not built ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/chat", "/law/zozpp/18", "/admin"])
def test_without_a_build_a_page_says_so(house: Callable[[Path], Visitor], tmp_path: Path, path: str) -> None:
    answer = house(tmp_path / "nothing")(path, **VISIT)
    assert answer.status == 503
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.header("cache-control") == "no-store"
    assert "default-src 'none'" in str(answer.header("content-security-policy"))
    text = answer.body.decode()
    assert "make install" in text
    assert '"/docs"' in text


def test_without_a_build_refusals_and_missing_files_stay_what_they_are(
    house: Callable[[Path], Visitor], tmp_path: Path
) -> None:
    visit = house(tmp_path / "nothing")
    assert visit("/admin", **VISIT, **ABROAD).code == "key_required"
    assert visit("/assets/index-BxK3_a9f.js").code == "not_found"
    assert visit("/").status == 307


def test_an_unknown_address_is_the_page_for_a_person_and_json_for_a_program(visit: Visitor) -> None:
    for words in (VISIT, OLD_BROWSER):
        seen = visit("/nowhere", **words)
        assert (seen.status, seen.body) == (404, SHELL)
        assert seen.header("cache-control") == "no-store"
    told = visit("/nowhere", accept="application/json")
    assert (told.status, told.header("content-type")) == (404, "application/json")
    assert visit("/nowhere", "POST", **VISIT).body != SHELL
