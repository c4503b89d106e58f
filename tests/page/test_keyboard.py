"""Everything by the keyboard alone, and one always sees where one is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import PHONE, Open, Serve
from tests.page.laws import CITED, QUESTION, QUOTED
from tests.page.talk import Talk
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

MANY = 120  # steps by Tab: more than any view here has places to stop at
# What has the focus: its words; whether one sees that it has it, by an outline of its own or, of a field that is part
# of a box, of the box; whether a part of it at least is in the window and under nothing else.
FOCUSED = """() => {
    const it = document.activeElement;
    if (!it || it === document.body) return null;
    const ringed = (element) => {
        const {outlineStyle, outlineWidth} = getComputedStyle(element);
        if (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1) return true;
        return element === it && it.matches('textarea') ? ringed(it.parentElement) : false;
    };
    const {left, top, width, height} = it.getBoundingClientRect();
    const seen = [0.1, 0.3, 0.5, 0.7, 0.9].some((share) => {
        const hit = document.elementFromPoint(left + width * share, top + height * share);
        return hit && (it.contains(hit) || hit.contains(it) && hit.closest('a, button, label, summary'));
    });
    const name = it.getAttribute('aria-label') || it.labels?.[0]?.innerText || it.innerText || it.tagName;
    return {
        name: name.trim().split('\\n')[0],
        ringed: ringed(it),
        seen: width > 1 && height > 1 && seen,
        key: (it.stop ??= window.stops = (window.stops ?? 0) + 1),
    };
}"""


@pytest.fixture(scope="module")
def server(serve_law: Serve) -> ServerProcess:
    return serve_law(CITED)


def stops(page: Page, key: str = "Tab") -> Iterator[str]:
    """The names of what Tab stops at, until it is back where it was first; each of them is seen to have the focus."""
    first = None
    for _ in range(MANY):
        page.keyboard.press(key)
        at = page.evaluate(FOCUSED)
        if at is None:
            continue  # the browser's own buttons, between the end of the page and its beginning
        if at["key"] == first:
            return
        first = first or at["key"]
        assert at["ringed"], f"no ring: {at}"
        assert at["seen"], f"not seen: {at}"
        yield at["name"]
    raise AssertionError(f"the keyboard does not come round in {MANY} steps")


def walk_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until this has the focus."""
    passed = []
    for stop in stops(page, key):
        passed.append(stop)
        if re.search(name, stop):
            return
    raise AssertionError(f"{name!r} is not among {passed}")


def test_ask_read_a_source_and_ask_on(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    talk = Talk(page)
    expect(talk.box).to_be_visible()
    walk_to(page, "^Ваш вопрос$")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    answer = talk.answer(QUESTION)
    answer.ends()
    expect(talk.box).to_be_focused()
    walk_to(page, "^Источник 1:", "Shift+Tab")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Источник", exact=True)
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    expect(panel.locator("mark")).to_have_text([QUOTED])
    walk_to(page, "^Закрыть источник$")
    page.keyboard.press("Enter")
    expect(panel).to_have_count(0)
    expect(answer.region.get_by_role("button", name=re.compile("^Источник 1:"))).to_be_focused()
    walk_to(page, "^Ваш вопрос$")
    page.keyboard.type("А над аптекой?")
    page.keyboard.press("Enter")
    talk.answer("А над аптекой?").ends()


def test_the_first_stop_leads_past_the_header(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    expect(Talk(page).box).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="К содержанию", exact=True)
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_past_the_shelf(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    expect(page.get_by_role("searchbox", name="Найти в беседах")).to_be_visible()
    walk_to(page, "^Мимо списка бесед$")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(Talk(page).box).to_be_focused()


def begun(page: Page) -> None:
    expect(page.get_by_role("heading", name="С чего начать")).to_be_visible()


def finished(page: Page) -> None:
    Talk(page).ask(QUESTION).ends()
    expect(page.get_by_role("heading", name="Что ещё спросить")).to_be_visible()
    page.get_by_role("textbox", name="Ваш вопрос").focus()


def panel_open(page: Page) -> None:
    finished(page)
    page.get_by_role("button", name=re.compile("^Источник 1:")).click()
    expect(page.locator("mark").first).to_be_visible()


def settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Загружаю…")).to_have_count(0)


VIEWS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "start": ("/chat", begun),
    "answer": ("/chat", finished),
    "panel": ("/chat", panel_open),
    "acts": ("/law", settled),
    "act": ("/law/reklama", settled),
    "article": ("/law/reklama/3", settled),
    "admin": ("/admin", settled),
}


@pytest.mark.parametrize("view", VIEWS)
def test_tab_goes_round_and_is_seen_everywhere(view: str, server: ServerProcess, open_page: Open) -> None:
    path, prepare = VIEWS[view]
    page = open_page(server, path)
    prepare(page)
    assert len(list(stops(page))) > 5
    assert list(stops(page, "Shift+Tab"))


def test_the_menu_of_a_conversation(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    Talk(page).ask("Что умеет клавиатура?").ends()
    opener = page.get_by_role("button", name="Действия с беседой «Что умеет клавиатура?»", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("group", name="Действия с беседой «Что умеет клавиатура?»", exact=True)
    expect(menu.get_by_role("button", name="Переименовать", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("button", name="Удалить", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("button", name="Переименовать", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("button", name="Удалить", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Беседа «Что умеет клавиатура?» удалена.")).to_be_visible()
    walk_to(page, "^Вернуть$")
    page.keyboard.press("Enter")
    expect(opener).to_be_visible()


def test_a_sheet_keeps_the_focus_and_gives_it_back(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, viewport=PHONE)
    finished(page)
    opener = page.get_by_role("button", name="Беседы", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Беседы", exact=True)
    assert_stays_inside(page, sheet)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(opener).to_be_focused()
    mark = page.get_by_role("button", name=re.compile("^Источник 1:"))
    mark.focus()
    page.keyboard.press("Enter")
    assert_stays_inside(page, page.get_by_role("dialog", name="Источник", exact=True))
    page.keyboard.press("Escape")
    expect(mark).to_be_focused()


def assert_stays_inside(page: Page, sheet: Locator) -> None:
    expect(sheet).to_be_visible()
    box = sheet.element_handle()
    for _ in stops(page):
        assert page.evaluate("sheet => sheet.contains(document.activeElement)", box)


def test_the_question_is_edited(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    talk = Talk(page)
    talk.ask("Сколько висит флаг?").ends()
    walk_to(page, "^Изменить вопрос$")
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox", name="Изменить вопрос")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Изменить вопрос", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Сколько висит вывеска?")
    page.keyboard.press("Control+Enter")
    talk.answer("Сколько висит вывеска?").ends()
