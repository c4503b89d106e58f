"""A hub of models on loopback that speaks Hugging Face's protocol, and breaks it on demand.

    with FakeHub() as hub:
        hub.repositories["owner/name"] = {"model.gguf": content}
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)

As the real one: what a repository holds is JSON with sizes and sha256; a file is a redirect, with its hash and size in
headers, to a store under another host name (here `localhost` for 127.0.0.1), which serves ranges and gets no token.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

COMMIT = "3fa9c1d2" * 5
TOKEN = "hf_right"


@dataclass
class Faults:
    """What the store does wrong. Lists are used up from the front, an answer each."""

    cut_after: list[int] = field(default_factory=list)  # bytes of the answer, then the connection is gone
    stall_after: list[int] = field(default_factory=list)  # bytes of the answer, then silence until the hub stops
    statuses: list[int] = field(default_factory=list)  # of the hub itself, whatever is asked
    ignore_range: bool = False
    flip: int | None = None  # this byte of the file is sent wrong
    rubbish: bool = False  # a page of somebody else, as a hotel's network sends
    plain: bool = False  # no LFS: git keeps the files itself
    sizes: dict[str, int] = field(default_factory=dict)  # of files, as the hub says; else the real ones


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    range: str
    token: str
    host: str
    agent: str


class FakeHub:
    """A thread a connection; gone, with every connection, when the `with` ends."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.gated: set[str] = set()
        self.faults = Faults()
        self.asked: list[Asked] = []
        self.stalled = threading.Event()
        self._stopped = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self.port = self._server.server_port
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """As a network that is gone: nobody answers any more. Idempotent."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def stall(self) -> None:
        self.stalled.set()
        self._stopped.wait()

    def ranges(self) -> list[str]:
        """The ranges that the store was asked for; empty: from the beginning."""
        return [asked.range for asked in self.asked if asked.path.startswith("/store/")]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    hub: FakeHub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60  # of a connection kept open

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        header = self.headers.get
        token = (header("Authorization") or "").removeprefix("Bearer ")
        hub.asked.append(
            Asked(self.command, path, header("Range") or "", token, header("Host") or "", header("User-Agent") or "")
        )
        self.close_connection = True  # nobody is left to be waited for when the hub stops
        if hub.faults.statuses:
            self._answer(hub.faults.statuses.pop(0), b"no")
        elif hub.faults.rubbish:
            self._answer(200, b"<html>Sign in to the hotel's network</html>", {"Content-Type": "text/html"})
        elif path.startswith("/store/"):
            self._content(path.removeprefix("/store/"))
        elif path.startswith("/api/models/"):
            name, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            if self._may(name, revision, token):
                self._json(self._info(name))
        else:
            self._resolve(path, token)

    def _resolve(self, path: str, token: str) -> None:
        name, _, rest = path.strip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        if not self._may(name, revision, token):
            return
        content = self.server.hub.repositories[name].get(file)
        if content is None:
            self._refuse(404, "EntryNotFound")
            return
        sha256 = hashlib.sha256(content).hexdigest()
        self._answer(
            302,
            headers={
                "Location": f"http://localhost:{self.server.hub.port}/store/{sha256}",
                "X-Repo-Commit": COMMIT,
                "X-Linked-Etag": f'"{sha256}"',
                "X-Linked-Size": str(len(content)),
            },
        )

    def _may(self, name: str, revision: str, token: str) -> bool:
        """Answers itself when not. A repository that is not there and one that is closed look the same from outside."""
        hub = self.server.hub
        if token and token != TOKEN:
            self._refuse(401, message="Invalid credentials in Authorization header")
        elif name not in hub.repositories or (name in hub.private and not token):
            self._refuse(404 if token else 401, "RepoNotFound" if token else "")
        elif name in hub.gated and not token:
            self._refuse(401, "GatedRepo")
        elif revision not in ("", "main", COMMIT):
            self._refuse(404, "RevisionNotFound")
        else:
            return True
        return False

    def _info(self, name: str) -> dict[str, Any]:
        files = self.server.hub.repositories[name].items()
        return {
            "_id": "1",
            "id": name,
            "modelId": name,
            "sha": COMMIT,
            "private": name in self.server.hub.private,
            "siblings": [self._sibling(file, content) for file, content in files],
        }

    def _sibling(self, file: str, content: bytes) -> dict[str, Any]:
        faults = self.server.hub.faults
        size = faults.sizes.get(file, len(content))
        told: dict[str, Any] = {"rfilename": file, "size": size}
        if faults.plain:
            return told | {"blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()}
        sha256 = hashlib.sha256(content).hexdigest()
        return told | {"blobId": "0" * 40, "lfs": {"sha256": sha256, "size": size, "pointerSize": 135}}

    def _content(self, sha256: str) -> None:
        """The store. A range gets a 206, one behind the end a 416."""
        hub = self.server.hub
        every = (content for files in hub.repositories.values() for content in files.values())
        content = next(content for content in every if hashlib.sha256(content).hexdigest() == sha256)
        if hub.faults.flip is not None:
            at = hub.faults.flip
            content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        begin = 0 if hub.faults.ignore_range else int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        if begin >= len(content):
            self._answer(416)
            return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.send_header("ETag", f'"{sha256}"')
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "GET":
            self._send(content[begin:])

    def _send(self, content: bytes) -> None:
        faults = self.server.hub.faults
        if faults.cut_after:
            self.wfile.write(content[: faults.cut_after.pop(0)])
        elif faults.stall_after:
            self.wfile.write(content[: faults.stall_after.pop(0)])
            self.wfile.flush()
            self.server.hub.stall()
        else:
            self.wfile.write(content)

    def _json(self, body: object) -> None:
        self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str = "", message: str = "") -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        self._answer(status, b"{}", {name: value for name, value in headers.items() if value})

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
