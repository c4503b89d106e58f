"""When there is no answer, or not all of it: the page says why, and nothing that was written is gone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import openai_env
from tests.page.conftest import Open, Serve
from tests.page.talk import AGAIN, CONTINUE, STOP, Talk, facts, runs, script, words
from tests.support.browser import Console
from tests.support.fake_openai import FakeOpenAI, Refusal
from tests.support.pen import Pen
from tests.support.server import ServerProcess

FULL = {"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_QUEUE_LIMIT": "1"}  # with one that is written and one that waits


@pytest.fixture
def narrow(dictated: Serve, pen: Pen) -> ServerProcess:
    """Begins one answer at a time, and ends none."""
    pen.to(5)
    return dictated(script(20), env=FULL)


def test_a_full_queue_is_said_and_gives_the_question_back(
    narrow: ServerProcess, open_page: Open, console: Console
) -> None:
    console.outage = True  # the browser logs the 503
    writing, waiting, refused = (Talk(open_page(narrow)) for _ in range(3))
    writing.ask("Первый?").reaches(0)
    expect(waiting.ask("Второй?").region).to_contain_text("В очереди")
    refused.box.fill("Третий?")
    refused.press("Спросить")
    expect(refused.page.get_by_text("Очередь заполнена.")).to_be_visible()
    refused.press("Вернуть вопрос в поле")
    expect(refused.box).to_have_value("Третий?")
    assert runs(refused.page.context, narrow, "Третий?") == []


def test_a_question_that_finds_room_in_the_queue_after_all_is_asked_once(
    narrow: ServerProcess, open_page: Open, console: Console
) -> None:
    console.outage = True
    writing, waiting, patient = (Talk(open_page(narrow)) for _ in range(3))
    writing.ask("Первый?").reaches(0)
    expect(waiting.ask("Второй?").region).to_contain_text("В очереди")
    answer = patient.ask("Третий?")
    expect(patient.page.get_by_text("Очередь заполнена.")).to_be_visible()
    writing.press(STOP)
    waiting.press(STOP)
    answer.reaches(1)
    assert len(runs(patient.page.context, narrow, "Третий?")) == 1


def test_a_refused_question_comes_back_with_the_reason(serve: Serve, open_page: Open, console: Console) -> None:
    console.outage = True  # the browser logs the 404
    server = serve(script(3))
    talk = Talk(open_page(server))
    talk.ask("Кто платит за ремонт?").ends()
    conversation = talk.page.url.rsplit("/", 1)[-1]
    assert talk.page.context.request.delete(f"{server.url}/v1/conversations/{conversation}").ok
    talk.box.fill("А за лифт?")
    talk.press("Спросить")
    expect(talk.page.get_by_role("alert").filter(has_text="Не найдено.")).to_be_visible()
    expect(talk.box).to_have_value("А за лифт?")


def test_a_failed_answer_says_why_and_can_be_asked_again(serve: Serve, upstream: FakeOpenAI, open_page: Open) -> None:
    server = serve(env=openai_env(upstream))
    upstream.behaviour.refusals = [Refusal(400)] * 20
    talk = Talk(open_page(server))
    answer = talk.ask("Почему отказали?")
    answer.ends()
    expect(answer.region).to_contain_text("Ответа не вышло.")
    run = runs(talk.page.context, server, "Почему отказали?")[0]
    assert run["status"] == "failed"
    expect(answer.region).to_contain_text(facts(talk.page.context, server, f"/api/v1/responses/{run['id']}")["message"])
    expect(answer.button(CONTINUE)).to_have_count(0)
    upstream.behaviour.refusals = []
    answer.button(AGAIN).click()
    expect(answer.region.get_by_role("group", name="Варианты ответа", exact=True)).to_contain_text("2 из 2")
    answer.reaches(19)


def test_an_answer_out_of_time_keeps_its_words_and_offers_to_go_on(serve: Serve, open_page: Open) -> None:
    hangs = {"at": 12, "kind": "silence", "seconds": 600}
    server = serve(script(30), faults=[hangs], env={"VISTRAL_INFERENCE_TIMEOUT": "1.5"})
    answer = Talk(open_page(server)).ask("Как долго?")
    answer.ends()
    expect(answer.region).to_contain_text("Ответ не окончен. Время на ответ вышло.")
    kept = answer.words()
    assert 0 < len(kept) < 30
    assert kept == words(len(kept))
    answer.button(CONTINUE).click()
    answer.reaches(len(kept))
    answer.ends()
    assert answer.words() == words(len(answer.words()))
