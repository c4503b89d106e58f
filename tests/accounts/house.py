"""A small application behind the doors, and a visitor who sends exactly the heads that a test names."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import orjson
import uvicorn
from fastapi import Depends, FastAPI, Request, Response, WebSocket
from starlette.types import ASGIApp, Message, Scope

from advakod.accounts import Accounts, Principal
from advakod.api.doors import Doors, Refusal, principal, principal_of, require_admin
from advakod.api.session_routes import router
from advakod.errors import AdvakodError
from advakod.settings import Settings
from advakod.storage import Database

HOST = "127.0.0.1:8000"
PEER = "127.0.0.1"


def entry(name: str, role: str, secret: str) -> str:
    """An entry of ADVAKOD_API_KEYS."""
    return f"{name}:{role}:{sha256(secret.encode()).hexdigest()}"


KEYS = ",".join([entry("anna", "user", "anna-key"), entry("boss", "admin", "boss-key")])


def house(settings: Settings, database: Database) -> ASGIApp:
    """The session routes and a few others, wired as the application wires them."""
    app = FastAPI()
    app.state.accounts = Accounts(settings, database)
    app.state.settings = settings
    app.include_router(router)

    @app.exception_handler(AdvakodError)
    async def _refuse(_: Request, error: AdvakodError) -> Response:
        refusal = Refusal.of(error)
        return Response(refusal.body, refusal.status, {k.decode(): v.decode() for k, v in refusal.headers})

    @app.api_route("/v1/whoami", methods=["GET", "POST"])
    def _whoami(who: Annotated[Principal, Depends(principal)]) -> dict[str, str]:
        return {"name": who.name, "role": who.role, "via": who.via}

    @app.get("/api/v1/cached")
    def _cached(response: Response) -> str:
        response.headers["cache-control"] = "max-age=60"
        return "cached"

    @app.get("/api/v1/locked")
    def _locked(who: Annotated[Principal, Depends(require_admin)]) -> str:
        return who.name

    for path in ("/", "/health", "/ready", "/metrics", "/admin", "/chat/some", "/assets/a.js", "/api/v1/llm/stats"):
        app.add_api_route(path, lambda: "here")

    @app.websocket("/v1/responses")
    async def _socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(principal_of(socket).name)
        await socket.close()

    return Doors(app, app.state.accounts)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    messages: list[Message]

    def json(self) -> Any:
        return orjson.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def code(self) -> str:
        """The error's stable code."""
        return str(self.json()["error"]["code"])

    @property
    def cookie(self) -> str:
        """The session's cookie, as a browser sends it back."""
        return (self.header("set-cookie") or "").partition(";")[0]


class Visitor:
    """Sends requests straight into the application: any Host, any peer, any header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(
        self,
        path: str,
        method: str = "GET",
        *,
        host: str | None = HOST,
        peer: str | None = PEER,
        body: bytes = b"",
        query: bytes = b"",
        key: str | None = None,
        **headers: str,
    ) -> Answer:
        """One request; header names with `_` for `-`."""
        scope: Scope = {"type": "http", "method": method, "scheme": "http", "query_string": query}
        scope.update(_head(path, host, peer, key, headers))
        return asyncio.run(_exchange(self._app, scope, [{"type": "http.request", "body": body, "more_body": False}]))

    def sign_in(self, secret: str, **more: Any) -> Answer:
        return self("/api/v1/session", "POST", body=orjson.dumps({"key": secret}), **more)

    def upgrade(
        self, path: str, *, host: str | None = HOST, peer: str | None = PEER, bare: bool = False, **headers: str
    ) -> Answer:
        """One WebSocket handshake; `bare`: at a server that cannot answer it with a status."""
        scope: Scope = {"type": "websocket", "scheme": "ws", "query_string": b"", "subprotocols": []}
        scope["extensions"] = {} if bare else {"websocket.http.response": {}}
        scope.update(_head(path, host, peer, None, headers))
        return asyncio.run(_exchange(self._app, scope, [{"type": "websocket.connect"}]))


def _head(path: str, host: str | None, peer: str | None, key: str | None, headers: Mapping[str, str]) -> Scope:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= ({"host": host} if host is not None else {}) | ({"authorization": f"Bearer {key}"} if key else {})
    return {
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": (peer, 50_000) if peer else None,
        "server": ("127.0.0.1", 8000),
    }


async def _exchange(app: ASGIApp, scope: Scope, incoming: list[Message]) -> Answer:
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0) if incoming else {"type": f"{scope['type']}.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next((message for message in sent if message["type"].endswith("response.start")), {})
    headers = [(name.decode(), value.decode()) for name, value in start.get("headers", [])]
    body = b"".join(message.get("body", b"") for message in sent)
    return Answer(start.get("status", 0), headers, body, sent)


@contextmanager
def serving(app: ASGIApp) -> Iterator[int]:
    """A real server on a free port of the loopback interface; gives the port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="websockets-sansio", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
