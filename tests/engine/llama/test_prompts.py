"""Conversations that a template does not take."""

from __future__ import annotations

from advakod.engine import Message
from advakod.engine.llama.prompts import folded, plain

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
