"""Debian's Chromium, driven as a person would; what the console says and what accessibility rules say is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = [
    "--no-sandbox",  # tests may run as root, where there is no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
]
# Chromium itself logs these while a server is away or refuses; no page can keep it from doing so.
OF_THE_BROWSER = ("Failed to load resource", "net::ERR_")


def find_chromium() -> str | None:
    """The browser, when it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """One browser; each page of a test gets a profile of its own in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Console:
    """All that a page's console said. `outage`: Chromium's own words about lost connections are let pass."""

    outage: bool = False
    said: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        self.said.append(f"{message.type}: {message.text}")

    def complaints(self) -> list[str]:
        """Uncaught errors, and every line of the console that should not be there."""
        said = [line for line in self.said if not (self.outage and any(part in line for part in OF_THE_BROWSER))]
        return self.errors + said


def violations(page: Page) -> list[str]:
    """What axe finds wrong in the view as it stands, a line each: rule, what to do, where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))  # by the debugger: the page's own policy lets no script in
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
        RULES,
    )
    return [
        f"{violation['id']}: {violation['help']}: {[node['target'] for node in violation['nodes']]}"
        for violation in found["violations"]
    ]
