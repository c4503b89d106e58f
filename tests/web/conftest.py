"""A small built page, and the application as it serves it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from advakod.accounts import Accounts
from advakod.api import errors
from advakod.api.doors import Doors
from advakod.settings import Settings
from advakod.storage import Database
from advakod.web import Site, docs, pages
from tests.accounts.house import KEYS, Visitor

SHELL = b'<!doctype html><title>ADVAKOD</title><script type="module" src="/assets/index-BxK3_a9f.js"></script>'
SCRIPT = b"console.log('chat');\n" * 50
FILES = {
    "index.html": SHELL,
    "assets/index-BxK3_a9f.js": SCRIPT,
    "assets/index-BxK3_a9f.js.map": b"{}",
    "assets/index-D4-_0aaZ.css": b"body{margin:0}",
    "assets/pt-serif-cyrillic-400-normal-DjT3kx2A.woff2": b"wOF2",
    "assets/icon.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "assets/fonts/pt-serif-cyrillic.woff2": b"wOF2",
    "assets/NOTICE": b"words",
    "docs/favicon-32x32.png": b"PNG",
    ".stamp": b"digest",
    "secret.js": b"not an asset",
}
PACKED = ("index.html", "assets/index-BxK3_a9f.js", "assets/index-D4-_0aaZ.css")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder that a build leaves."""
    folder = tmp_path / "static"
    for name, body in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    for name in PACKED:
        (folder / f"{name}.gz").write_bytes(gzip.compress(FILES[name]))
    return folder


@pytest.fixture
def house(settings: Callable[..., Settings], tmp_path: Path) -> Iterator[Callable[[Path], Visitor]]:
    """A visitor of a server with keys, whose page is in that folder."""
    database = Database(f"sqlite:///{tmp_path / 'web.db'}")

    def house(folder: Path) -> Visitor:
        app = FastAPI(docs_url=None)
        site = app.state.site = Site.load(folder)
        app.include_router(docs.router)
        app.include_router(pages.router)
        page = pages.refused(site)
        errors.install(app, page)
        guarded: ASGIApp = Doors(app, Accounts(settings(api_keys=KEYS), database), page)
        return Visitor(guarded)

    try:
        database.open()
        yield house
    finally:
        database.close()


@pytest.fixture
def visit(house: Callable[[Path], Visitor], built: Path) -> Visitor:
    """Of a server whose page is built."""
    return house(built)
