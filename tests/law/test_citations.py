from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.law.citations import find_references
from advakod.law.mentions import find_mentions
from tests.support.growth import assert_linear

# What people write, and what it refers to: (act, article, part, point).
FORMS: list[tuple[str, list[tuple[str | None, str, str | None, str | None]]]] = [
    ("ст. 18 ЗоЗПП", [("zozpp", "18", None, None)]),
    ("п. 8 ПДД", [("pdd", "8", None, None)]),
    ("пункт 2.7 Правил дорожного движения", [("pdd", "2.7", None, None)]),
    ("ПДД, п. 2.1.1", [("pdd", "2.1.1", None, None)]),
    ("Статья 264.2. Нарушение правил дорожного движения лицом", [(None, "264.2", None, None)]),
    ("ст. 12.9 КоАП за нарушение п. 10.1 ПДД", [("koap", "12.9", None, None), ("pdd", "10.1", None, None)]),
    ("ст. 12.9 либо ч. 4 ст. 12.15 КоАП РФ", [("koap", "12.9", None, None), ("koap", "12.15", "4", None)]),
    ("статьёй 80 либо 81 ТК", [("tk", "80", None, None), ("tk", "81", None, None)]),
    (
        "ст. 18\nТК РФ, ст. 81\nЗоЗПП, ст. 5",
        [(None, "18", None, None), ("tk", "81", None, None), ("zozpp", "5", None, None)],
    ),
    ("ст 18 зозпп", [("zozpp", "18", None, None)]),
    ("ст.18 ЗЗПП", [("zozpp", "18", None, None)]),
    ("статья 18 Закона о защите прав потребителей", [("zozpp", "18", None, None)]),
    ("статьёй 18 закона «О защите прав потребителей»", [("zozpp", "18", None, None)]),
    ('ст. 15 Закона Российской Федерации "О защите прав потребителей"', [("zozpp", "15", None, None)]),
    (
        "п. 1 ст. 18 Закона РФ от 07.02.1992 № 2300-1 «О защите прав потребителей»",
        [("zozpp", "18", None, "1")],
    ),
    ("ст. 15 ФЗ-2300-1", [("zozpp", "15", None, None)]),
    ("статьёй 15 закона 2300-1", [("zozpp", "15", None, None)]),
    ("Закон № 2300-1, ст. 13", [("zozpp", "13", None, None)]),
    ("ст. 15 закона о правах потребителя", [("zozpp", "15", None, None)]),
    ("п. 1 ст. 18", [(None, "18", None, "1")]),
    ("ч. 2 ст. 12.8 КоАП РФ", [("koap", "12.8", "2", None)]),
    ("часть 2 статьи 12.8 Кодекса об административных правонарушениях", [("koap", "12.8", "2", None)]),
    ("ст. 12.8 коапа", [("koap", "12.8", None, None)]),
    ("в коапе статья 12.8", [("koap", "12.8", None, None)]),
    ("12.8 коап", [("koap", "12.8", None, None)]),
    ("ст. 19.7.5-1 КоАП", [("koap", "19.7.5-1", None, None)]),
    ("статьи 81 ТК", [("tk", "81", None, None)]),
    ("81 тк", [("tk", "81", None, None)]),
    ("тк 81", [("tk", "81", None, None)]),
    ("ТК РФ, статья 81", [("tk", "81", None, None)]),
    ("ТК РФ (ст. 81)", [("tk", "81", None, None)]),
    ("трудовым кодексом, статьей 81", [("tk", "81", None, None)]),
    ("ст. 312.1 Трудового кодекса Российской Федерации", [("tk", "312.1", None, None)]),
    ("статья 312¹ ТК", [("tk", "312.1", None, None)]),
    ("ст. 348.11-1 ТК РФ", [("tk", "348.11-1", None, None)]),
    ("ст. 80, 81 ТК РФ", [("tk", "80", None, None), ("tk", "81", None, None)]),
    ("ст.ст. 80, 81 и 83 ТК РФ", [("tk", n, None, None) for n in ("80", "81", "83")]),
    ("ст. 80 и ст. 81 ТК РФ", [("tk", "80", None, None), ("tk", "81", None, None)]),
    ("статьи 80-83 ТК", [("tk", n, None, None) for n in ("80", "81", "82", "83")]),
    ("статьи 312.1–312.3 ТК", [("tk", n, None, None) for n in ("312.1", "312.2", "312.3")]),
    ("ст. 18-20", [(None, n, None, None) for n in ("18", "19", "20")]),
    ("ст. 1-1551 ГК", [("gk", "1", None, None), ("gk", "1551", None, None)]),
    ("подпункт «б» пункта 6 статьи 81 ТК РФ", [("tk", "81", None, "6")]),
    ("ст.158 ч.2 п. «а» УК РФ", [("uk", "158", "2", "а")]),
    ('п. "в" ч. 2 ст. 158 УК', [("uk", "158", "2", "в")]),
    ("158 ук рф", [("uk", "158", None, None)]),
    ("158 статья УК", [("uk", "158", None, None)]),
    ("по 158-й статье УК РФ", [("uk", "158", None, None)]),
    ("пп. 1 п. 2 ст. 220 НК РФ", [("nk", "220", None, "2")]),
    ("ГК РФ ст 1064", [("gk", "1064", None, None)]),
    ("статьями 15, 16 и 1064 ГК РФ", [("gk", n, None, None) for n in ("15", "16", "1064")]),
    ("ст. 18 ЗоЗПП и ст. 475 ГК РФ", [("zozpp", "18", None, None), ("gk", "475", None, None)]),
    ("ЗоЗПП ст. 18, ст. 19", [("zozpp", "18", None, None), ("zozpp", "19", None, None)]),
    ("статьи 146 Федерального закона от 31.07.1998 № 146-ФЗ", [("nk", "146", None, None)]),
    ("ст. 1 Федерального закона от 26 ноября 2001 г. № 146-ФЗ", [("gk", "1", None, None)]),
    ("статья 5 закона 146-ФЗ", [(None, "5", None, None)]),  # two acts have this number
    ("ст. 7 Федерального закона № 152-ФЗ", [("persdannye", "7", None, None)]),
    ("ст. 33 КЗоТ РСФСР", [("kzot_rsfsr", "33", None, None)]),
    ("ст. 33 ГК РСФСР", [("gk_rsfsr", "33", None, None)]),
    ("ст. 5 ТК Республики Беларусь", [(None, "5", None, None)]),
    ("статья 10 Трудового кодекса РБ", [(None, "10", None, None)]),
    ("Увольняют. По ТК это законно? Смотрел статью 81", [("tk", "81", None, None)]),
    ("Статья 18, 5 дней прошло", [(None, "18", None, None)]),
    ("купил за 18 рублей, ст. метро", []),
    ("стоит 500, статьи расходов", []),
    ("Здравствуйте!", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), FORMS, ids=[text for text, _ in FORMS])
def test_forms(text: str, expected: list[tuple[str | None, str, str | None, str | None]]) -> None:
    assert [(r.act, r.article, r.part, r.point) for r in find_references(text)] == expected


@pytest.mark.parametrize("text", [text for text, expected in FORMS if expected])
def test_a_reference_shows_where_it_stands(text: str) -> None:
    sentence = f"Слышал, что {text}, верно?"
    for reference in find_references(sentence):
        assert reference.article.split(".")[0].split("-")[0] in sentence[reference.start : reference.end] or (
            "-" in sentence[reference.start : reference.end] or "–" in sentence[reference.start : reference.end]
        )


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("по Трудовому кодексу и ГК РФ", ["tk", "gk"]),
        ("44-ФЗ", ["goszakupki"]),
        ("по 44 фз", ["goszakupki"]),
        ("63-ФЗ", []),  # of 1996, 2002 and 2011
        ("закон «Об оружии»", ["oruzhie"]),
        ("вопрос о защите прав потребителей", []),
        ("Кодекса Республики Казахстан об административных правонарушениях", []),
    ],
)
def test_mentions(text: str, acts: list[str]) -> None:
    assert [mention.act for mention in find_mentions(text)] == acts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Что говорит ст. 15 ФЗ о связи?", "ФЗ о связи"),
        (
            "ст. 15 Федерального закона о связи и информатизации что значит",
            "Федерального закона о связи и информатизации",
        ),
        ("ст. 15 Федерального закона от 07.07.2003 № 126-ФЗ «О связи»", "126-ФЗ «О связи»"),
        ("закон «О ветеринарии», ст. 3", "закон «О ветеринарии»"),
        ("ФЗ № 126, статья 5", "ФЗ № 126"),
        ("ст. 1 ФЗ № 126-ФЗ", "126-ФЗ"),
        ("статья 5 закона 146-ФЗ", None),  # known, but one of two
        ("ст. 5 закона об оружии", None),
        ("ст. 5 закона о том, что", None),
        ("ст. 15 ФЗ", None),
    ],
)
def test_an_article_of_an_unknown_act(text: str, name: str | None) -> None:
    [reference] = find_references(text)
    assert (reference.stranger and reference.stranger.name) == name
    assert name is None or reference.act is None


def test_two_letters_that_may_mean_another_thing_are_not_sure() -> None:
    assert [m.sure for m in find_mentions("ук не чинит крышу; УК РФ строг")] == [False, True]


@given(st.text(alphabet="ст. п.ч18,-–и «»ТКРФзаконое№\n"))
def test_any_text_gives_references_that_lie_in_it(text: str) -> None:
    for reference in find_references(text):
        assert 0 <= reference.start < reference.end <= len(text)
        assert reference.article[0].isdigit()


def test_rubbish_is_read_in_linear_time() -> None:
    """Four times of each is as long as a question may be."""
    chance = random.Random(1)
    rubbish = [
        "ст. 18 " * 700, "ст " * 1_600, "1, " * 1_600, "ст. 1" + ", 1" * 1_600, "Закон о защите " * 320,
        "1." * 2_500, "1-" * 2_500, "ст. 1" + " " * 4_990, "(" * 5_000, "фз " * 1_600, "1 " + " " * 4_900 + "фз",
        "ст. 1 ФЗ о связи " * 280, "закон о " * 620, "126-ФЗ " * 700,
        "от 1.1.2001 № 146-ФЗ " * 230, "".join(chance.choice("абвгд .ст1") for _ in range(5_000)),
    ]  # fmt: skip
    for text in rubbish:
        assert_linear(find_references, text)
