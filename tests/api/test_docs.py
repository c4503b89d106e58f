"""The description of the API: offline, under a strict policy, in words that the page understands."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import orjson
import pytest

from advakod.api.docs import as_3_0
from tests.support.server import ServerProcess

CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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


def test_the_schema_of_the_page_is_openapi_3_0(server: ServerProcess) -> None:
    with get(server, "/docs/openapi.json") as response:
        schema = orjson.loads(response.read())
    with get(server, "/openapi.json") as response:
        assert set(schema["paths"]) == set(orjson.loads(response.read())["paths"])
    assert schema["openapi"] == "3.0.3"
    assert b'"null"' not in orjson.dumps(schema)
    assert {"/v1/chat/completions", "/v1/conversations", "/api/v1/rag/chat/rag/stream"} <= set(schema["paths"])


def test_no_other_file_of_the_bundle_or_the_disk(server: ServerProcess) -> None:
    for path in ("index.html", "..%2f..%2f__init__.py", "swagger-ui.css.map"):
        with pytest.raises(urllib.error.HTTPError) as missing, get(server, f"/docs/{path}"):
            pass
        assert missing.value.code == 404
        missing.value.close()


def test_what_3_0_says_differently() -> None:
    schema = {
        "openapi": "3.1.0",
        "a": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}], "title": "A"},
        "b": {"anyOf": [{"$ref": "#/b"}, {"type": "null"}]},
        "c": {"exclusiveMinimum": 0, "const": "x"},
    }
    assert as_3_0(schema) == {
        "openapi": "3.0.3",
        "a": {"type": "string", "maxLength": 5, "title": "A", "nullable": True},
        "b": {"anyOf": [{"$ref": "#/b"}], "nullable": True},
        "c": {"minimum": 0, "exclusiveMinimum": True, "enum": ["x"]},
    }


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
