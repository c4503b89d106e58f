"""A person asks, watches the answer come, and does with it what a person does."""

from __future__ import annotations

import re
import sqlite3

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open, Serve
from tests.page.talk import AGAIN, CONTINUE, STOP, Talk, begin, runs, script, wait_for_end, words
from tests.support.fake_openai import FakeOpenAI
from tests.support.pen import Pen
from tests.support.server import ServerProcess

READING = re.compile(r"\d+ из 900 токенов")
SEEN = """region => {
    const seen = [];
    const look = () => {
        const now = region.querySelector('progress')?.parentElement.innerText;
        if (now && seen.at(-1) !== now) seen.push(now);
    };
    new MutationObserver(look).observe(region, {subtree: true, childList: true, characterData: true});
    look();
    region.ownerDocument.defaultView.seen = seen;
}"""


@pytest.fixture(scope="module")
def quick(serve_once: Serve) -> ServerProcess:
    """Writes at full speed."""
    return serve_once(
        "## Что делать\n\nПишите **претензию**:\n\n- продавцу;\n- изготовителю.\n\n"
        "| Срок | Норма |\n|---|---|\n| 10 дней | дважды |\n\n> Дословно.\n"
    )


def test_the_answer_is_watched_from_the_queue_to_the_end(
    writer: FakeOpenAI, dictated: Serve, pen: Pen, open_page: Open
) -> None:
    writer.behaviour.prompt_tokens = 900
    server = dictated(script(50), env={"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_HEARTBEAT": "0.6"})
    first, second = Talk(open_page(server)), Talk(open_page(server))
    expect(first.ask("Первый вопрос?").region).to_contain_text(READING)
    answer = second.ask("Второй вопрос?")
    expect(answer.region).to_contain_text("В очереди 1-й")
    expect(answer.region).to_have_attribute("aria-busy", "true")
    answer.region.evaluate(SEEN)
    first.press(STOP)
    expect(answer.region).to_contain_text(READING)
    pen.to(10)
    answer.reaches(9)
    expect(answer.region).to_contain_text(re.compile(r"прошло [1-9]\d*\sс"))
    pen.finish()
    answer.is_exactly(words(50))
    seen = second.page.evaluate("seen.join('\\n')")
    stages = ["В очереди 1-й", READING.pattern, "Пишу ответ"]
    assert re.search("(.|\n)*".join(stages), seen), seen
    expect(answer.region.get_by_role("progressbar")).to_have_count(0)


def test_it_says_how_long_such_answers_take(dictated: Serve, pen: Pen, open_page: Open) -> None:
    server = dictated(script(50))
    talk = Talk(open_page(server))
    context = talk.page.context
    pen.finish()
    for number in range(3):
        wait_for_end(context, server, begin(context, server, f"Вопрос {number}?"))
    server.stop()
    with sqlite3.connect(server.folder / "var" / "advakod.db") as database:
        database.execute("UPDATE run SET started_at = finished_at - 40")
    database.close()
    server.start()
    pen.to(1)
    expect(talk.ask("Сколько ждать?").region).to_contain_text("всего около 40 с")


def test_markdown_is_drawn(quick: ServerProcess, open_page: Open) -> None:
    answer = Talk(open_page(quick)).ask("Как вернуть деньги?")
    answer.ends()
    region = answer.region
    expect(region.get_by_role("heading", name="Что делать")).to_be_visible()
    expect(region.get_by_role("strong").filter(has_text="претензию")).to_be_visible()
    expect(region.get_by_role("listitem")).to_have_text(["продавцу;", "изготовителю."])
    expect(region.get_by_role("columnheader")).to_have_text(["Срок", "Норма"])
    expect(region.get_by_role("cell")).to_have_text(["10 дней", "дважды"])
    expect(region.get_by_role("blockquote")).to_have_text("Дословно.")
    expect(region).not_to_contain_text("**")


def test_stopping_keeps_the_words_and_continuing_goes_on_with_them(dictated: Serve, pen: Pen, open_page: Open) -> None:
    server = dictated(script(50))
    talk = Talk(open_page(server))
    answer = talk.ask("Что положено при увольнении?")
    pen.to(20)
    answer.reaches(19)
    talk.press(STOP)
    answer.ends()
    expect(answer.region).to_contain_text("Ответ остановлен.")
    assert answer.words() == words(20)
    assert talk.page.get_by_role("button", name=STOP, exact=True).count() == 0
    pen.to(30)
    answer.button(CONTINUE).click()
    answer.reaches(29)
    pen.finish()
    answer.is_exactly(words(50))
    expect(answer.button(CONTINUE)).to_have_count(0)


def test_asking_again_makes_another_answer_to_choose_from(quick: ServerProcess, open_page: Open) -> None:
    talk = Talk(open_page(quick))
    answer = talk.ask("Можно ли сдать билет?")
    answer.button(AGAIN).click()
    variants = answer.region.get_by_role("group", name="Варианты ответа", exact=True)
    expect(variants).to_contain_text("2 из 2")
    answer.ends()
    variants.get_by_role("button", name="Предыдущий вариант", exact=True).click()
    expect(variants).to_contain_text("1 из 2")
    expect(answer.region.get_by_role("heading", name="Что делать")).to_be_visible()
    assert len(runs(talk.page.context, quick, "Можно ли сдать билет?")) == 2
    talk.page.reload()
    expect(variants).to_contain_text("1 из 2")  # what was chosen stays


def test_an_edited_question_stands_beside_the_old_one(quick: ServerProcess, open_page: Open) -> None:
    talk = Talk(open_page(quick))
    talk.ask("Сосед шумит?").ends()
    talk.press("Изменить вопрос")
    talk.page.get_by_role("textbox", name="Изменить вопрос").fill("Сосед шумит ночью?")
    talk.press("Спросить так")
    talk.answer("Сосед шумит ночью?").ends()
    variants = talk.page.get_by_role("group", name="Варианты вопроса", exact=True)
    expect(variants).to_contain_text("2 из 2")
    expect(talk.answer("Сосед шумит?").region).to_have_count(0)
    variants.get_by_role("button", name="Предыдущий вариант", exact=True).click()
    expect(talk.answer("Сосед шумит?").region).to_be_visible()
    expect(talk.answer("Сосед шумит ночью?").region).to_have_count(0)
    variants.get_by_role("button", name="Следующий вариант", exact=True).click()
    expect(talk.answer("Сосед шумит ночью?").region).to_be_visible()


def test_an_example_is_asked_and_a_suggestion_follows_it_up(serve: Serve, open_page: Open) -> None:
    page = open_page(serve())  # the extractive engine, over the guide
    ask_listed(page, "С чего начать")
    ask_listed(page, "Что ещё спросить")


def ask_listed(page: Page, title: str) -> None:
    listed = page.get_by_role("list").filter(has=page.get_by_role("button")).last
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    button = listed.get_by_role("button").first
    question = button.inner_text()
    button.click()
    answer = Talk(page).answer(question)
    answer.ends()
    expect(answer.region.get_by_role("heading", name="Источники")).to_be_visible()
