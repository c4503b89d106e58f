"""Files of the page: how they are packed, kept and asked for again, and what has no address."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from advakod.web.files import ASK_FIRST, FOREVER, Site, accepts_gzip, is_known
from tests.accounts.house import Visitor

from .conftest import SCRIPT

INDEX = "/assets/index-BxK3_a9f.js"
MISSING = [
    "/assets/index-BxK3_a9f.js.map",
    "/assets/index-BxK3_a9f.js.gz",
    "/assets/NOTICE",
    "/assets/gone.js",
    "/assets/",
    "/assets/../secret.js",
    "/assets/..%2fsecret.js",
    "/assets//index-BxK3_a9f.js",
    "/assets/./index-BxK3_a9f.js",
    "/assets/fonts",
]


def test_a_script_is_kept_for_ever_and_sent_packed(visit: Visitor) -> None:
    answer = visit(INDEX, accept_encoding="gzip, deflate, br")
    assert (answer.status, gzip.decompress(answer.body)) == (200, SCRIPT)
    assert answer.header("content-encoding") == "gzip"
    assert answer.header("vary") == "accept-encoding"
    assert answer.header("cache-control") == "public, max-age=31536000, immutable"
    assert answer.header("content-type") == "text/javascript; charset=utf-8"
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("content-length") == str(len(answer.body))


def test_who_cannot_unpack_gets_it_plain(visit: Visitor) -> None:
    for accepted in ("", "br", "gzip;q=0, identity"):
        answer = visit(INDEX, accept_encoding=accepted)
        assert (answer.status, answer.body) == (200, SCRIPT)
        assert answer.header("content-encoding") is None
        assert answer.header("vary") == "accept-encoding"


def test_what_was_not_packed_is_plain_for_all(visit: Visitor) -> None:
    answer = visit("/assets/icon.svg", accept_encoding="gzip")
    assert answer.header("content-encoding") is None
    assert answer.header("vary") is None


def test_only_a_name_with_a_hash_is_kept_for_ever(built: Path) -> None:
    kept = {name: file.cache for name, file in Site.load(built).files.items()}
    assert kept == {
        "assets/index-BxK3_a9f.js": FOREVER,
        "assets/index-D4-_0aaZ.css": FOREVER,
        "assets/pt-serif-cyrillic-400-normal-DjT3kx2A.woff2": FOREVER,
        "assets/icon.svg": ASK_FIRST,
        "assets/fonts/pt-serif-cyrillic.woff2": ASK_FIRST,
        "docs/favicon-32x32.png": ASK_FIRST,
    }


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/assets/index-D4-_0aaZ.css", "text/css; charset=utf-8"),
        ("/assets/pt-serif-cyrillic-400-normal-DjT3kx2A.woff2", "font/woff2"),
        ("/assets/fonts/pt-serif-cyrillic.woff2", "font/woff2"),
        ("/assets/icon.svg", "image/svg+xml"),
    ],
)
def test_media_types(visit: Visitor, path: str, kind: str) -> None:
    assert visit(path).header("content-type") == kind


@pytest.mark.parametrize("path", MISSING)
def test_what_has_no_address_is_a_typed_error_and_never_the_shell(visit: Visitor, path: str) -> None:
    answer = visit(path, accept="text/html")
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.header("cache-control") == "no-store"


def test_the_same_bytes_are_not_sent_twice(visit: Visitor) -> None:
    plain, packed = visit(INDEX), visit(INDEX, accept_encoding="gzip")
    assert plain.header("etag") != packed.header("etag")
    for known in (packed.header("etag"), f"W/{packed.header('etag')}", f'"x", {packed.header("etag")}', "*"):
        again = visit(INDEX, accept_encoding="gzip", if_none_match=str(known))
        assert (again.status, again.body) == (304, b"")
        assert again.header("etag") == packed.header("etag")
        assert again.header("vary") == "accept-encoding"
    assert visit(INDEX, if_none_match=str(packed.header("etag"))).status == 200


def test_head(visit: Visitor) -> None:
    answer = visit(INDEX, "HEAD", accept_encoding="gzip")
    assert (answer.status, answer.header("content-encoding")) == (200, "gzip")
    assert visit(INDEX, "POST").status == 405


@pytest.mark.parametrize(
    ("accepted", "does"),
    [
        ("gzip", True),
        ("br, GZIP ; q=0.5", True),
        ("gzip;q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("x-gzip", False),
        ("", False),
        ("identity", False),
    ],
)
def test_accept_encoding(accepted: str, does: bool) -> None:
    assert accepts_gzip(accepted) is does


def test_if_none_match_compares_whole_tags() -> None:
    assert not is_known("", '"abc"')
    assert not is_known('"abcd", "ab"', '"abc"')
    assert is_known('"x" , W/"abc"', '"abc"')
