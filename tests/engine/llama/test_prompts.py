"""Conversations that a template does not take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.engine import Message
from advakod.engine.llama.prompts import breaker, folded, plain

MARKS = ("[INST]", "[/INST]", "</s>", "<|im_start|>", "ab", "bc")
TURNS = (
    Message("system", "Ты юрист."),
    Message("user", "Первый?"),
    Message("assistant", "Ответ."),
    Message("user", "Второй {}?"),
    Message("user", "Третий?"),
)


def test_folded_has_questions_and_answers_by_turns() -> None:
    assert folded(TURNS) == [
        Message("user", "Ты юрист.\n\nПервый?"),
        Message("assistant", "Ответ."),
        Message("user", "Второй {}?\n\nТретий?"),
    ]


def test_plain_keeps_every_word_and_asks_for_an_answer() -> None:
    text = plain(TURNS)
    assert [text.index(turn.content) for turn in TURNS] == sorted(text.index(turn.content) for turn in TURNS)
    assert text.endswith("Ответ:")


@given(st.lists(st.sampled_from([*MARKS, "[", "<", "IN", "ST]", " ", "\n", "Срок?"])).map("".join))
def test_marks_are_broken_and_nothing_else(text: str) -> None:
    broken = breaker(MARKS)(text)
    assert not any(mark in broken for mark in MARKS)
    assert broken.replace(" ", "") == text.replace(" ", "")
    if not any(mark in text for mark in MARKS):
        assert broken == text


@pytest.mark.parametrize("text", ["", "Статья 18.\n\n1. [1] <…> 5 < 6", "[ИНСТ]"])
def test_a_text_without_marks_is_left_alone(text: str) -> None:
    assert breaker(MARKS)(text) == text
    assert breaker(())("</s>") == "</s>"
