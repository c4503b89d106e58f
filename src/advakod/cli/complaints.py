"""What is wrong with how a command was typed, in Russian."""

from __future__ import annotations

import re
from typing import Any

import typer
from pydantic import ValidationError

from ..errors import complaint

# The root of what typer raises for a command that is typed wrongly. It has had several homes, but always this child.
UsageError: Any = typer.BadParameter.__mro__[1]

SENTENCES = (
    (r"No such command '(.*?)'", "Нет такой команды: {}."),
    (r"Missing command", "Не указана команда."),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", "Лишнее: {}. Текст из нескольких слов берут в кавычки."),
    (r"No such option: (\S+)", "Нет такого параметра: {}."),
    (r"Option '(.*?)' requires", "После {} нужно значение."),
    (r"is not one of (.*?)\.?$", "Допустимо: {}."),
    (r"Option '(.*?)' does not take a value", "После {} значение не нужно."),
)


def sentence(error: Any) -> str:
    """One line: what is wrong and where help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "advakod"
    return f"{_what(error)} Помощь: {command} --help"


def _what(error: Any) -> str:
    if type(error).__name__ == "MissingParameter":
        return f"Не указано: {_name(error)}."
    for pattern, words in SENTENCES:
        if found := re.search(pattern, error.message):
            return words.format(*found.groups()) + _alike(error)
    if isinstance(error.__cause__, ValidationError):
        return f"Неверное значение {_name(error)}: {complaint(error.__cause__.errors()[0])}."
    if re.search("[а-яё]", error.message):  # our own
        return str(error.message)
    return f"Неверное значение {_name(error)}: {error.message.rstrip('.')}."


def _name(error: Any) -> str:
    if error.param is None:
        return ""
    if error.param.param_type_name == "option":
        return str(max(error.param.opts, key=len))
    return str(error.param.metavar or error.param.name).strip("[]{}.")


def _alike(error: Any) -> str:
    options = getattr(error, "possibilities", None)
    return f" Похожие: {', '.join(sorted(options))}." if options else ""
