"""Who needs a key signs in, and nothing is lost when the session ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from advakod.accounts import Role, new_key
from tests.page.conftest import Between, Open, Serve
from tests.page.talk import FROM_AFAR, STOP, Talk, runs, script, words
from tests.support.browser import Console
from tests.support.pen import Pen
from tests.support.server import ServerProcess

WORDS = words(60)
SECRET, ENTRY = new_key("anna", Role.USER)


@pytest.fixture(scope="module")
def server(dictated: Serve) -> ServerProcess:
    return dictated(script(60), env={"ADVAKOD_API_KEYS": ENTRY})


@pytest.fixture(autouse=True)
def _refusals(console: Console) -> None:
    console.outage = True  # the browser logs each 401


@pytest.fixture
def signed_in(open_page: Open) -> Callable[..., Talk]:
    def open_(*where: object) -> Talk:
        talk = Talk(open_page(*where, extra_http_headers=FROM_AFAR))
        talk.sign_in(SECRET)
        expect(talk.box).to_be_visible()
        return talk

    return open_


def test_a_wrong_key_and_the_right_one(server: ServerProcess, open_page: Open) -> None:
    talk = Talk(open_page(server, extra_http_headers=FROM_AFAR))
    expect(talk.page.get_by_role("heading", name="Вход")).to_be_visible()
    talk.sign_in("adv_nobody")
    expect(talk.page.get_by_role("alert")).to_be_visible()
    expect(talk.page.get_by_label("Ключ доступа")).to_have_attribute("aria-invalid", "true")
    talk.sign_in(SECRET)
    expect(talk.box).to_be_visible()
    talk.page.reload()
    expect(talk.box).to_be_visible()
    assert SECRET not in talk.page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")


def test_signing_out(server: ServerProcess, open_page: Open, signed_in: Callable[..., Talk]) -> None:
    talk = signed_in(server)
    talk.press("Ещё")
    expect(talk.page.get_by_text("Вход по ключу «anna»")).to_be_visible()
    talk.press("Выйти")
    expect(talk.page.get_by_role("heading", name="Вход")).to_be_visible()
    talk.page.reload()
    expect(talk.page.get_by_role("heading", name="Вход")).to_be_visible()
    assert talk.page.context.request.get(f"{server.url}/api/v1/conversations").status == 401


def test_a_question_asked_after_the_session_ended_is_asked_after_signing_in(
    server: ServerProcess, pen: Pen, signed_in: Callable[..., Talk]
) -> None:
    pen.to(2)
    talk = signed_in(server)
    talk.page.wait_for_load_state("networkidle")  # else it may learn of the end before the question is asked
    talk.box.fill("Пропадёт ли вопрос?")
    talk.page.context.clear_cookies()
    talk.press("Спросить")
    expect(talk.page.get_by_role("heading", name="Вход")).to_be_visible()
    talk.sign_in(SECRET)
    answer = talk.answer("Пропадёт ли вопрос?")
    answer.reaches(1)
    talk.press(STOP)
    answer.ends()
    assert len(runs(talk.page.context, server, "Пропадёт ли вопрос?")) == 1


def test_an_answer_goes_on_after_signing_in_again(
    server: ServerProcess, pen: Pen, between: Between, signed_in: Callable[..., Talk]
) -> None:
    pen.to(4)
    hop = between(server)
    talk = signed_in(hop)
    answer = talk.ask("Пропадёт ли ответ?")
    answer.reaches(3)
    talk.page.context.clear_cookies()
    hop.cut()
    expect(talk.page.get_by_role("heading", name="Вход")).to_be_visible()
    talk.sign_in(SECRET)
    pen.finish()
    answer.is_exactly(WORDS)
