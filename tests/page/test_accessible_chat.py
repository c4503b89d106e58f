"""Every state of the chat by the rules of accessibility, on a wide screen and on a phone, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.page.axe import CALM, SCREENS, assert_accessible
from tests.page.conftest import Open, Serve
from tests.page.laws import CITED, QUESTION
from tests.page.talk import STOP, Answer, Talk
from tests.support.browser import Console
from tests.support.server import ServerProcess

pytest_plugins = ["tests.page.law_server"]

RICH = f"""## Что говорит закон

{CITED}

- **раз**;
- *два*, `три`.

| Срок | Норма |
|---|---|
| 30 дней | статья 3 |

> Дословно, [ссылка](https://example.org/).
"""


@pytest.fixture(scope="module")
def server(serve_law: Serve) -> ServerProcess:
    return serve_law(RICH)


@pytest.fixture(scope="module")
def slow(serve_law: Serve) -> ServerProcess:
    """Writes one answer at a time, and stays for long in each stage: at «читаю», or after a few words."""
    return serve_law(
        f"Начало ответа.\n\n{CITED}",
        prompt_seconds=0.5,
        prompt_tokens=900,
        faults=[{"at": 6, "kind": "silence", "seconds": 600}],
        env={"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_HEARTBEAT": "1.5"},
    )


@pytest.fixture(params=SCREENS)
def wide(request: pytest.FixtureRequest) -> dict[str, object]:
    """What a context is opened with."""
    return {"viewport": SCREENS[request.param], **CALM}


@pytest.fixture
def answered(server: ServerProcess, open_page: Open, wide: dict[str, object]) -> Callable[..., Answer]:
    def ask(question: str = QUESTION) -> Answer:
        talk = Talk(open_page(server, **wide))
        answer = talk.ask(question)
        answer.ends()
        expect(answer.button("Помогло")).to_be_visible()
        return answer

    return ask


def test_start(server: ServerProcess, open_page: Open, wide: dict[str, object]) -> None:
    page = open_page(server, **wide)
    expect(page.get_by_role("heading", name="С чего начать")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Ещё", exact=True).click()
    expect(page.get_by_role("combobox", name="Тема", exact=True)).to_be_visible()
    assert_accessible(page)


def test_queued_reading_and_writing(slow: ServerProcess, open_page: Open, wide: dict[str, object]) -> None:
    first, second = Talk(open_page(slow, **wide)), Talk(open_page(slow, **wide))
    answer = first.ask(QUESTION)
    waiting = second.ask("Кто следующий?")
    expect(waiting.region).to_contain_text("В очереди")
    assert_accessible(second.page)
    second.press(STOP)
    waiting.ends()
    expect(answer.region).to_contain_text("Пишу ответ")
    expect(answer.region).to_contain_text("Начало ответа.")
    assert_accessible(first.page)
    first.press(STOP)
    answer.ends()
    assert_accessible(first.page)  # stopped: with a way to go on


def test_reading(serve_law: Serve, open_page: Open) -> None:
    server = serve_law(CITED, prompt_seconds=600, prompt_tokens=900)
    page = open_page(server, viewport=SCREENS["390"], **CALM)
    talk = Talk(page)
    answer = talk.ask(QUESTION)
    expect(answer.region).to_contain_text(re.compile(r"прочитано \d+ из 900 токенов"))
    assert_accessible(page)
    page.set_viewport_size(SCREENS["1280"])  # type: ignore[arg-type]
    assert_accessible(page)
    talk.press(STOP)
    answer.ends()


def test_finished_with_its_sources(answered: Callable[..., Answer]) -> None:
    answer = answered()
    page = answer.region.page
    expect(page.get_by_role("heading", name="Что ещё спросить")).to_be_visible()
    for more in answer.region.get_by_text(re.compile("^Прочитано и в ответе не названо")).all():
        more.click()
    assert_accessible(page)


def test_with_the_panel_open(answered: Callable[..., Answer]) -> None:
    answer = answered()
    page = answer.region.page
    answer.region.get_by_role("button", name=re.compile("^Источник 1:")).first.click()
    expect(page.locator("mark").first).to_be_visible()
    assert_accessible(page)


def test_with_a_doubtful_reference_open(answered: Callable[..., Answer], console: Console) -> None:
    console.outage = True  # the browser logs the 404
    answer = answered()
    answer.region.get_by_role("button", name="ст. 999: такой нормы не нашлось", exact=True).first.click()
    expect(answer.region.page.get_by_text("Такой нормы не нашлось.")).to_be_visible()
    assert_accessible(answer.region.page)


def test_failed(serve_law: Serve, open_page: Open) -> None:
    server = serve_law(CITED, continuation="none", faults=[{"at": 0, "kind": "error"}])
    page = open_page(server, viewport=SCREENS["1280"], **CALM)
    answer = Talk(page).ask(QUESTION)
    answer.ends()
    expect(answer.region).to_contain_text("Ответа не вышло.")
    assert_accessible(page)
    page.set_viewport_size(SCREENS["390"])  # type: ignore[arg-type]
    assert_accessible(page)


def test_incomplete(serve_law: Serve, open_page: Open) -> None:
    server = serve_law(CITED, continuation="none", faults=[{"at": 6, "kind": "error"}])
    page = open_page(server, viewport=SCREENS["1280"], **CALM)
    answer = Talk(page).ask(QUESTION)
    answer.ends()
    expect(answer.region).to_contain_text("Ответ не окончен.")
    assert_accessible(page)
    page.set_viewport_size(SCREENS["390"])  # type: ignore[arg-type]
    assert_accessible(page)


def test_editing_the_question_and_giving_an_opinion(answered: Callable[..., Answer]) -> None:
    answer = answered()
    page = answer.region.page
    page.get_by_role("button", name="Изменить вопрос", exact=True).click()
    answer.button("Не помогло").click()
    expect(answer.region.get_by_role("form", name="Что не так", exact=True)).to_be_visible()
    assert_accessible(page)
    answer.region.get_by_role("form").get_by_role("button", name="Отправить", exact=True).click()
    expect(answer.button("Отозвать")).to_be_visible()
    assert_accessible(page)


def test_two_variants(answered: Callable[..., Answer]) -> None:
    answer = answered()
    answer.button("Спросить ещё раз").click()
    expect(answer.region.get_by_role("group", name="Варианты ответа", exact=True)).to_contain_text("2 из 2")
    answer.ends()
    assert_accessible(answer.region.page)
