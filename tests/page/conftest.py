"""Real servers and a real browser. A page is open in a profile of its own, and its console must stay empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import skip_or_fail
from tests.e2e.conftest import Serve, openai_env, running_upstream, serve, upstream
from tests.support.browser import Console, chromium, find_chromium
from tests.support.cutter import Cutter
from tests.support.fake_openai import FakeOpenAI
from tests.support.pen import Pen, pen_of
from tests.support.server import ServerProcess, scripted, start_server

__all__ = ["Serve", "serve", "upstream"]

PATIENCE = 60_000  # ms for whatever a test waits for; a busy machine draws slowly
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

Open = Callable[..., Page]
Between = Callable[[ServerProcess], Cutter]

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")  # while it is open its event loop runs in this thread, and no other can
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        skip_or_fail("Chromium is not installed (Debian: chromium)")
        return
    with chromium(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def serve_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """As `serve`, for a server that a file's tests share; each with a state of its own."""
    running: list[ServerProcess] = []

    def start(text: str, *, env: dict[str, str] | None = None, **script: object) -> ServerProcess:
        folder = tmp_path_factory.mktemp("server")
        given = scripted(folder, text, **script)  # type: ignore[arg-type]
        running.append(start_server(folder, given | (env or {})))
        return running[-1]

    yield start
    for process in running:
        process.stop()


@pytest.fixture(scope="module")
def writer() -> Iterator[FakeOpenAI]:
    """What the servers of `dictated` write with."""
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def dictated(writer: FakeOpenAI, serve_once: Serve) -> Serve:
    """A factory: `dictated("text", env={…})` writes as `pen` allows, eight answers at a time."""

    def start(text: str, *, env: dict[str, str] | None = None) -> ServerProcess:
        writer.behaviour.text = text
        return serve_once("", env=openai_env(writer) | {"VISTRAL_MAX_CONCURRENCY": "8"} | (env or {}))

    return start


@pytest.fixture
def pen(writer: FakeOpenAI) -> Iterator[Pen]:
    """How far the answers of `dictated` may be written. Nothing is, until a test allows it."""
    with pen_of(writer) as held:
        yield held


@pytest.fixture
def between() -> Iterator[Between]:
    """A factory: `between(server)` is a hop that can be cut; a page is opened with it as with the server."""
    with ExitStack() as hops:
        yield lambda server: hops.enter_context(Cutter(server.url))


@pytest.fixture
def console() -> Iterator[Console]:
    """Of all pages of the test. Without a fault it is empty, and there is no uncaught error."""
    heard = Console()
    yield heard
    assert heard.complaints() == []


@pytest.fixture
def open_page(browser: Browser, console: Console) -> Iterator[Open]:
    """A factory: `open_page(server, "/chat")`; more names go to the browser's context (viewport, color_scheme, …).

    `beside=page` opens another tab of the same browser.
    """
    contexts = []

    def open_(
        server: ServerProcess | Cutter, path: str = "/chat", *, beside: Page | None = None, **options: object
    ) -> Page:
        if beside is None:
            given = {"viewport": DESKTOP, "locale": "ru-RU", **options}
            contexts.append(browser.new_context(**given))  # type: ignore[arg-type]
            contexts[-1].set_default_timeout(PATIENCE)
        context = beside.context if beside else contexts[-1]
        page = context.new_page()
        console.listen(page)
        page.goto(server.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where a test may leave pictures to look at."""
    return tmp_path
