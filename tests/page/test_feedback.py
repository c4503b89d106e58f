"""What readers think of an answer: said in two clicks, changed, taken back, and read by the administrator."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Open, Serve
from tests.page.talk import Answer, Talk, facts, runs
from tests.support.server import ServerProcess

UP, DOWN = "Помогло", "Не помогло"


@pytest.fixture(scope="module")
def server(serve_once: Serve) -> ServerProcess:
    return serve_once("Ответ на вопрос в двух словах.")


def ask(page: Page, question: str) -> Answer:
    answer = Talk(page).ask(question)
    answer.ends()
    return answer


def form(answer: Answer, name: str) -> Locator:
    return answer.region.get_by_role("form", name=name)


def stored(page: Page, server: ServerProcess, question: str) -> dict[str, object]:
    [run] = runs(page.context, server, question)
    return dict(facts(page.context, server, f"/api/v1/responses/{run['id']}")["feedback"] or {})


def test_a_thumb_up_is_one_click_and_may_get_words(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page, "Можно ли похвалить?")
    answer.button(UP).click()
    expect(answer.region).to_contain_text("Вы отметили, что ответ помог.")
    expect(answer.button(UP)).to_have_attribute("aria-pressed", "true")
    answer.button("Добавить слово").click()
    words = form(answer, "Что помогло").get_by_role("textbox", name="Что помогло")
    expect(words).to_be_focused()
    words.fill("Коротко и ясно.")
    form(answer, "Что помогло").get_by_role("button", name="Отправить", exact=True).click()
    expect(form(answer, "Что помогло")).to_have_count(0)
    expect(answer.button("Изменить")).to_be_visible()
    given = stored(page, server, "Можно ли похвалить?")
    assert (given["rating"], given["comment"]) == ("up", "Коротко и ясно.")


def test_a_thumb_down_tells_why_and_is_kept(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page, "Можно ли поругать?")
    answer.button(DOWN).click()
    shown = form(answer, "Что не так")
    expect(shown).to_contain_text("Администратор увидит вопрос, ответ и этот отзыв.")
    shown.get_by_role("radio", name="Устаревшая норма", exact=True).check()
    shown.get_by_role("textbox", name="Своими словами").fill("Закон изменили в мае.")
    shown.get_by_role("button", name="Отправить", exact=True).click()
    expect(answer.region).to_contain_text("Вы отметили, что ответ не помог.")
    expect(answer.button(DOWN)).to_be_focused()
    page.reload()
    expect(answer.button(DOWN)).to_have_attribute("aria-pressed", "true")
    answer.region.get_by_role("button", name="Изменить", exact=True).click()
    expect(shown.get_by_role("radio", name="Устаревшая норма", exact=True)).to_be_checked()
    expect(shown.get_by_role("textbox", name="Своими словами")).to_have_value("Закон изменили в мае.")
    shown.get_by_role("radio", name="Не тот закон", exact=True).check()
    shown.get_by_role("button", name="Отправить", exact=True).click()
    expect(shown).to_have_count(0)
    given = stored(page, server, "Можно ли поругать?")
    assert (given["rating"], given["reason"], given["comment"]) == ("down", "wrong_law", "Закон изменили в мае.")


def test_a_rating_is_taken_back(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page, "Можно ли передумать?")
    answer.button(UP).click()
    answer.button("Отозвать").click()
    expect(answer.button(UP)).to_have_attribute("aria-pressed", "false")
    expect(answer.button("Отозвать")).to_have_count(0)
    assert stored(page, server, "Можно ли передумать?") == {}


def test_escape_leaves_the_form_and_sends_nothing(server: ServerProcess, open_page: Open) -> None:
    page = open_page(server)
    answer = ask(page, "Можно ли промолчать?")
    answer.button(DOWN).click()
    form(answer, "Что не так").get_by_role("textbox").fill("Не скажу")
    page.keyboard.press("Escape")
    expect(form(answer, "Что не так")).to_have_count(0)
    expect(answer.button(DOWN)).to_be_focused()
    assert stored(page, server, "Можно ли промолчать?") == {}


def test_the_administrator_reads_it(serve_once: Serve, open_page: Open) -> None:
    server = serve_once("Ответ на вопрос в двух словах.")
    page = open_page(server)
    answer = ask(page, "Что увидит администратор?")
    answer.button(DOWN).click()
    form(answer, "Что не так").get_by_role("radio", name="Ошибка в ответе", exact=True).check()
    form(answer, "Что не так").get_by_role("textbox").fill("Слов в ответе больше двух.")
    form(answer, "Что не так").get_by_role("button", name="Отправить", exact=True).click()
    expect(answer.button("Отозвать")).to_be_visible()
    page.goto(f"{server.url}/admin")
    opinions = page.get_by_role("region", name="Отзывы", exact=True)
    expect(opinions.get_by_role("radio", name="Не помогли (1)", exact=True)).to_be_visible()
    [listed] = opinions.get_by_role("listitem").all()
    for words in ("Не помог", "Ошибка в ответе", "Что увидит администратор?", "Слов в ответе больше двух."):
        expect(listed).to_contain_text(words)
    listed.get_by_text("Ответ: Что увидит администратор?").click()
    expect(listed).to_contain_text("Ответ на вопрос в двух словах.")
    opinions.get_by_role("radio", name="Помогли (0)", exact=True).check()
    expect(opinions).to_contain_text("Таких отзывов нет.")
