"""Reads the TOML file of the scripted engine. A mistake in it stops the start with one sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from ..errors import SettingsError
from .interface import Continuation, FinishReason

DEMO = """\
Это демонстрационный ответ: его пишет сценарий, а не модель, и найденные нормы на него не влияют.

Если в купленном товаре обнаружен недостаток, который продавец не оговорил, покупатель по своему выбору вправе \
потребовать замены товара, соразмерного уменьшения цены, безвозмездного устранения недостатка или вернуть товар \
и потребовать уплаченные деньги (статья 18 Закона РФ «О защите прав потребителей»).

Непродовольственный товар надлежащего качества можно обменять, если он не подошёл по форме, габаритам, фасону, \
расцветке, размеру или комплектации (статья 25 Закона РФ «О защите прав потребителей»). Чтобы увидеть ответ \
по загруженным нормам, задайте ADVAKOD_ENGINE=extractive."""

E = TypeVar("E", bound=StrEnum)


class FaultKind(StrEnum):
    """What goes wrong at a fault."""

    SILENCE = "silence"  # nothing for `seconds`, then on as before
    ERROR = "error"  # an EngineFaultError
    DISCONNECT = "disconnect"  # the writing ends without a finish reason


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens after `at` tokens."""

    at: int
    kind: FaultKind
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """A text and how it is written."""

    text: str = DEMO
    tokens_per_second: float = 0.0  # 0: as fast as it goes
    prompt_seconds: float = 0.0  # before the first token
    faults: tuple[Fault, ...] = ()
    continuation: Continuation = Continuation.EXACT
    finish: FinishReason = FinishReason.STOP
    prompt_tokens: int = 0  # read during prompt_seconds, and told; 0: nothing is told of the reading
    reading_speed: float = 0.0  # words of the prompt a second, told as a model tells its speed; 0: not told
    context: int = 0  # words that prompt and answer may have together; 0: not told
    thinking: int = 0  # tokens thought before the first word of the text
    load_seconds: float = 0.0  # after the start, before it is ready
    search: bool = False  # provisions are looked for as for a model, so that the text may cite [1]


def load_script(path: Path | None) -> Script:
    """The script in the file, or the demonstration when there is none.

    Raises SettingsError, whose sentence names ADVAKOD_SCRIPT, the file and what is wrong in it.
    """
    if path is None:
        return Script()
    try:
        return _script(tomllib.loads(path.read_text("utf-8")), path.parent)
    except OSError as error:
        raise _wrong(path, f"файл {error.filename} нельзя прочитать ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _wrong(path, "файл не в кодировке UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, f"это не TOML ({error})") from error
    except _MistakeError as error:
        raise _wrong(path, str(error)) from error


class _MistakeError(ValueError):
    """What is wrong, in Russian."""


def _wrong(path: Path, reason: str) -> SettingsError:
    return SettingsError(f"{path}: {reason}", message=f"Неверная настройка ADVAKOD_SCRIPT={path}: {reason}.")


def _script(table: Mapping[str, Any], folder: Path) -> Script:
    _only_known(table, {field.name for field in fields(Script)} | {"text_file"})
    faults = table.get("faults", [])
    if not isinstance(faults, list) or not all(isinstance(fault, dict) for fault in faults):
        raise _MistakeError("faults должно быть списком таблиц")
    return Script(
        text=_text(table, folder),
        tokens_per_second=_number(table, "tokens_per_second"),
        prompt_seconds=_number(table, "prompt_seconds"),
        faults=tuple(map(_fault, faults)),
        continuation=_choice(table, "continuation", Continuation.EXACT),
        finish=_choice(table, "finish", FinishReason.STOP),
        prompt_tokens=_count(table, "prompt_tokens"),
        reading_speed=_number(table, "reading_speed"),
        context=_count(table, "context"),
        thinking=_count(table, "thinking"),
        load_seconds=_number(table, "load_seconds"),
        search=_flag(table, "search"),
    )


def _text(table: Mapping[str, Any], folder: Path) -> str:
    if "text" in table and "text_file" in table:
        raise _MistakeError("задано и text, и text_file, а нужно что-то одно")
    name = "text" if "text" in table else "text_file"
    value = table.get(name)
    if not isinstance(value, str):
        raise _MistakeError(f"нет строки {name}" if name in table else "нет ни text, ни text_file")
    text = value if name == "text" else (folder / value).read_text("utf-8")
    if not text.strip():
        raise _MistakeError("текст пуст")
    return text


def _fault(table: Mapping[str, Any]) -> Fault:
    _only_known(table, {"at", "kind", "seconds"})
    if "at" not in table:
        raise _MistakeError("в faults не указано at")
    if "kind" not in table:
        raise _MistakeError("в faults не указан kind")
    fault = Fault(_count(table, "at"), _choice(table, "kind", FaultKind.ERROR), _number(table, "seconds"))
    if fault.kind is FaultKind.SILENCE and not fault.seconds:
        raise _MistakeError('для kind = "silence" нужно seconds больше 0')
    return fault


def _number(table: Mapping[str, Any], name: str) -> float:
    value = table.get(name, 0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise _MistakeError(f"{name} должно быть числом не меньше 0")
    return float(value)


def _count(table: Mapping[str, Any], name: str) -> int:
    value = table.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _MistakeError(f"{name} должно быть целым числом токенов, не меньше 0")
    return value


def _flag(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise _MistakeError(f"{name} должно быть true или false")
    return value


def _choice(table: Mapping[str, Any], name: str, default: E) -> E:
    kind = type(default)
    try:
        return kind(table.get(name, default))
    except ValueError:
        allowed = ", ".join(kind)
        raise _MistakeError(f"{name} = {table[name]!r}, допустимо: {allowed}") from None


def _only_known(table: Mapping[str, Any], known: set[str]) -> None:
    for name in table:
        if name not in known:
            raise _MistakeError(f"неизвестное поле {name}")
