"""The description of the API: offline, under a strict policy, drawn by a browser without a word of complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from advakod.web import Site
from tests.accounts.house import Visitor
from tests.conftest import skip_or_fail
from tests.support.browser import OPTIONS
from tests.support.server import ServerProcess, start_server

CHROMIUM = ["--headless", *OPTIONS]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A real one, with the files that the build left."""
    if "docs/swagger-ui-bundle.js" not in Site.load().files:
        skip_or_fail("the page is not built: make install")
    running = start_server(tmp_path_factory.mktemp("docs"))
    yield running
    running.stop()


def get(server: ServerProcess, path: str) -> Any:
    return urllib.request.urlopen(server.url + path, timeout=20)


def test_the_page_and_all_that_it_loads_are_ours(server: ServerProcess) -> None:
    with get(server, "/docs") as response:
        page = response.read().decode()
        policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) == 4
    for address in addresses:
        with get(server, f"/{address}") as response:
            assert response.status == 200
            assert response.read()
    assert not re.search(r"<script(?![^>]*src=)", page)


def test_the_schema_that_the_page_loads(server: ServerProcess) -> None:
    with get(server, "/docs/start.js") as response:
        assert b'url: "openapi.json"' in response.read()
    with get(server, "/openapi.json") as response:
        schema = orjson.loads(response.read())
    assert schema["openapi"].startswith("3.1")
    assert {"/v1/chat/completions", "/v1/conversations", "/api/v1/rag/chat/rag/stream"} <= set(schema["paths"])


def test_no_other_file_of_the_bundle_or_the_disk(server: ServerProcess) -> None:
    for path in ("index.html", "..%2f..%2f__init__.py", "swagger-ui.css.map"):
        with pytest.raises(urllib.error.HTTPError) as missing, get(server, f"/docs/{path}"):
            pass
        assert missing.value.code == 404
        missing.value.close()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_a_browser_draws_it(server: ServerProcess, tmp_path: Path) -> None:
    shown = subprocess.run(
        ["chromium", *CHROMIUM, f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--timeout=30000",
         "--virtual-time-budget=20000", "--dump-dom", f"{server.url}/docs"],
        capture_output=True, timeout=90, check=False,
    )  # fmt: skip
    page, said = shown.stdout.decode(), shown.stderr.decode()
    assert "/v1/responses" in page
    assert "Задать вопрос" in page
    assert [line for line in said.splitlines() if "CONSOLE" in line] == []


def test_without_a_build_it_says_where_the_schema_is(house: Callable[[Path], Visitor], tmp_path: Path) -> None:
    visit = house(tmp_path / "nothing")
    answer = visit("/docs", peer="10.0.0.7")
    assert (answer.status, answer.header("cache-control")) == (503, "no-store")
    assert 'href="openapi.json"' in answer.body.decode()
    assert visit("/docs/swagger-ui.css").code == "not_found"


def test_its_files_are_asked_for_again(visit: Visitor) -> None:
    icon = visit("/docs/favicon-32x32.png", peer="10.0.0.7")
    assert (icon.status, icon.header("content-type"), icon.header("cache-control")) == (200, "image/png", "no-cache")
    assert visit("/docs/favicon-32x32.png", if_none_match=str(icon.header("etag"))).status == 304
