"""Whatever happens to the page or to the server, the answer goes on where it was."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Open, Serve
from tests.page.talk import Talk, runs, script, words
from tests.support.browser import Console
from tests.support.pen import Pen
from tests.support.server import ServerProcess

WORDS = words(48)


@pytest.fixture(scope="module")
def server(dictated: Serve) -> ServerProcess:
    return dictated(script(48), env={"ADVAKOD_HEARTBEAT": "0.6"})


def test_a_reload_in_the_middle(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    talk = Talk(open_page(server))
    answer = talk.ask("Перезагрузка?")
    pen.to(6)
    answer.reaches(5)
    talk.page.reload()
    answer.reaches(5)
    pen.finish()
    answer.is_exactly(WORDS)
    assert len(runs(talk.page.context, server, "Перезагрузка?")) == 1


def test_a_reload_as_soon_as_it_is_asked(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    talk = Talk(open_page(server))
    with talk.page.expect_request(lambda request: request.method == "POST"):
        answer = talk.ask("Сразу перезагрузка?")
    talk.page.reload()
    pen.finish()
    answer.is_exactly(WORDS)
    assert len(runs(talk.page.context, server, "Сразу перезагрузка?")) == 1


def test_closed_and_opened_again(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    page = open_page(server)
    answer = Talk(page).ask("Закрою и открою?")
    pen.to(4)
    answer.reaches(3)
    address = page.url.removeprefix(server.url)
    keeper = open_page(server, "/law", beside=page)
    page.close()
    again = Talk(open_page(server, address, beside=keeper)).answer("Закрою и открою?")
    again.reaches(3)
    pen.finish()
    again.is_exactly(WORDS)


def test_back_out_of_the_laws(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    talk = Talk(open_page(server))
    answer = talk.ask("Схожу к законам?")
    pen.to(4)
    answer.reaches(3)
    talk.page.get_by_role("link", name="Законы", exact=True).click()
    expect(talk.page.get_by_role("heading", level=1, name="Законы", exact=True)).to_be_visible()
    pen.to(20)
    talk.page.go_back()
    answer.reaches(19)
    pen.finish()
    answer.is_exactly(WORDS)


def test_the_server_is_killed_and_started_again(
    server: ServerProcess, pen: Pen, open_page: Open, console: Console
) -> None:
    console.outage = True
    talk = Talk(open_page(server))
    answer = talk.ask("Упадёт ли сервер?")
    pen.to(6)
    answer.reaches(5)
    server.kill9()
    expect(talk.reconnecting).to_be_visible()
    answer.reaches(5)
    server.start()
    expect(talk.reconnecting).to_be_hidden()
    pen.finish()
    answer.is_exactly(WORDS)
    assert len(runs(talk.page.context, server, "Упадёт ли сервер?")) == 1


def test_the_server_is_stopped_and_started_again(
    server: ServerProcess, pen: Pen, open_page: Open, console: Console
) -> None:
    console.outage = True
    answer = Talk(open_page(server)).ask("Обновят ли сервер?")
    pen.to(6)
    answer.reaches(5)
    server.stop()
    server.start()
    pen.finish()
    answer.is_exactly(WORDS)
