"""Who is told what: names of settings are for those who can set them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from advakod.answers import errors as answers_errors
from advakod.answers import outcomes
from advakod.engine import errors as engine_errors
from advakod.engine.errors import EngineLostError, EngineUnreachableError
from advakod.engine.llama.errors import EngineDeadError
from advakod.errors import EngineError

SETTING = re.compile(r"\b(?:VISTRAL|ADVAKOD)_")


def kinds(of: type[EngineError]) -> Iterator[type[EngineError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("kind", list(kinds(EngineError)))
def test_who_asks_is_told_of_no_setting(kind: type[EngineError]) -> None:
    assert {engine_errors.EngineRubbishError, answers_errors.EngineNotReadyError} <= set(kinds(EngineError))
    assert not SETTING.search(kind.user_message)


def test_how_a_writing_ends_is_told_without_settings() -> None:
    ends = (*outcomes.SENTENCES.values(), outcomes.EMPTY.message, outcomes.ONLY_THOUGHT.message)
    assert [end for end in ends if not end or SETTING.search(end)] == []


def test_an_administrator_is_told_what_can_be_done() -> None:
    assert "ADVAKOD_OPENAI_BASE_URL" in EngineUnreachableError("refused").for_admin
    dead = EngineDeadError("why", reason="Не хватило памяти.", deaths=5)
    assert "Не хватило памяти. Попыток подряд: 5" in dead.for_admin
    assert "памяти" not in dead.message
    assert EngineLostError("gone").for_admin == EngineLostError("gone").message
