from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.russian import fold, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ёлка, шёл!", ["елка", "шел"]),
        ("статья 312.1 и 348.11-1", ["статья", "312.1", "и", "348.11", "1"]),
        ("интернет-магазин", ["интернет", "магазин"]),
        ("за\u0301мок", ["замок"]),
        ("по\u00adтре\u00adби\u00adтель", ["потребитель"]),
        ("и\u0306од", ["йод"]),
        ('+ - && || ! ( ) { } [ ] ^ " ~ * ? : \\ /', []),
        ("", []),
    ],
)
def test_words_and_numbers(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="абвгдеёжзийклмнопрстуфхцчшщъыьэюя ,.-«»0123456789"))
def test_case_does_not_matter(text: str) -> None:
    assert tokens(text.upper()) == tokens(text)


@given(st.text())
def test_tokens_hold_no_white_space(text: str) -> None:
    assert all(token and not any(c.isspace() for c in token) for token in tokens(text))
