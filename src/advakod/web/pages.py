"""The page's addresses. One shell answers them all; what it shows, the page itself reads from its address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ..errors import NotFoundError
from . import policy
from .files import Site

READ = ["GET", "HEAD"]
PAGES = ("/chat", "/law", "/admin")  # each with everything below it
NO_STORE = {"cache-control": "no-store"}
NOT_BUILT = """<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>ADVAKOD: страница не собрана</title>
</head>
<body>
<h1>Страница не собрана</h1>
<p>Сервер работает и отвечает программам, но страницы для браузера в этой установке нет.</p>
<p>Соберите её командой <code>make install</code> и запустите сервер заново.</p>
<p>Программный интерфейс описан по адресу <a href="/docs">/docs</a>.</p>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


async def site_of(request: Request) -> Site:
    """The application's one `Site`. A coroutine, since the framework sends plain functions to a thread."""
    site: Site = request.app.state.site
    return site


Built = Annotated[Site, Depends(site_of)]


@router.api_route("/", methods=READ)
async def front() -> Response:
    """To the chat; the address is relative, for whoever stands behind a prefix."""
    return RedirectResponse("chat")


async def page(request: Request, site: Built) -> Response:
    """The shell, or a plain word that there is none."""
    if site.shell is None:
        return Response(NOT_BUILT, 503, media_type="text/html", headers=policy.PAGE | NO_STORE)
    return site.shell.respond(request.headers, policy.PAGE)


for path in PAGES:
    router.add_api_route(path, page, methods=READ)
    router.add_api_route(path + "/{below:path}", page, methods=READ)


@router.api_route("/assets/{name:path}", methods=READ)
async def asset(name: str, request: Request, site: Built) -> Response:
    """A file of the page; never the shell, or a script that is gone would be read as HTML."""
    found = site.files.get(f"assets/{name}")
    if found is None:
        raise NotFoundError(f"no asset {name!r}", message="Такого файла у страницы нет. Обновите страницу.")
    return found.respond(request.headers)


def refused(site: Site) -> Callable[[int], Response] | None:
    """What a browser gets with 401 or 403, where the page can ask for a key, and with 404; None where there is no page.

    Never cached: the same address answers otherwise as soon as one has signed in.
    """
    shell = site.shell
    if shell is None:
        return None
    head = policy.PAGE | NO_STORE | {"content-type": shell.media_type}

    def answer(status: int) -> Response:
        asks = {"www-authenticate": "Bearer"} if status == 401 else {}
        return Response(shell.body, status, headers=head | asks)

    return answer
