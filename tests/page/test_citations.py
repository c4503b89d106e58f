"""Each reference of an answer leads to the words of the law, and says how far it can be trusted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import PHONE, Open, Serve
from tests.page.laws import (
    ACT,
    ACT_NAME,
    CITED,
    FRESH_DAY,
    LIBRARIES_NAME,
    OLD_DAY,
    OLD_QUESTION,
    QUESTION,
    QUOTED,
)
from tests.page.talk import STOP, Talk
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

CLOSE = "Закрыть источник"


@pytest.fixture(scope="module")
def server(serve_law: Serve) -> ServerProcess:
    return serve_law(CITED)


def ask(page: Page, question: str = QUESTION) -> Locator:
    """The answer, ended."""
    answer = Talk(page).ask(question)
    answer.ends()
    return answer.region


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Источник", exact=True)


def sheet(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Источник", exact=True)


def first_mark(answer: Locator) -> Locator:
    return answer.get_by_role("button", name=f"Источник 1: статья 3, {ACT_NAME}, норма найдена и прочитана")


def test_a_mark_opens_its_article_with_the_words_quoted(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    mark = first_mark(ask(page))
    mark.click()
    shown = panel(page)
    expect(shown.get_by_role("heading", name="Статья 3 Сколько висит вывеска")).to_be_focused()
    expect(shown).to_contain_text("Норма найдена и прочитана. Такая норма есть в загруженной редакции")
    expect(shown).to_contain_text(ACT_NAME)
    expect(shown).to_contain_text("Глава 2. Вывески и листовки")
    expect(shown).to_contain_text(f"Редакция от {FRESH_DAY}")
    expect(shown).to_contain_text("Ветхая вывеска снимается.")  # in full
    expect(shown.locator("mark")).to_have_text([QUOTED])
    expect(shown.locator("mark")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(shown).to_have_count(0)
    expect(mark).to_be_focused()


def test_words_of_a_reference_set_off_the_part_they_name(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page)
    answer.get_by_role("button", name="пункт 1 части 2 статьи 3: норма найдена и прочитана", exact=True).click()
    cited = panel(page).get_by_role("group", name="Часть, на которую дана ссылка", exact=True)
    expect(cited).to_contain_text("на десять дней для булочных;")
    expect(cited).not_to_contain_text("на двадцать дней")
    panel(page).get_by_role("link", name="Открыть целиком", exact=True).click()
    expect(page).to_have_url(re.compile(r"/law/reklama/st3/p2/pp1$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Статья 3"))


def test_the_neighbours_are_read_in_the_panel(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    mark = first_mark(ask(page))
    mark.click()
    shown = panel(page)
    neighbours = shown.get_by_role("navigation", name="Соседние статьи", exact=True)
    neighbours.get_by_role("button", name="Дальше Статья 4. Раздача листовок", exact=True).click()
    expect(shown.get_by_role("heading", name="Статья 4 Раздача листовок")).to_be_focused()
    expect(shown).to_contain_text("Листовки не раздают ночью.")
    expect(shown).not_to_contain_text("Норма найдена и прочитана")  # that was said of another one
    expect(shown.locator("mark")).to_have_count(0)
    shown.get_by_role("button", name="Вернуться к статье из ответа", exact=True).click()
    expect(shown.locator("mark")).to_have_text([QUOTED])
    shown.get_by_role("button", name=CLOSE).click()
    expect(shown).to_have_count(0)
    expect(mark).to_be_focused()


def test_another_reference_takes_the_place_of_the_first(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page)
    first_mark(answer).click()
    expect(panel(page).locator("mark")).to_have_count(1)
    repealed = answer.get_by_role("button", name="ст. 2: норма утратила силу", exact=True).first
    repealed.click()
    expect(panel(page).get_by_role("heading", name="Статья 2")).to_be_focused()
    expect(panel(page)).to_contain_text("Норма утратила силу.")
    expect(panel(page)).to_contain_text("Опираться на неё нельзя.")
    page.keyboard.press("Escape")
    expect(repealed).to_be_focused()


def test_on_a_phone_it_is_a_sheet(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, viewport=PHONE, has_touch=True)
    mark = first_mark(ask(page))
    mark.click()
    expect(sheet(page).locator("mark")).to_have_text([QUOTED])
    expect(sheet(page)).to_contain_text("Норма найдена и прочитана.")
    page.keyboard.press("Escape")
    expect(sheet(page)).to_have_count(0)
    expect(mark).to_be_focused()


def test_back_closes_the_sheet_and_stays_in_the_conversation(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server, viewport=PHONE, has_touch=True)
    answer = ask(page)
    address = page.url
    first_mark(answer).click()
    expect(sheet(page)).to_be_visible()
    page.go_back()
    expect(sheet(page)).to_have_count(0)
    expect(page).to_have_url(address)
    expect(answer).to_be_visible()


def test_the_list_of_sources_opens_them_too(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page)
    expect(answer.get_by_role("heading", name="Источники", exact=True)).to_be_visible()
    source = answer.get_by_role("button", name=f"Статья 3. Сколько висит вывеска {ACT_NAME}, редакция от {FRESH_DAY}")
    source.click()
    expect(panel(page).get_by_role("heading", name="Статья 3 Сколько висит вывеска")).to_be_focused()
    page.keyboard.press("Escape")
    expect(source).to_be_focused()


def test_the_basis_is_named_with_its_edition_and_that_it_is_no_advice(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    expect(page.get_by_text("Это справка по законам, а не консультация адвоката.")).to_be_visible()
    answer = ask(page)
    expect(answer).to_contain_text(f"На основании: {ACT_NAME} в редакции от {FRESH_DAY}.")
    expect(answer).to_contain_text("Это не консультация адвоката.")


def test_a_reference_to_no_article_says_so(server: ServerProcess, open_page: Open) -> None:
    """And asks the server for nothing that is not there: the browser would log the 404."""
    page = open_page(server)
    answer = ask(page)
    expect(answer).to_contain_text("1 ссылка не подтверждена.")
    expect(answer).to_contain_text("1 названная норма утратила силу.")
    answer.get_by_role("button", name="ст. 999: такой нормы не нашлось", exact=True).click()
    expect(panel(page)).to_contain_text("Такой нормы не нашлось. В загруженной редакции такой нормы нет")
    expect(panel(page).get_by_role("heading", name="Ст. 999")).to_be_focused()
    expect(panel(page).get_by_role("link", name="К оглавлению", exact=True)).to_have_attribute("href", f"/law/{ACT}")
    panel(page).get_by_role("button", name="Назад Статья 6. Когда закон вступает в силу", exact=True).click()
    expect(panel(page)).to_contain_text("через десять дней после опубликования")
    panel(page).get_by_role("button", name="Вернуться к статье из ответа", exact=True).click()
    expect(panel(page)).to_contain_text("Такой нормы не нашлось.")
    page.keyboard.press("Escape")
    answer.get_by_role("listitem").get_by_role("button", name="ст. 999", exact=True).click()
    expect(panel(page)).to_contain_text("Такой нормы не нашлось.")


def test_sources_are_there_before_the_text(serve_law: Serve, open_page: Open) -> None:
    page = open_page(serve_law(CITED, prompt_seconds=600))
    talk = Talk(page)
    answer = talk.ask(QUESTION)
    expect(answer.region.get_by_role("heading", name=re.compile("^Нашёл"))).to_be_visible()
    expect(answer.region).not_to_contain_text("Вывеска висит месяц")
    answer.region.get_by_role("button", name=re.compile("Статья 3. Сколько висит вывеска")).click()
    expect(panel(page)).to_contain_text(QUOTED)
    expect(answer.region).to_have_attribute("aria-busy", "true")
    talk.press(STOP)
    answer.ends()


def test_a_summary_says_that_it_is_one(serve_law_of_none: ServerProcess, open_page: Open) -> None:
    page = open_page(serve_law_of_none)
    answer = ask(page, "Купил телефон, он сломался. Можно вернуть деньги?")
    expect(answer).to_contain_text("Это краткий пересказ. Официальный текст этих норм на сервер не загружен")
    source = answer.get_by_role("button", name=re.compile("краткий пересказ")).first
    source.click()
    expect(panel(page)).to_contain_text("Пересказ, не текст закона.")
    page.keyboard.press("Escape")
    answer.get_by_role("button", name=re.compile("пересказ, а не текст закона")).first.click()
    expect(panel(page)).to_contain_text("Пересказ, а не текст закона. Официального текста здесь нет")


@pytest.fixture(scope="module")
def serve_law_of_none(serve_once: Serve) -> ServerProcess:
    """No act is loaded, and no model: answers come of the everyday guide."""
    return serve_once("", env={"ADVAKOD_ENGINE": "extractive"})


def test_an_old_edition_is_warned_of(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page, OLD_QUESTION)
    expect(answer).to_contain_text(f"Показаны старые редакции: {LIBRARIES_NAME} — от {OLD_DAY}.")
    answer.get_by_role("button", name=re.compile("^Источник 1:")).click()
    expect(panel(page)).to_contain_text(f"Редакция от {OLD_DAY}. Ей больше 90 дней: проверьте, не изменился ли закон.")
