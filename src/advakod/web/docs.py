"""`/docs`: the API to read and to try, by Swagger UI from our own origin; no CDN.

Its files are built with the page. The page around them is written here, under a policy of its own: Swagger UI knows
no Trusted Types, and nothing that a model wrote comes near it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from ..errors import NotFoundError
from . import policy
from .pages import NO_STORE, READ, Built

# Addresses are relative: this page works under whatever prefix a proxy puts before it.
PAGE = """<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ADVAKOD: API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """\
SwaggerUIBundle({url: "openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null})
"""
NOT_BUILT = """<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
<title>ADVAKOD: API</title>
</head>
<body>
<h1>Описание API</h1>
<p>Страница с описанием в этой установке не собрана: её собирает <code>make install</code>.</p>
<p>Само описание в формате OpenAPI: <a href="openapi.json">openapi.json</a>.</p>
</body>
</html>
"""

router = APIRouter(prefix="/docs", include_in_schema=False)


@router.api_route("", methods=READ)
async def page(site: Built) -> Response:
    """The description of the API, or where it is without a page."""
    if "docs/swagger-ui-bundle.js" not in site.files:
        return Response(NOT_BUILT, 503, media_type="text/html", headers=policy.DOCS | NO_STORE)
    return Response(PAGE, media_type="text/html", headers=policy.DOCS)


@router.api_route("/start.js", methods=READ)
async def start() -> Response:
    """A file of its own, since the policy allows no script inside the page."""
    return Response(START, media_type="text/javascript")


@router.api_route("/{name}", methods=READ)
async def file(name: Annotated[str, Path(max_length=64)], request: Request, site: Built) -> Response:
    """A file of Swagger UI."""
    found = site.files.get(f"docs/{name}")
    if found is None:
        raise NotFoundError(f"no file {name!r}", message="Такого файла здесь нет.")
    return found.respond(request.headers)
