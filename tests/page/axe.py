"""Accessibility rules over a view as it stands, light and dark."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Page

from tests.page.conftest import DESKTOP, PHONE
from tests.support.browser import violations

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCREENS = {"1280": DESKTOP, "390": PHONE}
CALM = {"reduced_motion": "reduce"}  # no colour is on its way to another


# Colours are there with the next frame, not at once.
DRAWN = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def assert_accessible(page: Page, *, whole: bool = True) -> None:
    """No rule of WCAG 2.2 AA, nor of axe's best practice, is broken in either theme.

    `whole`: in a window as high as the page, where nothing lies half under the header or the box for the question.
    """
    size = page.viewport_size
    assert size is not None
    if whole:
        high = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": max(high, size["height"])})
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.evaluate(DRAWN)
        found = violations(page)
        assert found == [], f"{theme}: " + "\n".join(found)
    page.set_viewport_size(size)
