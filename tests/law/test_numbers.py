"""Article numbers: as printed, as stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.law.model import Kind
from advakod.law.numbers import dotted, normalise, roman, segment, sort_key

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_WHOLE = st.integers(1, 1999).map(str)
_TAIL = st.integers(1, 199).map(str)
NUMBERS = st.builds(
    lambda whole, dots, dashes: whole + "".join(f".{d}" for d in dots) + "".join(f"-{d}" for d in dashes),
    _WHOLE,
    st.lists(_TAIL, max_size=2),
    st.lists(_TAIL, max_size=1),
)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("312.1", "312.1"),
        ("312¹", "312.1"),
        ("348¹¹⁻¹", "348.11-1"),
        ("348.11-1", "348.11-1"),
        ("5.61.1", "5.61.1"),
        ("19.7.5-1", "19.7.5-1"),
        ("18–1", "18-1"),
        ("18 - 1", "18-1"),
        ("81.", "81"),
        ("5(1)", "5.1"),
        ("«А»", "а"),
        ('"б"', "б"),
        ("е.1", "е.1"),
    ],
)
def test_normalise(written: str, stored: str) -> None:
    assert normalise(written) == stored


@pytest.mark.parametrize("written", ["", "статья", "1..2", "-1", "первая", "12345"])
def test_what_is_not_a_number(written: str) -> None:
    assert normalise(written) is None


@given(NUMBERS)
def test_normalise_is_idempotent(number: str) -> None:
    assert normalise(number) == number


@given(_WHOLE, _TAIL)
def test_a_superscript_is_never_read_as_another_article(whole: str, raised: str) -> None:
    written = whole + raised.translate(_SUPERSCRIPTS)
    assert normalise(written) == f"{whole}.{raised}"
    assert normalise(written) != whole + raised


@given(NUMBERS, NUMBERS)
def test_sort_key_and_segment_tell_numbers_apart(a: str, b: str) -> None:
    assert (sort_key(a) == sort_key(b)) == (a == b)
    assert (segment(Kind.ARTICLE, a) == segment(Kind.ARTICLE, b)) == (a == b)


@given(st.text())
def test_normalise_never_fails(text: str) -> None:
    stored = normalise(text)
    assert stored is None or normalise(stored) == stored


def test_order_is_the_printed_one() -> None:
    printed = ["18", "18-1", "18.1", "18.1-1", "18.2", "18.10", "19", "а", "б"]
    assert sorted(printed, key=sort_key) == printed


def test_letters_have_segments_of_their_own() -> None:
    letters = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
    assert len({segment(Kind.SUBPOINT, letter) for letter in letters}) == len(letters)
    assert segment(Kind.SUBPOINT, "а") == "ppa"


def test_measures_keep_their_superscripts() -> None:
    assert dotted("ст. 312¹ и 5 м²") == "ст. 312.1 и 5 м²"


@pytest.mark.parametrize(("written", "value"), [("IV", "4"), ("XLIX", "49"), ("VIII", "8"), ("Ж", None)])
def test_roman(written: str, value: str | None) -> None:
    assert roman(written) == value
