"""The real server, with whatever page there is in this checkout."""

from __future__ import annotations

import http.client
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from advakod.web import Site
from advakod.web.files import BUILT
from tests.support.server import start_server


def test_over_real_sockets(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)

    def get(path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()

    try:
        assert get("/")[0].headers["location"] == "chat"
        page, body = get("/chat/some")
        assert page.status == (200 if (BUILT / "index.html").is_file() else 503)
        assert "<html" in body.decode()
        head, nothing = get("/chat", "HEAD")
        assert (head.status, nothing) == (page.status, b"")
        for path in ("/assets/../../app.py", "/assets/%2e%2e/%2e%2e/app.py", "/assets/..%2f..%2fapp.py"):
            assert get(path)[0].status == 404
    finally:
        connection.close()
        server.stop()


@pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the page is not built")
def test_the_shell_names_only_files_that_are_there() -> None:
    site = Site.load()
    assert site.shell is not None
    named = re.findall(r'(?:src|href)="/([^"]+)"', site.shell.body.decode())
    assert named
    assert [name for name in named if name not in site.files] == []
