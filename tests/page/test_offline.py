"""A question asked without a network is kept and asked once; an answer goes on when the network is back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.page.conftest import Between, Open, Serve
from tests.page.talk import STOP, WAITS_FOR_NETWORK, Talk, runs, script, words
from tests.support.browser import Console
from tests.support.pen import Pen
from tests.support.server import ServerProcess

WORDS = words(60)
STYLES = "[...document.styleSheets].map(({href}) => href).filter(Boolean).sort()"


@pytest.fixture(scope="module")
def server(dictated: Serve) -> ServerProcess:
    return dictated(script(60), env={"ADVAKOD_HEARTBEAT": "0.6"})


@pytest.fixture(autouse=True)
def _faults(console: Console) -> None:
    console.outage = True


def test_a_question_waits_for_the_network_and_is_asked_once(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    talk = Talk(open_page(server))
    context = talk.page.context
    talk.lose_network()
    expect(talk.page.get_by_text("Сети нет. Вопрос сохранится и уйдёт, когда она появится.")).to_be_visible()
    answer = talk.ask("Уйдёт ли вопрос?")
    expect(talk.page.get_by_text(WAITS_FOR_NETWORK)).to_be_visible()
    assert runs(context, server, "Уйдёт ли вопрос?") == []
    pen.finish()
    context.set_offline(False)
    answer.is_exactly(WORDS)
    expect(talk.page.get_by_text(WAITS_FOR_NETWORK)).to_be_hidden()
    assert len(runs(context, server, "Уйдёт ли вопрос?")) == 1


def test_it_outlives_the_tab_that_it_was_asked_in(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    pen.to(5)
    talk = Talk(open_page(server))
    context = talk.page.context
    talk.lose_network()
    talk.ask("Переживёт ли вкладку?")
    expect(talk.page.get_by_text(WAITS_FOR_NETWORK)).to_be_visible()
    talk.page.close()
    context.set_offline(False)
    assert runs(context, server, "Переживёт ли вкладку?") == []
    again = Talk(context.new_page())
    again.page.goto(f"{server.url}/chat")
    again.page.get_by_role("link", name="Переживёт ли вкладку?").click()
    answer = again.answer("Переживёт ли вкладку?")
    answer.reaches(0)
    again.press(STOP)
    answer.ends()
    assert len(runs(context, server, "Переживёт ли вкладку?")) == 1


def test_it_outlives_a_reload(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    """Of a network that lets files through and no question."""
    pen.to(5)
    talk = Talk(open_page(server))
    talk.page.route("**/v1/responses", lambda route: route.abort())
    talk.ask("Переживёт ли перезагрузку?")
    expect(talk.page.get_by_text(WAITS_FOR_NETWORK)).to_be_visible()
    talk.page.reload()
    expect(talk.page.get_by_text(WAITS_FOR_NETWORK)).to_be_visible()
    expect(talk.page.get_by_role("heading", name="Переживёт ли перезагрузку?", level=2)).to_be_visible()
    talk.page.unroute("**/v1/responses")
    answer = talk.answer("Переживёт ли перезагрузку?")
    answer.reaches(0)
    talk.press(STOP)
    answer.ends()
    assert len(runs(talk.page.context, server, "Переживёт ли перезагрузку?")) == 1


def test_two_tabs_with_one_question_ask_it_once(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    pen.to(5)
    talk = Talk(open_page(server))
    open_page(server, beside=talk.page)
    open_page(server, "/law", beside=talk.page)
    context = talk.page.context
    talk.lose_network()
    talk.ask("Сколько раз спросят?")
    expect(talk.page.get_by_text(WAITS_FOR_NETWORK)).to_be_visible()
    context.set_offline(False)
    answer = talk.answer("Сколько раз спросят?")
    answer.reaches(2)
    talk.press(STOP)
    answer.ends()
    assert len(runs(context, server, "Сколько раз спросят?")) == 1


def test_a_lost_reply_is_no_second_question(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    """The server takes the question, and the network loses its word for it."""
    pen.to(5)
    talk = Talk(open_page(server))
    lost: list[str] = []

    def lose(route: Route) -> None:
        route.fetch()
        lost.append(route.request.headers["idempotency-key"])
        route.abort()

    talk.page.route("**/v1/responses", lose, times=1)
    answer = talk.ask("Потеряется ли ответ сервера?")
    answer.reaches(2)
    talk.press(STOP)
    answer.ends()
    assert len(lost) == 1
    assert len(runs(talk.page.context, server, "Потеряется ли ответ сервера?")) == 1


def test_a_question_can_be_taken_back(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    pen.to(5)
    talk = Talk(open_page(server))
    talk.lose_network()
    talk.ask("Передумаю ли?")
    talk.press("Вернуть вопрос в поле")
    expect(talk.box).to_have_value("Передумаю ли?")
    talk.page.context.set_offline(False)
    talk.ask("Другой вопрос?").reaches(0)
    talk.press(STOP)
    assert runs(talk.page.context, server, "Передумаю ли?") == []


def test_an_answer_goes_on_when_the_network_is_back(
    server: ServerProcess, pen: Pen, between: Between, open_page: Open
) -> None:
    hop = between(server)
    talk = Talk(open_page(hop))
    answer = talk.ask("Вернётся ли сеть?")
    pen.to(6)
    answer.reaches(5)
    talk.page.context.set_offline(True)  # Chromium leaves open streams alone
    hop.refuse()
    expect(talk.reconnecting).to_be_visible()
    hop.mend()
    expect(talk.reconnecting).to_be_visible()
    talk.page.context.set_offline(False)
    expect(talk.reconnecting).to_be_hidden()
    pen.finish()
    answer.is_exactly(WORDS)


def test_a_stop_pressed_without_a_network_stops_when_it_is_back(
    server: ServerProcess, pen: Pen, between: Between, open_page: Open
) -> None:
    hop = between(server)
    talk = Talk(open_page(hop))
    answer = talk.ask("Остановится ли?")
    pen.to(5)
    answer.reaches(1)
    hop.refuse()
    talk.press(STOP)
    expect(talk.page.get_by_role("button", name="Останавливаю…", exact=True)).to_be_visible()
    hop.mend()
    answer.ends()
    run = runs(talk.page.context, server, "Остановится ли?")[0]
    assert run["status"] == "cancelled"


def test_a_part_of_the_page_that_did_not_come_comes_with_the_network(
    server: ServerProcess, pen: Pen, open_page: Open
) -> None:
    pen.finish()
    whole = Talk(open_page(server))
    answer = whole.ask("Есть ли все части?")
    answer.ends()
    expect(answer.button("Помогло")).to_be_visible()  # the last part to come
    looks = whole.page.evaluate(STYLES)
    talk = Talk(open_page(server, "/law"))
    talk.page.wait_for_load_state("networkidle")
    talk.page.context.route("**/assets/*", lambda route: route.abort())
    talk.page.get_by_role("link", name="Вопросы", exact=True).click()
    talk.page.context.set_offline(True)
    answer = talk.ask("Придут ли части?")
    expect(talk.page.get_by_text("Эта часть страницы не загрузилась.").first).to_be_visible()
    talk.page.context.unroute_all()
    talk.page.context.set_offline(False)
    answer.ends()
    talk.page.wait_for_function(f"looks => looks.every((href) => {STYLES}.includes(href))", arg=looks)
