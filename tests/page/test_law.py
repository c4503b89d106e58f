"""The reader of acts: contents, an article, search inside, addresses to pass on, and what is not there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import PHONE, Open, Serve
from tests.page.laws import ACT_NAME, CITED, FRESH_DAY, LIBRARIES, LIBRARIES_NAME, OLD_DAY, QUOTED
from tests.support.browser import Console
from tests.support.server import ServerProcess

FOUND = re.compile("^Статья 4. Раздача листовок$")

pytest_plugins = ["tests.page.law_server"]


@pytest.fixture(scope="module")
def server(serve_law: Serve) -> ServerProcess:
    return serve_law(CITED)


def title(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(rf"^\s*{words}"))


def contents(page: Page) -> None:
    expect(page.get_by_role("navigation", name="Оглавление", exact=True).get_by_role("link")).not_to_have_count(0)


def test_what_is_loaded_is_listed_with_its_editions(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law")
    expect(page).to_have_title("Законы — ADVAKOD")
    loaded = page.get_by_role("region", name="Загруженные тексты", exact=True).get_by_role("listitem")
    known = loaded.filter(has=page.get_by_role("link", name=ACT_NAME))
    expect(known).to_contain_text("от 13.03.2006 № 38-ФЗ")
    expect(known).to_contain_text(re.compile(rf"Редакция от {FRESH_DAY}$"))
    old = loaded.filter(has=page.get_by_role("link", name=LIBRARIES_NAME))
    expect(old).to_contain_text(f"Редакция от {OLD_DAY}, старше 90 дней")
    retold = page.get_by_role("region", name="Известны в пересказе", exact=True)
    expect(retold.get_by_role("link", name="Трудовой кодекс Российской Федерации", exact=True)).to_be_visible()


def test_from_the_list_through_the_contents_to_an_article(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law")
    page.get_by_role("link", name=ACT_NAME).click()
    title(page, ACT_NAME)
    expect(page).to_have_url(f"{server.url}/law/reklama")
    expect(page).to_have_title(f"{ACT_NAME} — ADVAKOD")
    listed = page.get_by_role("navigation", name="Оглавление", exact=True)
    expect(listed.get_by_role("group")).to_have_count(3)
    expect(listed.get_by_role("link", name="Статья 2 утратила силу", exact=True)).to_be_visible()
    page.get_by_role("button", name="Свернуть всё", exact=True).click()
    expect(listed.get_by_role("link")).to_have_count(0)
    page.get_by_role("button", name="Развернуть всё", exact=True).click()
    expect(listed.get_by_role("link")).to_have_count(6)
    listed.get_by_role("link", name="Статья 3. Сколько висит вывеска", exact=True).click()
    title(page, "Статья 3 Сколько висит вывеска")
    expect(page).to_have_url(f"{server.url}/law/reklama/3")
    expect(page.get_by_role("article")).to_contain_text(QUOTED)
    expect(page.get_by_role("article")).to_contain_text(f"Редакция от {FRESH_DAY}")
    expect(listed.get_by_role("link", name="Статья 3. Сколько висит вывеска", exact=True)).to_have_attribute(
        "aria-current", "page"
    )


def test_forth_and_back_from_article_to_article(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/reklama/3")
    neighbours = page.get_by_role("navigation", name="Соседние статьи", exact=True)
    neighbours.get_by_role("link", name="Дальше Статья 4. Раздача листовок", exact=True).click()
    title(page, "Статья 4 Раздача листовок")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page).to_have_title(f"Статья 4. Раздача листовок — {ACT_NAME} — ADVAKOD")
    neighbours.get_by_role("link", name=re.compile("^Назад Статья 3")).click()
    title(page, "Статья 3")
    page.go_back()
    title(page, "Статья 4")
    for place, missing in (("1", "Назад"), ("6", "Дальше")):
        page.goto(f"{server.url}/law/reklama/{place}")
        title(page, f"Статья {place}")
        expect(neighbours.get_by_role("link")).to_have_count(1)
        expect(neighbours.get_by_role("link", name=re.compile(f"^{missing}"))).to_have_count(0)


def test_search_inside_an_act(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/reklama")
    page.get_by_role("searchbox", name="Найти в тексте").fill("протянул руку")
    found = page.get_by_role("list", name="Что нашлось", exact=True)
    expect(found.get_by_role("link")).to_have_text([FOUND])
    expect(found.locator("mark").first).to_have_text(re.compile("протянул"))
    expect(page.get_by_role("status").filter(has_text="Найдено: 1 место")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/law/reklama\?q="))
    found.get_by_role("link").click()
    title(page, "Статья 4")
    page.go_back()
    expect(found.get_by_role("link")).to_have_text([FOUND])
    expect(page.get_by_role("searchbox", name="Найти в тексте")).to_have_value("протянул руку")
    page.get_by_role("searchbox", name="Найти в тексте").fill("пароход")
    expect(page.get_by_text("Ничего не найдено. Попробуйте другие слова.")).to_be_visible()
    page.get_by_role("searchbox", name="Найти в тексте").fill("")
    contents(page)


def test_search_beside_an_article(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/reklama/3")
    page.get_by_role("searchbox", name="Найти в тексте").fill("вступает в силу")
    page.get_by_role("list", name="Что нашлось", exact=True).get_by_role("link", name=re.compile("Статья 6")).click()
    title(page, "Статья 6")


def test_an_address_of_a_part_can_be_passed_on(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/reklama/3", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="2. ссылка на эту часть", exact=True).click()
    cited = page.get_by_role("group", name="Часть, на которую дана ссылка", exact=True)
    expect(cited).to_contain_text(QUOTED)
    expect(cited).not_to_contain_text("Ветхая вывеска")
    page.get_by_role("button", name="Скопировать ссылку", exact=True).click()
    expect(page.get_by_text("Ссылка скопирована")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == f"{server.url}/law/reklama/3#st3/p2"
    other = open_page(server, address.removeprefix(server.url))
    expect(other.get_by_role("group", name="Часть, на которую дана ссылка", exact=True)).to_contain_text(QUOTED)
    expect(other.get_by_text(QUOTED)).to_be_in_viewport()


def test_an_article_that_is_law_no_more(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/reklama/2")
    expect(page.get_by_text("Статья утратила силу. Опираться на неё нельзя.")).to_be_visible()


def test_an_act_of_summaries_says_what_it_is(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/tk")
    expect(page.get_by_text("Официальный текст не загружен. Здесь только статьи, которые пересказаны")).to_be_visible()
    page.goto(f"{server.url}/law/tk/136")
    expect(page.get_by_text("Пересказ, не текст закона.")).to_be_visible()


def test_an_old_edition_says_that_it_is_old(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, f"/law/{LIBRARIES}/1")
    expect(page.get_by_role("article")).to_contain_text(f"Редакция от {OLD_DAY}. Ей больше 90 дней")


@pytest.mark.parametrize(
    ("path", "heading", "way", "to"),
    [
        ("/law/netu", "Текст не загружен", "Ко всем законам", "/law"),
        ("/law/netu/5", "Текст не загружен", "Ко всем законам", "/law"),
        ("/law/reklama/77", "Такой статьи нет", "К оглавлению", "/law/reklama"),
        (
            "/law/reklama/3?on=1999-01-01",
            "Редакция не загружена",
            "Показать последнюю загруженную редакцию",
            "/law/reklama",
        ),
    ],
)
def test_what_is_not_there_is_said_plainly(
    path: str, heading: str, way: str, to: str, server: ServerProcess, open_page: Open, console: Console
) -> None:
    console.outage = True  # the browser logs the 404
    page = open_page(server, path)
    title(page, heading)
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"[А-Яа-я].*\."))
    page.get_by_role("link", name=way).click()
    expect(page).to_have_url(server.url + to)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(heading)


def test_on_a_phone_the_contents_are_a_sheet(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, "/law/reklama/3", viewport=PHONE, has_touch=True)
    page.get_by_role("button", name="Оглавление", exact=True).click()
    sheet = page.get_by_role("dialog", name="Оглавление", exact=True)
    expect(sheet.get_by_role("link", name="Статья 3. Сколько висит вывеска", exact=True)).to_be_in_viewport()
    sheet.get_by_role("link", name="Статья 4. Раздача листовок", exact=True).click()
    expect(sheet).to_have_count(0)
    title(page, "Статья 4")
    page.get_by_role("button", name="Оглавление", exact=True).click()
    page.get_by_role("button", name="Закрыть оглавление", exact=True).click()
    expect(sheet).to_have_count(0)
