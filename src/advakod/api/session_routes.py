"""Sign in and out, for the page: browsers cannot send `Authorization` with navigation, EventSource or WebSockets."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from ..accounts import SESSION_COOKIE, Accounts, Principal, Role, SignInError, Via, is_loopback
from ..answers.shelf import UNDO_SECONDS
from ..errors import KeyRequiredError
from ..settings import Settings
from .doors import principal_of, session_token

MOST_BODY = 4_096  # bytes; the door is open to strangers, and a key is shorter
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["key"],
                    "properties": {"key": {"type": "string", "description": "Ключ доступа."}},
                }
            }
        },
    }
}
UNKNOWN: dict[int | str, dict[str, Any]] = {401: {"description": "Ключ неизвестен или не передан."}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "В теле нет ключа."},
    429: {"description": "Слишком много неверных ключей."},
    **UNKNOWN,
}

router = APIRouter(prefix="/api/v1/session", tags=["session"])


class ClientLimits(BaseModel):
    """Что странице нужно знать о сервере; время в секундах."""

    heartbeat: float = Field(description="Поток не молчит дольше.")
    client_silence: float = Field(description="Молчит дольше — соединение потеряно.")
    max_question: int = Field(description="Знаков в вопросе.")
    edition_warn_days: int = Field(description="Редакция старше стольких дней считается старой.")
    undo_seconds: float = Field(description="Столько можно вернуть удалённую беседу.")


class WhoAmI(BaseModel):
    """Кто обращается к серверу и что здесь действует."""

    name: str
    role: Role
    via: Via
    limits: ClientLimits


@router.post("", summary="Войти по ключу", openapi_extra=BODY, responses=REFUSALS)
async def sign_in(request: Request, response: Response) -> WhoAmI:
    """Меняет ключ на cookie, которой пользуется страница."""
    accounts: Accounts = request.app.state.accounts
    signed_in = await accounts.sign_in(await _key(request), _peer(request))
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=int(signed_in.lifetime),
        secure=_is_https(request),
        httponly=True,
        samesite="strict",
    )
    return _who(signed_in.principal, request)


@router.get("", summary="Кто я")
async def who_am_i(request: Request) -> WhoAmI | None:
    """Имя, роль, способ входа и что нужно знать странице; `null`, если нужен ключ, а его нет или он неизвестен."""
    try:
        return _who(principal_of(request), request)
    except KeyRequiredError:  # to ask is no fault: a browser would log a 401 in its console
        return None


@router.delete("", summary="Выйти", status_code=204)
async def sign_out(request: Request, response: Response) -> None:
    """Завершает вход; если входа не было, ничего не меняет."""
    if token := session_token(dict(request.scope["headers"])):
        accounts: Accounts = request.app.state.accounts
        await accounts.sign_out(token)
    response.delete_cookie(SESSION_COOKIE, secure=_is_https(request), httponly=True, samesite="strict")


async def _key(request: Request) -> str:
    """The key in the body. Read by hand: a validation error of the framework would repeat the key."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY:
            raise SignInError("body too long")
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise SignInError("not JSON") from None  # the cause would hold the body
    key = sent.get("key") if isinstance(sent, dict) else None
    if not isinstance(key, str) or not key:
        raise SignInError("no key")
    return key


def _peer(request: Request) -> str:
    """Whose wrong keys are counted together.

    A proxy on this machine adds its visitor's address at the end of the list; what stands before it
    anybody may have written. Without this, one visitor's mistakes would keep everybody out.
    """
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "") if is_loopback(peer) else ""
    return forwarded.rpartition(",")[2].strip() or peer


def _is_https(request: Request) -> bool:
    accounts: Accounts = request.app.state.accounts
    return accounts.hosts.is_https or request.url.scheme == "https"


def _who(who: Principal, request: Request) -> WhoAmI:
    settings: Settings = request.app.state.settings
    limits = ClientLimits(
        heartbeat=settings.heartbeat,
        client_silence=settings.time.client_silence,
        max_question=settings.max_question,
        edition_warn_days=settings.edition_warn_days,
        undo_seconds=UNDO_SECONDS,
    )
    return WhoAmI(name=who.name, role=who.role, via=who.via, limits=limits)
