"""`/docs` without a CDN: swagger-ui from its PyPI bundle, under a CSP that allows our own origin alone.

The bundle reads OpenAPI 3.0; `/openapi.json` is 3.1, so the page gets a translation of its own.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from swagger_ui_bundle import swagger_ui_path

from ..errors import NotFoundError

FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
POLICY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
CACHED = {"cache-control": "private, max-age=86400"}
# Addresses are relative: the page works under whatever prefix a proxy puts before it.
PAGE = """<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
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
SwaggerUIBundle({url: "docs/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null})
"""

router = APIRouter(prefix="/docs", include_in_schema=False)
root = APIRouter(include_in_schema=False)


@root.api_route("/", methods=["GET", "HEAD"])
async def front() -> Response:
    """What there is to look at until there is a page."""
    return RedirectResponse("docs")


@router.get("")
async def page() -> Response:
    """The description of the API, to read and to try."""
    return Response(PAGE, media_type="text/html", headers=POLICY)


@router.get("/start.js")
async def start() -> Response:
    """A file of its own, since the policy allows no script inside the page."""
    return Response(START, media_type="text/javascript", headers=CACHED)


@router.get("/openapi.json")
async def schema(request: Request) -> Response:
    """The schema as the page can read it."""
    return JSONResponse(as_3_0(request.app.openapi()))


@router.get("/{name}")
async def file(name: Annotated[str, Path(max_length=64)]) -> Response:
    """A file of the bundle."""
    if name not in FILES:
        raise NotFoundError(name)
    return FileResponse(swagger_ui_path / name, media_type=FILES[name], headers=CACHED)


def as_3_0(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI 3.1 schema in the words of 3.0, as far as pydantic uses the difference."""
    translated: dict[str, Any] = _translated(schema)
    return translated | {"openapi": "3.0.3"}


def _translated(node: Any) -> Any:
    if isinstance(node, list):
        return [_translated(item) for item in node]
    if not isinstance(node, dict):
        return node
    new = {key: _translated(value) for key, value in node.items()}
    if isinstance(variants := new.get("anyOf"), list) and {"type": "null"} in variants:
        new = _nullable(new, [variant for variant in variants if variant != {"type": "null"}])
    for bound, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if type(new.get(bound)) in (int, float):
            new |= {plain: new[bound], bound: True}
    if "const" in new:
        new["enum"] = [new.pop("const")]
    return new


def _nullable(node: dict[str, Any], variants: list[Any]) -> dict[str, Any]:
    rest = {key: value for key, value in node.items() if key != "anyOf"} | {"nullable": True}
    alone = variants[0] if len(variants) == 1 and "$ref" not in variants[0] else {"anyOf": variants}
    return {**alone, **rest}
