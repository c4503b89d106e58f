"""Errors as HTTP: the one place that decides a status. The body is the same everywhere."""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..errors import AdvakodError, InputError, NotFoundError, complaint
from .bodies import TOO_LONG, BodyTooLongError
from .doors import Page, Refusal, is_visit

log = logging.getLogger(__name__)

BRANCH = re.compile(r"str$|constrained-str$|list\[|[A-Z]")  # a step of pydantic's path that is a type, not a field

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": description}
    for status, description in {
        400: "Запрос составлен неверно.",
        401: "Нужен ключ доступа.",
        403: "Этому ключу или сайту действие не разрешено.",
        404: "Не найдено.",
        405: "Такого действия здесь нет.",
        409: "Запрос противоречит сохранённому.",
        413: "Запрос слишком длинный.",
        422: "Idempotency-Key уже использован с другим запросом.",
        429: "Слишком много вопросов одновременно; повторите через Retry-After секунд.",
        502: "Модель не справилась.",
        503: "Очередь заполнена или база данных недоступна; повторите через Retry-After секунд.",
    }.items()
}


class MethodError(InputError):
    """The path is here, the method is not."""

    code = "method_not_allowed"
    user_message = "Такого действия по этому адресу нет."


def install(app: FastAPI, page: Page | None = None) -> None:
    """Every failure of a route becomes the same body; whoever opens an unknown address in a browser gets the `page`."""
    app.add_exception_handler(AdvakodError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, partial(_http, page))
    app.add_exception_handler(Exception, _unknown)


async def _known(_: Request, error: Exception) -> Response:
    assert isinstance(error, AdvakodError)
    return _answer(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(invalid(list(error.errors())))


def invalid(problems: list[Any]) -> InputError:
    """pydantic's first complaint as a sentence that names the field.

    Of a field that may be several things it complains about each; the one that got furthest is what was meant.
    """
    first = max((p for p in problems if p["loc"][:2] == problems[0]["loc"][:2]), key=lambda p: len(p["loc"]))
    if first["type"] == "json_invalid":
        return InputError("bad JSON", message="Тело запроса — не JSON.")
    where = ".".join(str(step) for step in first["loc"][1:] if not BRANCH.match(str(step)))
    said = f"Поле «{where}»: {complaint(first)}." if where else f"Тело запроса: {complaint(first)}."
    return InputError(str(first), message=said, param=where or None)


async def _http(page: Page | None, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and page is not None and is_visit(request.scope):
        return page(404)
    if error.status_code == 404:
        return _answer(NotFoundError("no route", message="Такого адреса здесь нет."))
    if error.status_code == 405:
        refusal = Refusal.of(MethodError(), status=405)
        return Response(refusal.body, 405, headers=_decoded(refusal) | dict(error.headers or {}))
    if error.status_code == TOO_LONG:
        refusal = Refusal.of(BodyTooLongError(), TOO_LONG)
        return Response(refusal.body, TOO_LONG, headers=_decoded(refusal))
    return _answer(InputError(str(error.detail)))


async def _unknown(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(AdvakodError(str(error)))


def _answer(error: AdvakodError) -> Response:
    refusal = Refusal.of(error)
    return Response(refusal.body, refusal.status, headers=_decoded(refusal))


def _decoded(refusal: Refusal) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in refusal.headers}
