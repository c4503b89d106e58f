"""The reader of acts and the operator's page by the rules of accessibility, on each screen and in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.wire import ask, call, whole_log
from tests.page.axe import CALM, SCREENS, assert_accessible
from tests.page.conftest import Open, Serve
from tests.page.laws import CITED, LIBRARIES, QUESTION
from tests.support.browser import Console
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

LAW = ("/law", "/law/reklama", "/law/tk", "/law/reklama/3", "/law/reklama/2", "/law/tk/136", f"/law/{LIBRARIES}/1")
ABSENT = "/law/netu", "/law/reklama/77", "/law/reklama/3?on=1999-01-01", "/chat/x/y"


@pytest.fixture(scope="module")
def server(serve_law: Serve) -> ServerProcess:
    """With answers, failures, and an opinion."""
    failing = serve_law(CITED, continuation="none", faults=[{"at": 0, "kind": "error"}])
    whole_log(failing, ask(failing, QUESTION))
    failing.stop()
    server = serve_law(CITED, state=failing.folder / "var")
    run = ask(server, QUESTION)
    whole_log(server, run)
    opinion = {"rating": "down", "reason": "mistake", "comment": "Тридцать, а не двадцать."}
    assert call(server, "PUT", f"/api/v1/responses/{run}/feedback", opinion).status == 200
    return server


@pytest.fixture(params=SCREENS)
def wide(request: pytest.FixtureRequest) -> dict[str, object]:
    """What a context is opened with."""
    return {"viewport": SCREENS[request.param], **CALM}


@pytest.mark.parametrize("path", LAW)
def test_a_view_of_the_law(path: str, server: ServerProcess, open_page: Open, wide: dict[str, object]) -> None:
    page = open_page(server, path, **wide)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Загружаю…")).to_have_count(0)
    assert_accessible(page)


@pytest.mark.parametrize("path", ABSENT)
def test_what_is_not_there(
    path: str, server: ServerProcess, open_page: Open, wide: dict[str, object], console: Console
) -> None:
    console.outage = True  # the browser logs the 404
    page = open_page(server, path, **wide)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert_accessible(page)


def test_a_part_that_is_meant(server: ServerProcess, open_page: Open, wide: dict[str, object]) -> None:
    page = open_page(server, "/law/reklama/3#st3/p2", **wide)
    expect(page.get_by_role("group", name="Часть, на которую дана ссылка", exact=True)).to_be_visible()
    assert_accessible(page)


def test_searching(server: ServerProcess, open_page: Open, wide: dict[str, object]) -> None:
    page = open_page(server, "/law/reklama?q=вывеска", **wide)
    expect(page.get_by_role("list", name="Что нашлось", exact=True).get_by_role("link")).not_to_have_count(0)
    assert_accessible(page)
    page.get_by_role("searchbox", name="Найти в тексте").fill("пароход")
    expect(page.get_by_text("Ничего не найдено.")).to_be_visible()
    assert_accessible(page)


def test_the_contents_as_a_sheet(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/reklama/3", viewport=SCREENS["390"], **CALM)
    page.get_by_role("button", name="Оглавление", exact=True).click()
    expect(page.get_by_role("dialog", name="Оглавление", exact=True).get_by_role("link")).not_to_have_count(0)
    assert_accessible(page)


def test_the_operators_page(server: ServerProcess, open_page: Open, wide: dict[str, object]) -> None:
    page = open_page(server, "/admin", **wide)
    expect(page.get_by_role("img")).not_to_have_count(0)
    expect(page.get_by_text("Загружаю…")).to_have_count(0)
    assert_accessible(page)


def test_the_operators_page_with_all_that_can_be_opened(
    server: ServerProcess, open_page: Open, wide: dict[str, object]
) -> None:
    page = open_page(server, "/admin", **wide)
    page.get_by_text("Показать числа").first.click()
    page.get_by_text("Ответ: ").first.click()
    page.get_by_role("searchbox", name="Найти настройку").fill("такойнет")
    expect(page.get_by_text("Таких настроек нет.")).to_be_visible()
    expect(page.get_by_role("region", name="Графики", exact=True).get_by_role("table")).to_be_visible()
    assert_accessible(page)


def test_the_operators_page_before_anything_happened(
    serve_once: Serve, open_page: Open, wide: dict[str, object]
) -> None:
    page = open_page(serve_once("Ответ."), "/admin", **wide)
    expect(page.get_by_text("Отзывов пока нет.")).to_be_visible()
    expect(page.get_by_text("Загружаю…")).to_have_count(0)
    assert_accessible(page)
