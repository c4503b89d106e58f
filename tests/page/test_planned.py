"""What a person sees of a model that loads, thinks, plans its time and answers in short."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Open, Serve
from tests.page.talk import STOP, Talk, script

LOADING, THINKING = "Модель загружается", "Модель обдумывает ответ"
SHORTENED, UNCITED = "Ответ короче, чем мог бы быть", "В ответе нет ни одной ссылки на норму"


@pytest.mark.parametrize(
    ("facts", "seen"),
    [({"load_seconds": 600}, LOADING), ({"thinking": 60_000, "tokens_per_second": 100}, THINKING)],
)
def test_it_is_seen_why_there_is_no_word_yet(
    facts: dict[str, float], seen: str, serve_once: Serve, open_page: Open
) -> None:
    talk = Talk(open_page(serve_once(script(20), **facts)))
    answer = talk.ask("Почему молчит?")
    expect(answer.region).to_contain_text(seen)
    expect(talk.page.get_by_role("status").filter(has_text=f"{seen}.")).to_be_attached()
    talk.press(STOP)
    answer.ends()


def test_it_says_when_the_first_word_comes(serve_once: Serve, open_page: Open) -> None:
    planned = {"reading_speed": 4, "tokens_per_second": 1, "search": True}
    talk = Talk(open_page(serve_once(script(400), **planned, env={"VISTRAL_INFERENCE_TIMEOUT": "600"})))
    answer = talk.ask("Сколько ждать?")
    expect(answer.region).to_contain_text(re.compile(r"до первых слов около \d"))
    talk.press(STOP)
    answer.ends()


def test_it_says_that_the_answer_is_short_and_cites_nothing(serve_once: Serve, open_page: Open) -> None:
    planned = {"reading_speed": 1_000, "tokens_per_second": 20, "search": True}
    server = serve_once("Раз два три. " * 400, **planned, env={"VISTRAL_INFERENCE_TIMEOUT": "8"})
    answer = Talk(open_page(server)).ask("Почему кратко?")
    answer.ends()
    expect(answer.region).to_contain_text(SHORTENED)
    expect(answer.region).to_contain_text(UNCITED)
    expect(answer.region).not_to_contain_text("На основании")


def test_an_administrator_sees_that_it_loads(serve_once: Serve, open_page: Open) -> None:
    page = open_page(serve_once(script(20), load_seconds=600), "/admin")
    engine = page.get_by_role("region", name="Движок")
    expect(engine).to_contain_text("Модель загружается. Вопросы принимаются и ждут.")
