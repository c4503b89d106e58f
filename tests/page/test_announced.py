"""What is said to those who listen: once per stage, at the end, and never a word of the text as it is written."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open, Serve
from tests.page.talk import STOP, Talk, script
from tests.support.server import ServerProcess

QUEUED, WRITING = "Вопрос в очереди.", "Пишу ответ."
READY, STOPPED = "Ответ готов.", "Ответ остановлен. Всё написанное сохранено; ответ можно продолжить."
# Everything that is said aloud, in the order it is said: what comes to stand in a live region.
LISTEN = """() => {
    const live = '[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off])';
    const last = new WeakMap();
    window.said = [];
    const look = () => {
        for (const place of document.querySelectorAll(live)) {
            const words = place.textContent.trim();
            if (words !== (last.get(place) ?? '')) {
                last.set(place, words);
                if (words) window.said.push(words);
            }
        }
    };
    look();
    window.said = [];
    new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true});
}"""


@pytest.fixture(scope="module")
def server(serve_once: Serve) -> ServerProcess:
    """Writes some words and then nothing for long: there is time to stop it."""
    return serve_once(
        script(40),
        tokens_per_second=40,
        prompt_seconds=0.5,
        prompt_tokens=900,
        faults=[{"at": 20, "kind": "silence", "seconds": 600}],
        env={"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_HEARTBEAT": "5"},
    )


def listening(page: Page) -> Talk:
    expect(page.get_by_role("heading", name="С чего начать")).to_be_visible()
    page.evaluate(LISTEN)
    return Talk(page)


def said(talk: Talk) -> list[str]:
    return list(talk.page.evaluate("window.said"))


def test_each_stage_is_said_once_and_no_word_of_the_text(server: ServerProcess, open_page: Open) -> None:
    talk = listening(open_page(server))
    answer = talk.ask("Что слышно?")
    answer.reaches(15)
    talk.press(STOP)
    answer.ends()
    expect(talk.page.get_by_text(STOPPED).first).to_be_attached()
    heard = said(talk)
    assert not [words for words in heard if "слово" in words], heard
    assert WRITING in heard
    assert heard[-1] == STOPPED
    assert len(heard) == len(set(heard)) <= 6, heard


def test_the_end_is_said_once(serve_once: Serve, open_page: Open) -> None:
    talk = listening(open_page(serve_once(script(40), tokens_per_second=40)))
    talk.ask("Готово?").ends()
    expect(talk.page.get_by_text(READY)).to_be_attached()
    heard = said(talk)
    assert heard[-1] == READY
    assert len(heard) == len(set(heard)), heard
    assert not [words for words in heard if "слово" in words], heard


def test_the_queue_is_said_once_however_long_it_is(server: ServerProcess, open_page: Open) -> None:
    first, second = Talk(open_page(server)), listening(open_page(server))
    running = first.ask("Кто первый?")
    running.reaches(0)
    waiting = second.ask("Кто второй?")
    expect(waiting.region).to_contain_text("В очереди")
    first.press(STOP)
    running.ends()
    waiting.reaches(5)
    second.press(STOP)
    waiting.ends()
    expect(second.page.get_by_text(STOPPED).first).to_be_attached()
    heard = said(second)
    assert heard.count(QUEUED) == heard.count(WRITING) == 1
    assert len(heard) == len(set(heard)), heard
    assert heard[-1] == STOPPED


def test_the_answer_is_busy_while_it_is_written(server: ServerProcess, open_page: Open) -> None:
    talk = Talk(open_page(server))
    answer = talk.ask("Занято?")
    answer.reaches(3)
    expect(answer.region).to_have_attribute("aria-busy", "true")
    expect(answer.region.get_by_role("progressbar", name="Готовность ответа", exact=True)).to_be_visible()
    assert answer.region.evaluate("region => region.closest('[aria-live]') === null")
    talk.press(STOP)
    answer.ends()
    expect(answer.region.get_by_role("progressbar")).to_have_count(0)


def test_an_old_answer_says_nothing_when_it_is_opened(server: ServerProcess, open_page: Open) -> None:
    talk = Talk(open_page(server))
    answer = talk.ask("Было?")
    answer.reaches(3)
    talk.press(STOP)
    answer.ends()
    talk.page.get_by_role("link", name="Новый вопрос", exact=True).click()
    listening(talk.page)
    talk.page.get_by_role("link", name="Было?").first.click()
    expect(answer.region.get_by_role("button", name="Помогло", exact=True)).to_be_visible()
    assert not [words for words in said(talk) if words in (QUEUED, WRITING, READY, STOPPED)]
