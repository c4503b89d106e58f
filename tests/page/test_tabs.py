"""Two tabs, a hidden tab, another device: all see one and the same answer."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from advakod.accounts import Role, new_key
from tests.page.conftest import PHONE, Open, Serve
from tests.page.talk import FROM_AFAR, STOP, Talk, facts, is_stream, runs, script, words
from tests.support.browser import Console
from tests.support.pen import Pen
from tests.support.server import ServerProcess

WORDS = words(90)
HIDDEN = 5.0  # seconds that a hidden tab keeps its stream


class Clock:
    """That of a page, opened anew under it: it stands still and passes as the test says, not as the machine does."""

    def __init__(self, page: Page) -> None:
        self._clock = page.clock
        self._clock.install()
        page.reload()
        self._page = page

    def stop(self) -> None:
        self._clock.pause_at(self._page.evaluate("Date.now()") / 1000 + 1)

    def pass_(self, seconds: float) -> None:
        """Whatever is due meanwhile is done."""
        self._clock.run_for(round(seconds * 1000))

    def go_on(self) -> None:
        self._clock.resume()


@pytest.fixture(scope="module")
def server(dictated: Serve) -> ServerProcess:
    return dictated(script(90))


def test_two_tabs_see_the_same(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    one = Talk(open_page(server))
    answer = one.ask("Видно ли в двух вкладках?")
    pen.to(4)
    answer.reaches(3)
    other = Talk(open_page(server, one.page.url.removeprefix(server.url), beside=one.page))
    same = other.answer("Видно ли в двух вкладках?")
    same.reaches(3)
    pen.to(21)
    same.reaches(20)
    answer.reaches(20)
    pen.finish()
    answer.is_exactly(WORDS)
    same.is_exactly(WORDS)
    assert len(runs(one.page.context, server, "Видно ли в двух вкладках?")) == 1


def test_what_one_tab_asks_and_stops_the_other_sees(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    pen.to(10)
    one = Talk(open_page(server))
    first = one.ask("Что спросили здесь?")
    first.reaches(9)
    other = Talk(open_page(server, one.page.url.removeprefix(server.url), beside=one.page))
    other.answer("Что спросили здесь?").reaches(9)
    other.press(STOP)
    first.ends()
    second = other.ask("Что спросили там?")
    one.answer("Что спросили там?").reaches(9)
    one.press(STOP)
    second.ends()
    assert second.words() == one.answer("Что спросили там?").words() == words(10)


def test_a_hidden_tab_lets_its_stream_go_and_catches_up(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    talk = Talk(open_page(server))
    clock = Clock(talk.page)
    answer = talk.ask("Что будет в скрытой вкладке?")
    pen.to(4)
    answer.reaches(3)
    clock.stop()
    with talk.page.expect_event("requestfailed", is_stream):
        talk.show(seen=False)
        clock.pass_(HIDDEN + 0.1)
    clock.go_on()
    run = runs(talk.page.context, server, "Что будет в скрытой вкладке?")[0]
    assert run["status"] == "in_progress"  # nobody looks at it, and it goes on
    pen.to(30)
    with talk.page.expect_request(is_stream) as caught_up:
        talk.show(seen=True)
    assert "starting_after=0" not in caught_up.value.url
    answer.reaches(29)
    pen.finish()
    answer.is_exactly(WORDS)


def test_a_glance_aside_keeps_the_stream(server: ServerProcess, pen: Pen, open_page: Open) -> None:
    talk = Talk(open_page(server))
    clock = Clock(talk.page)
    answer = talk.ask("Взгляд в сторону?")
    pen.to(4)
    answer.reaches(3)
    streams, lost = talk.streams(), talk.lost_streams()
    clock.stop()
    talk.show(seen=False)
    clock.pass_(HIDDEN - 0.1)
    talk.show(seen=True)
    clock.pass_(HIDDEN)
    clock.go_on()
    pen.to(21)
    answer.reaches(20)
    assert streams == lost == []
    talk.press(STOP)
    answer.ends()


def test_another_device_of_the_same_person(dictated: Serve, pen: Pen, open_page: Open, console: Console) -> None:
    console.outage = True  # the browser logs the 404 of the stranger
    (anna, entry), (boris, another) = new_key("anna", Role.USER), new_key("boris", Role.USER)
    server = dictated(script(90), env={"ADVAKOD_API_KEYS": f"{entry},{another}"})
    laptop = Talk(open_page(server, extra_http_headers=FROM_AFAR))
    phone = Talk(open_page(server, viewport=PHONE, extra_http_headers=FROM_AFAR))
    laptop.sign_in(anna)
    pen.to(10)
    answer = laptop.ask("Видно ли в телефоне?")
    answer.reaches(3)
    path = laptop.page.url.removeprefix(server.url)
    phone.page.goto(laptop.page.url)
    phone.sign_in(anna)
    same = phone.answer("Видно ли в телефоне?")
    same.reaches(9)
    stranger = Talk(open_page(server, path, extra_http_headers=FROM_AFAR))
    stranger.sign_in(boris)
    expect(stranger.page.get_by_text("Беседа удалена или принадлежит другому ключу.")).to_be_visible()
    pen.finish()
    answer.is_exactly(WORDS)
    same.is_exactly(WORDS)
    assert facts(phone.page.context, server, "/api/v1/session")["name"] == "anna"
