"""Encodings, and the gate that only readable Russian passes."""

from __future__ import annotations

import pytest

from advakod.ingest.errors import UnreadableTextError
from advakod.ingest.readability import check, decode

TEXT = (
    "Статья 18. Права потребителя при обнаружении в товаре недостатков\r\n"
    "1. Потребитель вправе потребовать замены на товар этой же марки; «ёлка» № 5.\r\n"
) * 30


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1251", "koi8-r", "cp866", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encodings_are_recognised(encoding: str) -> None:
    text = TEXT if encoding not in {"koi8-r", "cp866"} else TEXT.replace("«", '"').replace("»", '"')
    assert check(decode(text.encode(encoding, "replace"))).lstrip("\ufeff") == text.encode(encoding, "replace").decode(
        encoding
    ).lstrip("\ufeff")


@pytest.mark.parametrize(
    "text",
    [
        TEXT.encode("utf-8").decode("cp1251", "replace"),
        TEXT.encode("utf-8").decode("latin-1"),
        TEXT.encode("cp1251").decode("cp866"),
        "Consumer rights, article by article. " * 50,
        "ъ" * 500,
        "1 2 3 4 5 " * 100,
        "\x00\x01\x02" * 50 + TEXT[:1000],
    ],
)
def test_what_nobody_could_read_does_not_pass(text: str) -> None:
    with pytest.raises(UnreadableTextError):
        check(text)


def test_capitals_pass() -> None:
    assert check(TEXT.upper())
