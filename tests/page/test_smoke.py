"""The page is there, and without a fault its console stays empty."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from advakod.accounts import Role, new_key
from tests.page.conftest import Open, Serve
from tests.page.talk import FROM_AFAR, Talk


def test_the_page_opens(serve: Serve, open_page: Open) -> None:
    page = open_page(serve("Ответ."), "/")
    expect(page).to_have_title(re.compile("ADVAKOD"))
    expect(page.get_by_role("link", name="Вопросы", exact=True)).to_be_visible()


def test_signing_in_is_no_fault(serve: Serve, open_page: Open) -> None:
    secret, entry = new_key("anna", Role.USER)
    talk = Talk(open_page(serve("Ответ.", env={"ADVAKOD_API_KEYS": entry}), extra_http_headers=FROM_AFAR))
    talk.sign_in(secret)
    expect(talk.box).to_be_visible()
