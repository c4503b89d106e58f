"""Whatever happens on the way between the page and the server, the answer goes on where it was."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Between, Open, Serve
from tests.page.talk import Talk, is_stream, runs, script, wait_for_end, words
from tests.support.browser import Console
from tests.support.pen import Pen
from tests.support.server import ServerProcess

WORDS = words(48)
HEARTBEAT = {"ADVAKOD_HEARTBEAT": "0.6"}  # the page gives a silent connection up after 1.5 s


@pytest.fixture(scope="module")
def server(dictated: Serve) -> ServerProcess:
    return dictated(script(48), env=HEARTBEAT)


def test_a_connection_cut_again_and_again(
    server: ServerProcess, pen: Pen, between: Between, open_page: Open, console: Console
) -> None:
    console.outage = True
    hop = between(server)
    answer = Talk(open_page(hop)).ask("Рвётся ли связь?")
    for word in (3, 12, 24, 36):
        pen.to(word + 1)
        answer.reaches(word)
        hop.cut()
    pen.finish()
    answer.is_exactly(WORDS)


def test_a_refused_connection(
    server: ServerProcess, pen: Pen, between: Between, open_page: Open, console: Console
) -> None:
    console.outage = True
    hop = between(server)
    talk = Talk(open_page(hop))
    answer = talk.ask("Откажет ли сеть?")
    pen.to(6)
    answer.reaches(5)
    hop.refuse()
    expect(talk.reconnecting).to_be_visible()
    expect(answer.region).to_have_attribute("aria-busy", "true")
    answer.reaches(5)
    pen.to(20)
    hop.mend()
    expect(talk.reconnecting).to_be_hidden()
    answer.reaches(19)
    pen.finish()
    answer.is_exactly(WORDS)


def test_a_dead_silent_connection_is_known_by_the_heartbeat(
    server: ServerProcess, pen: Pen, between: Between, open_page: Open, console: Console
) -> None:
    console.outage = True
    hop = between(server)
    talk = Talk(open_page(hop))
    answer = talk.ask("Молчит ли сеть?")
    pen.to(6)
    answer.reaches(5)
    with talk.page.expect_event("requestfailed", is_stream):
        hop.swallow()
    expect(talk.reconnecting).to_be_visible()
    hop.mend()
    expect(talk.reconnecting).to_be_hidden()
    pen.finish()
    answer.is_exactly(WORDS)


def test_a_quiet_engine_is_no_dead_connection(serve: Serve, open_page: Open) -> None:
    """The heartbeat is heard through a silence that is longer than what a dead connection is given."""
    pause = {"at": 5, "kind": "silence", "seconds": 5.5}
    server = serve(script(20), faults=[pause], env={"ADVAKOD_HEARTBEAT": "2"})  # dead after 5 s
    talk = Talk(open_page(server))
    streams = talk.streams()
    talk.ask("Молчит ли модель?").is_exactly(words(20))
    assert len(streams) == 1


def test_an_answer_that_ended_during_the_outage(
    server: ServerProcess, pen: Pen, between: Between, open_page: Open, console: Console
) -> None:
    console.outage = True
    hop = between(server)
    talk = Talk(open_page(hop))
    answer = talk.ask("Успеет ли?")
    pen.to(4)
    answer.reaches(3)
    hop.refuse()
    expect(talk.reconnecting).to_be_visible()
    run = runs(talk.page.context, server, "Успеет ли?")[0]["id"]
    pen.finish()
    wait_for_end(talk.page.context, server, run)
    hop.mend()
    answer.is_exactly(WORDS)
    expect(talk.reconnecting).to_be_hidden()
