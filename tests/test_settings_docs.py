"""Every setting has its row in docs/reference/settings.md, and every row its setting."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

from pydantic import SecretStr

from advakod.settings import Settings, env_name

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"
ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE)


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer(PAGE.read_text("utf-8")))


def test_every_setting_has_one_row_and_every_row_its_setting() -> None:
    documented = [row["name"] for row in rows()]
    assert sorted(documented) == sorted(env_name(field) for field in Settings.model_fields)


def test_the_defaults_are_the_real_ones() -> None:
    real = {env_name(name): _shown(field.default) for name, field in Settings.model_fields.items()}
    assert {row["name"]: row["default"] for row in rows()} == real


def test_every_meaning_is_a_russian_sentence() -> None:
    for row in rows():
        assert re.search("[а-я]", row["meaning"]), row["name"]
        assert row["meaning"].endswith((".", ").")), row["name"]


def _shown(default: object) -> str:
    value = default.value if isinstance(default, Enum) else default
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    if value is None or value == "":
        return "—"
    return f"`{value:g}`" if isinstance(value, float) and value < 1_000_000 else f"`{_whole(value)}`"


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
