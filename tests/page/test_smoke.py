"""The page is there."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.page.conftest import Open, Serve


def test_the_page_opens(serve: Serve, open_page: Open) -> None:
    page = open_page(serve("Ответ."), "/")
    expect(page).to_have_title(re.compile("ADVAKOD"))
    expect(page.get_by_role("link", name="Вопросы")).to_be_visible()
