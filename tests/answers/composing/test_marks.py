from __future__ import annotations

import pytest

from advakod.answers.composing.blocks import Block
from advakod.answers.composing.figures import numbers
from advakod.answers.composing.marks import items_of, with_reference, without_hyphen


@pytest.mark.parametrize(
    ("items", "shown"),
    [
        (("1) первое;", "2) второе."), ["1) первое;", "2) второе."]),
        (("1) первое;", "5) пятое."), ["- первое;", "- пятое."]),
        (("одно;", "другое."), ["- одно;", "- другое."]),
        (("1) первое:", "а) часть;", "2) второе, -"), ["1) первое:", "   - а) часть;", "2) второе"]),
    ],
)
def test_an_item_has_one_mark(items: tuple[str, ...], shown: list[str]) -> None:
    assert list(items_of(Block(0, "", "Случаи:", items))) == shown


def test_a_sanction_is_set_off_by_a_dash() -> None:
    assert without_hyphen("Проезд без билета, - влечет штраф.") == "Проезд без билета, — влечет штраф."
    assert without_hyphen("день - выходной") == "день - выходной"


def test_a_reference_stands_before_the_stop() -> None:
    assert with_reference("Потребитель вправе:", "[1]") == "Потребитель вправе [1]:"


def test_numbers_in_words_are_those_in_digits() -> None:
    assert numbers("пятнадцати дней, 0,5 процента") == numbers("15 дней, 0.5 процента") == {"15", "0.5"}
    assert numbers("в двойном размере") == {"2"}
    assert numbers("станция, пять") == {"5"}
