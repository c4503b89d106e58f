"""One empty line between the parts of an answer, and Markdown cut only where a block ends."""

from __future__ import annotations

import io

import pytest

from advakod.cli.answer import Answer
from advakod.cli.screen import Blocks, Paper, Position, Screen

TEXT = "## Заголовок\n\n- раз\n- два\n\n\n```\nкод\n\nещё код\n```\n\nКонец"
BLOCKS = ["## Заголовок", "- раз\n- два", "```\nкод\n\nещё код\n```", "Конец"]


@pytest.mark.parametrize("size", [1, 2, 7, len(TEXT)])
def test_blocks_do_not_depend_on_how_the_text_came(size: int) -> None:
    blocks = Blocks()
    found: list[str] = []
    for start in range(0, len(TEXT), size):
        found += blocks.feed(TEXT[start : start + size])
    assert [*found, *blocks.rest()] == BLOCKS


def test_streams_of_one_terminal_never_leave_two_empty_lines() -> None:
    place, terminal = Position(), io.StringIO()
    out, err = Paper(terminal, place), Paper(terminal, place)
    err.gap()
    err.write("! замечание\n")
    err.gap()
    out.gap()
    out.write("текст")
    err.end_line()
    err.write("\n")
    out.gap()
    out.write("конец\n")
    assert terminal.getvalue() == "! замечание\n\nтекст\n\nконец\n"


def test_a_pipe_gets_the_text_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    for message in ("Первое.", "Второе."):
        screen.event({"type": "advakod.notice", "code": "x", "message": message})
    for delta in ("**Ответ**", " с [1]\n"):
        screen.event({"type": "response.output_text.delta", "delta": delta})
    screen.end(Answer("resp_1", "incomplete", "timeout", "Время вышло."), "advakod ask --continue resp_1")
    said = capsys.readouterr()
    assert said.out == "**Ответ** с [1]\n"
    assert said.err == (
        "! Первое.\n! Второе.\n\nВремя вышло. [timeout]\n"
        "Номер ответа: resp_1. Продолжить:\n  advakod ask --continue resp_1\n"
    )


def test_what_cannot_be_continued_is_not_offered(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().end(Answer("resp_1", "incomplete", "engine_lost", "Связь потеряна."), "advakod ask --continue resp_1")
    assert "--continue" not in capsys.readouterr().err
