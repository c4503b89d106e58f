"""The doors (DESIGN §9): who may come in, to what, and from where. In front of every request and WebSocket.

Plain ASGI: it looks at the head of a request and at the head of its response, and never touches a
body, so a stream costs what it costs without it. docs/decisions/0003-doors.md says why each rule is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

import orjson
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..accounts import (
    SESSION_COOKIE,
    Accounts,
    AdminOnlyError,
    BadHostError,
    CrossSiteError,
    Principal,
    check_exposure,
    is_loopback,
)
from ..accounts.hosts import host_name
from ..errors import (
    AccessError,
    AdvakodError,
    ConflictError,
    EngineError,
    IdempotencyError,
    InputError,
    KeyRequiredError,
    LimitError,
    NotFoundError,
    OverloadedError,
    SearchError,
    StorageError,
)

__all__ = ["Doors", "Refusal", "check_exposure", "principal", "principal_of", "require_admin"]

Headers = Mapping[bytes, bytes]
Page = Callable[[int], Response]  # what a browser is shown with this status, where it could not read a refusal

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITE = frozenset({b"same-origin", b"none"})  # none: the person did it, by the address bar or a bookmark
# What proxies add, beside all that has «forwarded» in its name; one too many only asks for a key needlessly.
PROXY_HEADERS = frozenset(
    {b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"true-client-ip", b"cf-connecting-ip", b"cf-ray"}
)
SAFE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
NO_STORE = (b"cache-control", b"no-store")
COOKIE_NAME = SESSION_COOKIE.encode()
POLICY_VIOLATION = 1008  # WebSocket close code, for servers that cannot answer a handshake with a status


# The nearest class of an error's line of descent decides: its HTTP status and the SDK's error type.
STATUS: dict[type[AdvakodError], tuple[int, str]] = {
    InputError: (400, "invalid_request_error"),
    NotFoundError: (404, "not_found_error"),
    ConflictError: (409, "invalid_request_error"),
    IdempotencyError: (422, "invalid_request_error"),
    KeyRequiredError: (401, "authentication_error"),
    AccessError: (403, "permission_error"),
    LimitError: (429, "rate_limit_error"),
    OverloadedError: (503, "overloaded_error"),
    StorageError: (503, "server_error"),
    SearchError: (503, "server_error"),
    EngineError: (502, "server_error"),
    AdvakodError: (500, "server_error"),
}


class Door(Enum):
    """What a path asks of whoever knocks."""

    OPEN = auto()  # the same for everybody; nobody is asked
    ASKED = auto()  # open, and different for those who are known
    KEY = auto()  # whatever is not named below, existing or not
    ADMIN = auto()


# Each is a path with everything below it; the slash at the end keeps `/chatter` out.
OPEN = ("/docs/", "/openapi.json/", "/chat/", "/law/", "/assets/", "/static/", "/health/", "/favicon.ico/")
ASKED = ("/ready/", "/api/v1/session/")
ADMIN = ("/metrics/", "/api/v1/config/", "/api/v1/llm/stats/", "/api/v1/feedback/", "/admin/")
SHOWN = ("/admin/",)  # a person comes here by the address bar, and the page can ask for a key
PRIVATE = ("/v1/", "/api/")  # answers of these are nobody else's: never in a cache


class Doors:
    """Lets a request through with `scope["state"]["principal"]` set (None at open doors), or answers it itself.

    The order is fixed: host, site, who, role. A refused WebSocket gets its status before the handshake.
    """

    def __init__(self, app: ASGIApp, accounts: Accounts, page: Page | None = None) -> None:
        self._app = app
        self._accounts = accounts
        self._page = page
        self._hosts = accounts.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = _path(scope)
        try:
            who = await self._admit(scope, path)
        except AdvakodError as error:
            await self._refuse(error, path, scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = who
        await self._app(scope, receive, _safer(send, path) if scope["type"] == "http" else send)

    async def _admit(self, scope: Scope, path: str) -> Principal | None:
        headers: Headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._hosts.allows(host):
            raise BadHostError(f"host {host!r}")
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS or path.startswith(PRIVATE):
            self._check_site(scope, headers, host)
        door = door_of(path)
        if door is Door.OPEN:
            return None
        try:
            who = await self._recognise(scope, headers, host)
        except KeyRequiredError:
            if door is Door.ASKED:
                return None
            raise
        if door is Door.ADMIN and not who.is_admin:
            raise AdminOnlyError(f"{who.name} at {path}")
        return who

    async def _refuse(self, error: AdvakodError, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = Refusal.of(error)
        lacks_rights = isinstance(error, KeyRequiredError | AdminOnlyError)
        if self._page is not None and lacks_rights and (path + "/").startswith(SHOWN) and is_visit(scope):
            await self._page(refusal.status)(scope, receive, _safer(send, path))
        else:
            await refusal.send(scope, receive, send)

    def _check_site(self, scope: Scope, headers: Headers, host: str) -> None:
        """Only browsers send these headers, and no page can forge them; without them there is no page.

        Asked of reading, too, where what is read is somebody's: another site sees none of it, but how long a search
        in conversations takes tells whether its words are there, and on this machine no key keeps it from asking.
        """
        site = headers.get(b"sec-fetch-site")
        if site is not None and site not in OWN_SITE:
            raise CrossSiteError(f"sec-fetch-site {site!r}")
        origin = headers.get(b"origin")
        if origin is None or (origin == b"null" and site == b"same-origin"):
            return  # null: a form of our own page, whose Referrer-Policy hides the origin
        scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
        if not self._hosts.is_own(origin.decode("latin-1"), scheme, host):
            raise CrossSiteError(f"origin {origin!r} at {host!r}")

    async def _recognise(self, scope: Scope, headers: Headers, host: str) -> Principal:
        return await self._accounts.authenticate(
            secret=_bearer(headers),
            token=session_token(headers),
            local=self._is_local(scope, headers, host),
        )

    def _is_local(self, scope: Scope, headers: Headers, host: str) -> bool:
        client = scope.get("client")
        return (
            self._hosts.bound_to_loopback
            and client is not None
            and is_loopback(client[0])
            and is_loopback(host_name(host))
            and not _is_proxied(headers)
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as it goes over the wire, the same shape everywhere in this API."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def of(cls, error: AdvakodError, status: int | None = None) -> Refusal:
        """`status` overrides the table's, for what only HTTP knows."""
        found, kind = next(STATUS[known] for known in type(error).__mro__ if known in STATUS)
        status = status or found
        said = {"message": error.message, "type": kind, "code": error.code, "param": error.param}
        body = orjson.dumps({"error": said})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), NO_STORE]
        if 400 <= status < 500 and status != 429:
            headers.append((b"x-should-retry", b"false"))
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if "retry_after" in error.facts:
            headers.append((b"retry-after", str(error.facts["retry_after"]).encode()))
        return cls(status, (*headers, *SAFE_HEADERS), body)

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a handshake, with it."""
        prefix = "http.response"
        if scope["type"] == "websocket":
            await receive()  # websocket.connect
            if "websocket.http.response" not in scope.get("extensions", {}):
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return
            prefix = "websocket.http.response"
        await send({"type": f"{prefix}.start", "status": self.status, "headers": list(self.headers)})
        await send({"type": f"{prefix}.body", "body": self.body})


async def principal(connection: HTTPConnection) -> Principal:
    """`principal_of` as a dependency; a coroutine, since the framework sends plain functions to a thread."""
    return principal_of(connection)


def principal_of(connection: HTTPConnection) -> Principal:
    """Who sends this; for routes and WebSockets. Raises KeyRequiredError at an open door."""
    who: Principal | None = connection.scope.get("state", {}).get("principal")
    if who is None:
        raise KeyRequiredError
    return who


async def require_admin(connection: HTTPConnection) -> Principal:
    """The same for an administrator: a second lock on what the doors already close by path."""
    who = principal_of(connection)
    if not who.is_admin:
        raise AdminOnlyError(f"{who.name} at {connection.scope['path']}")
    return who


def door_of(path: str) -> Door:
    """What this path asks for."""
    below = path + "/"
    if path == "/" or below.startswith(OPEN):
        return Door.OPEN
    if below.startswith(ASKED):
        return Door.ASKED
    return Door.ADMIN if below.startswith(ADMIN) else Door.KEY


def session_token(headers: Headers) -> str | None:
    """The page's cookie."""
    cookies = headers.get(b"cookie")
    if cookies is None:
        return None
    for part in cookies.split(b";"):
        name, _, value = part.strip().partition(b"=")
        if name == COOKIE_NAME:
            return value.decode("latin-1")
    return None


def is_visit(scope: Scope) -> bool:
    """Whether a person opens this in a browser, by its own word; older ones say only what they can show."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    headers: Headers = dict(scope["headers"])
    mode = headers.get(b"sec-fetch-mode")
    return mode == b"navigate" if mode is not None else b"text/html" in headers.get(b"accept", b"")


def _is_proxied(headers: Headers) -> bool:
    return not PROXY_HEADERS.isdisjoint(headers) or b"forwarded" in b" ".join(headers)


def _bearer(headers: Headers) -> bytes | None:
    authorization = headers.get(b"authorization")
    if authorization is None:
        return None
    scheme, _, secret = authorization.partition(b" ")
    return secret.strip() if scheme.lower() == b"bearer" else None


def _path(scope: Scope) -> str:
    """The path as the router will see it: without the prefix under which the application is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root) else path


def _safer(send: Send, path: str) -> Send:
    """`send` that completes the response's headers where the application has not set them itself."""
    wanted = (*SAFE_HEADERS, NO_STORE) if path.startswith(PRIVATE) else SAFE_HEADERS

    def safer(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = dict(given)
            given += [header for header in wanted if header[0] not in names]
            message = {**message, "headers": given}
        return send(message)

    return safer
