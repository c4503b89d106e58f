"""On the narrowest phone nothing runs off the side; who wants no motion sees none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.wire import ask, whole_log
from tests.page.conftest import Open, Serve
from tests.page.laws import CITED, QUESTION
from tests.page.talk import FROM_AFAR, STOP, Talk
from tests.support.browser import Console
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

NARROW = {"width": 320, "height": 640}
LONG = "Достопримечательнейшая" * 12
WIDE = f"""{CITED}

{LONG}

| Достопримечательность | Продолжительность | Ответственность | Обстоятельства |
|---|---|---|---|
| Водонагреватель | Тридцать календарных дней | Администрация | Непредвиденные |

```
{"x = 1; " * 40}
```

1. Один
   - два
     - три
       - четыре https://example.org/{"a" * 90}
"""
# The page does not scroll sideways, and nothing that is seen sticks out of the window, but for what scrolls by itself.
STICKS_OUT = """() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > wide) return `the page is ${document.documentElement.scrollWidth} wide`;
    const scrolls = (element) => {
        for (let at = element.parentElement; at; at = at.parentElement)
            if (/auto|scroll|hidden|clip/.test(getComputedStyle(at).overflowX) && at !== document.documentElement)
                return true;
        return false;
    };
    const out = [...document.body.querySelectorAll('*')].filter((element) => {
        const {left, right, width, height} = element.getBoundingClientRect();
        return width > 1 && height > 1 && (right > wide + 1 || left < -1) && element.checkVisibility() &&
            !scrolls(element) && !element.closest('svg');
    });
    const named = ({tagName, className, innerText}) => `${tagName} ${className} ${innerText?.slice(0, 40)}`;
    return out.map(named).join('\\n');
}"""


@pytest.fixture(scope="module")
def server(serve_law: Serve) -> ServerProcess:
    return serve_law(WIDE)


def fits(page: Page) -> None:
    assert page.evaluate(STICKS_OUT) == ""


@pytest.fixture
def narrow(server: ServerProcess, open_page: Open) -> Callable[[str], Page]:
    return lambda path: open_page(server, path, viewport=NARROW, has_touch=True, is_mobile=True)


@pytest.mark.parametrize("path", ["/chat", "/law", "/law/reklama", "/law/reklama/3", "/law/tk/136", "/chat/x/y/z"])
def test_a_view_fits_the_narrowest_phone(path: str, narrow: Callable[[str], Page]) -> None:
    page = narrow(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Загружаю…")).to_have_count(0)
    fits(page)


def test_an_answer_with_all_that_is_wide_fits(narrow: Callable[[str], Page]) -> None:
    page = narrow("/chat")
    answer = Talk(page).ask(f"{QUESTION} {LONG}")
    answer.ends()
    expect(page.get_by_role("heading", name="Что ещё спросить")).to_be_visible()
    fits(page)
    answer.region.get_by_role("button", name="Не помогло", exact=True).click()
    expect(answer.region.get_by_role("form")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Изменить вопрос", exact=True).click()
    fits(page)
    answer.region.get_by_role("button", name=re.compile("^Источник 1:")).first.click()
    expect(page.get_by_role("dialog", name="Источник", exact=True).locator("mark").first).to_be_visible()
    fits(page)


def test_the_shelf_its_menu_and_its_words_fit(narrow: Callable[[str], Page]) -> None:
    page = narrow("/chat")
    Talk(page).ask(LONG).ends()
    page.get_by_role("button", name="Беседы", exact=True).click()
    sheet = page.get_by_role("dialog", name="Беседы", exact=True)
    more = sheet.get_by_role("button", name=re.compile("^Действия с беседой")).first
    more.click()
    expect(page.get_by_role("button", name="Переименовать", exact=True)).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Переименовать", exact=True).click()
    expect(page.get_by_role("textbox", name="Название беседы")).to_be_visible()
    fits(page)
    page.keyboard.press("Escape")
    more.click()
    page.get_by_role("button", name="Удалить", exact=True).click()
    expect(page.get_by_text(re.compile("удалена"))).to_be_visible()
    fits(page)


def test_the_admin_page_fits(server: ServerProcess, narrow: Callable[[str], Page]) -> None:
    whole_log(server, ask(server, QUESTION))
    page = narrow("/admin")
    expect(page.get_by_role("img")).not_to_have_count(0)
    expect(page.get_by_text("Загружаю…")).to_have_count(0)
    for table in page.get_by_text("Показать числа").all():
        table.click()
    expect(page.get_by_role("region", name="Графики", exact=True).get_by_role("table")).not_to_have_count(0)
    fits(page)


def test_the_sign_in_fits(serve_once: Serve, open_page: Open, console: Console) -> None:
    console.outage = True
    page = open_page(serve_once("Ответ."), viewport=NARROW, extra_http_headers=FROM_AFAR)
    Talk(page).sign_in("adv_nobody")
    expect(page.get_by_role("alert")).to_be_visible()
    fits(page)


# -- motion -------------------------------------------------------------------------------------------

# Those that move something: what is over at once does not.
MOVING = """() => document.getAnimations().filter((one) => {
    const {duration, iterations} = one.effect.getComputedTiming();
    return one.playState === 'running' && (duration > 1 || iterations > 1);
}).map((one) => `${one.animationName ?? one.transitionProperty} ${one.effect.target?.tagName}`)"""


def test_who_wants_no_motion_sees_none(serve_law: Serve, open_page: Open) -> None:
    server = serve_law(CITED, prompt_seconds=600)
    page = open_page(server, reduced_motion="reduce")
    talk = Talk(page)
    answer = talk.ask(QUESTION)
    expect(answer.region.get_by_role("progressbar")).to_be_visible()
    assert page.evaluate(MOVING) == []
    answer.region.get_by_role("button", name=re.compile("Статья 3")).click()
    expect(
        page.locator("mark").or_(page.get_by_role("complementary", name="Источник", exact=True)).first
    ).to_be_visible()
    assert page.evaluate(MOVING) == []
    talk.press(STOP)
    answer.ends()
    assert page.evaluate(MOVING) == []
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
