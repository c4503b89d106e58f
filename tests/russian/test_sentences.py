from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.russian import sentence_spans, sentences
from tests.support.growth import assert_linear


@pytest.mark.parametrize(
    "text",
    [
        "Потребитель вправе согласно п. 1 ст. 18 Закона потребовать замены.",
        "Продавец, т.е. Индивидуальный предприниматель, обязан вернуть деньги.",
        "Договор подписал А. С. Иванов.",
        "1. Работник имеет право расторгнуть договор.",
        "2.1. Срок составляет десять дней.",
        "Закон от 7 февраля 1992 г. № 2300-1 действует.",
        "Проживает в г. Москве по ул. Ленина.",
        "Штраф до 5 тыс. руб. налагает инспектор.",
        "См. абз. 2 ч. 3 ст. 12.8 КоАП РФ.",
        "Товары, работы и т. п. не облагаются.",
        "Ставка 0.5 процента.",
    ],
)
def test_one_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Срок истёк. Что делать? Подать иск!", ["Срок истёк.", "Что делать?", "Подать иск!"]),
        ("Закон принят в 2020 г. Он действует.", ["Закон принят в 2020 г.", "Он действует."]),
        ("Товары, услуги и т.д. Срок не указан.", ["Товары, услуги и т.д.", "Срок не указан."]),
        ("Он сказал «нет». Потом ушёл.", ["Он сказал «нет».", "Потом ушёл."]),
        ("1. Первое.\n2. Второе.", ["1. Первое.", "2. Второе."]),
        ("Указано в статье 18. Продавец обязан.", ["Указано в статье 18.", "Продавец обязан."]),
        ("  Первое...  Второе  ", ["Первое...", "Второе"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="абвАБВ стпг.,!?«»()\n 19"))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    spans = list(sentence_spans(text))
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(a < b for a, b in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_long_rubbish_takes_linear_time() -> None:
    for rubbish in ("." * 25_000, "а" * 25_000 + ".", "ст. " * 6_000, "1." * 12_000, "»" * 25_000):
        assert_linear(sentences, rubbish)
