from __future__ import annotations

from dataclasses import replace

import pytest

from advakod.answers.composing.names import cited, day, heading
from advakod.law.citations import find_references
from tests.answers.acts import source


@pytest.mark.parametrize(
    ("act", "number", "expected"),
    [
        ("zozpp", "1", "п. 1 ст. 18 ЗоЗПП"),
        ("gk", "2", "п. 2 ст. 18 ГК РФ"),
        ("uk", "3", "ч. 3 ст. 18 УК РФ"),
        ("tk", "", "ст. 18 ТК РФ"),
        ("osago", "1", "ст. 18 Закона об ОСАГО"),
        ("konst", "", "ст. 18 Конституции"),
    ],
)
def test_citations_are_what_the_grammar_reads(act: str, number: str, expected: str) -> None:
    text = cited(source(1, act, "18"), number)
    assert text == expected
    (reference,) = find_references(text)
    assert (reference.act, reference.article, reference.part or reference.point or "") == (
        act,
        "18",
        number if act != "osago" else "",
    )


def test_an_unknown_act_is_named_by_its_title() -> None:
    unknown = replace(source(1, "fz-2020", "5"), act_title="Федеральный закон «О семенах»")
    assert cited(unknown, "1") == "ст. 5 Федерального закона «О семенах»"


def test_units_that_are_no_articles() -> None:
    preamble = replace(source(1, "zozpp", ""), address="ru/zozpp@2023-08-04/pre", title="")
    assert (cited(preamble), heading(preamble)) == ("преамбула ЗоЗПП", "Преамбула ЗоЗПП")
    point = replace(source(1, "pdd", "12.2", title="12.2."), address="ru/pdd/pril/p12.2")
    assert (cited(point, "1"), heading(point)) == ("п. 12.2 ПДД", "Пункт 12.2 ПДД")


def test_days() -> None:
    assert (day("2023-08-04"), day("")) == ("04.08.2023", "")
