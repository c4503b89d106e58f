"""Question sets: a JSON object a line, `{id, question, gold: [{act, article}], style, kind?}`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError

UNANSWERABLE = "unanswerable"  # the style of questions without gold


class QuestionSetError(InputError):
    """The question set cannot be read."""

    code = "bad_question_set"
    user_message = "Набор вопросов не читается: {why}."


@dataclass(frozen=True, slots=True)
class Question:
    """One question; any of `gold`, pairs of act and article, is a right answer."""

    id: str
    question: str
    gold: frozenset[tuple[str, str]]
    style: str
    kind: str | None = None


def load_questions(path: Path) -> list[Question]:
    """Read a set; raises QuestionSetError that names the line and what is wrong with it."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionSetError(str(error), why=f"{path}: {error}") from error
    questions = list(_parse(path, lines))
    if not questions:
        raise QuestionSetError(why=f"{path}: нет ни одного вопроса")
    return questions


def _parse(path: Path, lines: list[str]) -> Iterator[Question]:
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            question = _question(json.loads(line), seen)
        except (ValueError, TypeError, KeyError) as error:
            why = f"нет поля {error}" if isinstance(error, KeyError) else str(error)
            raise QuestionSetError(why, why=f"{path}, строка {number}: {why}") from error
        seen.add(question.id)
        yield question


def _question(raw: Any, seen: set[str]) -> Question:
    if not isinstance(raw, dict):
        raise TypeError("в строке должен быть объект JSON")
    gold = frozenset((_text(g, "act"), _text(g, "article")) for g in raw["gold"])
    style = _text(raw, "style")
    if bool(gold) == (style == UNANSWERABLE):
        raise ValueError("вопрос без правильной статьи имеет стиль unanswerable, остальные — хотя бы одну статью")
    name = _text(raw, "id")
    if name in seen:
        raise ValueError(f"идентификатор {name!r} повторяется")
    return Question(name, _text(raw, "question"), gold, style, raw.get("kind"))


def _text(raw: Any, name: str) -> str:
    value = raw[name]
    if not isinstance(value, str) or not value:
        raise TypeError(f"поле {name!r} должно быть непустой строкой")
    return value
