"""The shelf of conversations, its menu and words, and the sign-in view by the rules of accessibility."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.axe import CALM, SCREENS, assert_accessible
from tests.page.conftest import Open, Serve
from tests.page.talk import FROM_AFAR, Talk
from tests.support.browser import Console
from tests.support.server import ServerProcess


@pytest.fixture(scope="module")
def server(serve_once: Serve) -> ServerProcess:
    return serve_once("Ответ в двух словах.")


@pytest.fixture(params=SCREENS)
def wide(request: pytest.FixtureRequest) -> dict[str, object]:
    """What a context is opened with."""
    return {"viewport": SCREENS[request.param], **CALM}


def test_the_shelf_its_menu_its_field_and_its_word(
    server: ServerProcess, open_page: Open, wide: dict[str, object]
) -> None:
    page = open_page(server, **wide)
    Talk(page).ask("Что стоит на полке?").ends()
    opener = page.get_by_role("button", name="Беседы", exact=True)
    if opener.is_visible():
        opener.click()
    more = page.get_by_role("button", name="Действия с беседой «Что стоит на полке?»", exact=True).first
    expect(more).to_be_visible()
    assert_accessible(page)
    more.click()
    expect(page.get_by_role("button", name="Переименовать", exact=True)).to_be_visible()
    assert_accessible(page, whole=False)
    page.get_by_role("button", name="Переименовать", exact=True).click()
    page.get_by_role("textbox", name="Название беседы").fill(" ")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.get_by_text("Впишите название.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Отмена", exact=True).click()
    page.get_by_role("searchbox", name="Найти в беседах").fill("полке")
    expect(page.get_by_text("Нашлось:")).to_be_visible()
    assert_accessible(page)
    more.click()
    page.get_by_role("button", name="Удалить", exact=True).click()
    expect(page.get_by_role("button", name="Вернуть", exact=True)).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Вернуть", exact=True).click()
    expect(page.get_by_text("Беседа возвращена.")).to_be_visible()


def test_signing_in(server: ServerProcess, open_page: Open, wide: dict[str, object], console: Console) -> None:
    console.outage = True  # the browser logs 401
    page = open_page(server, extra_http_headers=FROM_AFAR, **wide)
    expect(page.get_by_role("heading", name="Вход")).to_be_visible()
    assert_accessible(page)
    Talk(page).sign_in("adv_nobody")
    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page)


def test_a_conversation_that_is_no_more(
    server: ServerProcess, open_page: Open, wide: dict[str, object], console: Console
) -> None:
    console.outage = True
    page = open_page(server, "/chat/conv_nothing", **wide)
    expect(page.get_by_role("alert")).to_have_text("Беседа удалена или принадлежит другому ключу.")
    assert_accessible(page)
