"""How long a request may be. The framework's own limit answers in plain English text; this one as every other error."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import InputError
from .doors import Refusal

TOO_LONG = 413
# Bytes of a request, or of a WebSocket message: the longest question there may be, four bytes a character.
MOST_BODY = 4 << 20


class BodyTooLongError(InputError):
    """The request's body is longer than any question."""

    code = "body_too_long"
    user_message = "Запрос слишком длинный. Сократите вопрос."


class BodyLimit:
    """Lets bodies of `most` bytes through; a longer one is refused unread, or as soon as it is seen to be."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if not declared.isdigit():  # chunked, or none
            await self._app(scope, _counted(receive, self._most), send)
        elif int(declared) > self._most:
            await Refusal.of(BodyTooLongError(), TOO_LONG).send(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _counted(receive: Receive, most: int) -> Receive:
    came = 0

    async def counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise HTTPException(TOO_LONG)  # the framework lets it through to its handler
        return message

    return counted
