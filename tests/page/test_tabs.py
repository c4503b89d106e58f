"""Two tabs, a hidden tab, another device: all see one and the same answer."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from advakod.accounts import Role, new_key
from tests.page.conftest import PHONE, Open, Serve
from tests.page.talk import FROM_AFAR, STOP, Talk, facts, is_stream, runs, script, words
from tests.support.browser import Console
from tests.support.server import ServerProcess

WORDS = words(90)


@pytest.fixture(scope="module")
def server(serve_once: Serve) -> ServerProcess:
    return serve_once(script(90), tokens_per_second=10)


def test_two_tabs_see_the_same(server: ServerProcess, open_page: Open) -> None:
    one = Talk(open_page(server))
    answer = one.ask("Видно ли в двух вкладках?")
    answer.reaches(3)
    other = Talk(open_page(server, one.page.url.removeprefix(server.url), beside=one.page))
    same = other.answer("Видно ли в двух вкладках?")
    same.reaches(20)
    answer.is_exactly(WORDS)
    same.is_exactly(WORDS)
    assert len(runs(one.page.context, server, "Видно ли в двух вкладках?")) == 1


def test_what_one_tab_asks_and_stops_the_other_sees(server: ServerProcess, open_page: Open) -> None:
    one = Talk(open_page(server))
    first = one.ask("Что спросили здесь?")
    first.reaches(0)
    other = Talk(open_page(server, one.page.url.removeprefix(server.url), beside=one.page))
    other.answer("Что спросили здесь?").reaches(0)
    other.press(STOP)
    first.ends()
    second = other.ask("Что спросили там?")
    one.answer("Что спросили там?").reaches(1)
    one.press(STOP)
    second.ends()
    assert second.words() == one.answer("Что спросили там?").words()


def test_a_hidden_tab_lets_its_stream_go_and_catches_up(server: ServerProcess, open_page: Open) -> None:
    talk = Talk(open_page(server))
    answer = talk.ask("Что будет в скрытой вкладке?")
    answer.reaches(3)
    with talk.page.expect_event("requestfailed", is_stream):
        talk.show(seen=False)
    run = runs(talk.page.context, server, "Что будет в скрытой вкладке?")[0]
    assert run["status"] == "in_progress"  # nobody looks at it, and it goes on
    kept = answer.words()
    with talk.page.expect_request(is_stream) as caught_up:
        talk.show(seen=True)
    assert "starting_after=0" not in caught_up.value.url
    answer.reaches(len(kept))
    answer.is_exactly(WORDS)


def test_a_glance_aside_keeps_the_stream(server: ServerProcess, open_page: Open) -> None:
    talk = Talk(open_page(server))
    answer = talk.ask("Взгляд в сторону?")
    answer.reaches(3)
    streams = talk.streams()
    talk.show(seen=False)
    answer.reaches(10)
    talk.show(seen=True)
    answer.reaches(20)
    assert streams == []
    talk.press(STOP)
    answer.ends()


def test_another_device_of_the_same_person(serve: Serve, open_page: Open, console: Console) -> None:
    console.outage = True  # the browser logs the 404 of the stranger
    (anna, entry), (boris, another) = new_key("anna", Role.USER), new_key("boris", Role.USER)
    server = serve(script(90), tokens_per_second=10, env={"ADVAKOD_API_KEYS": f"{entry},{another}"})
    laptop = Talk(open_page(server, extra_http_headers=FROM_AFAR))
    phone = Talk(open_page(server, viewport=PHONE, extra_http_headers=FROM_AFAR))
    laptop.sign_in(anna)
    answer = laptop.ask("Видно ли в телефоне?")
    answer.reaches(3)
    path = laptop.page.url.removeprefix(server.url)
    phone.page.goto(laptop.page.url)
    phone.sign_in(anna)
    same = phone.answer("Видно ли в телефоне?")
    same.reaches(5)
    stranger = Talk(open_page(server, path, extra_http_headers=FROM_AFAR))
    stranger.sign_in(boris)
    expect(stranger.page.get_by_text("Беседа удалена или принадлежит другому ключу.")).to_be_visible()
    answer.is_exactly(WORDS)
    same.is_exactly(WORDS)
    assert facts(phone.page.context, server, "/api/v1/session")["name"] == "anna"
