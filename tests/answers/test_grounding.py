from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advakod.answers import grounding
from advakod.answers.model import Citation, Context
from advakod.engine.interface import Source
from advakod.law.model import Kind, Provision
from advakod.storage import Database
from tests.answers.acts import article, known, save, source


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """ЗоЗПП with articles 18–20 and the repealed 26, ГК part 1 with 10 and 18, the repealed КЗоТ."""
    folder: Path = tmp_path_factory.mktemp("law")
    database = Database(f"sqlite:///{folder / 'law.db'}").open()
    save(
        database,
        known("zozpp"),
        article(
            "18", "Права потребителя", "Потребитель вправе потребовать замены.", "Требования предъявляются продавцу."
        ),
        article("19", "Сроки", "Сроки предъявления требований."),
        article("20", "Устранение недостатков", "Недостатки устраняются незамедлительно."),
        article("26", "Утратила силу", repealed=True),
    )
    save(
        database,
        known("gk", 1),
        article("10", "Пределы", "Не допускаются."),
        article("18", "Правоспособность", "Граждане."),
    )
    save(database, known("kzot_rsfsr"), article("33", "Расторжение", "Может быть."), edition=dt.date(1971, 12, 9))
    yield database
    database.close()


ZOZPP_18 = source(1, "zozpp", "18", title="Права потребителя")
GK_10 = source(2, "gk", "10")


def check(law: Database, text: str, *sources: Source, as_of: dt.date | None = None) -> list[Citation]:
    with law.reading() as connection:
        return grounding.check(connection, text, Context(sources=sources), as_of)


def verdicts(law: Database, text: str, *sources: Source) -> list[str]:
    return [citation.verdict for citation in check(law, text, *sources)]


def test_reference_and_number_are_two_citations_with_places_of_their_own(law: Database) -> None:
    text = "Можно вернуть товар (п. 1 ст. 18 ЗоЗПП) [1]."
    named, numbered = check(law, text, ZOZPP_18)
    assert (named.verdict, numbered.verdict) == ("verified", "verified")
    assert text[named.start : named.end] == named.text == "п. 1 ст. 18"
    assert text[numbered.start : numbered.end] == numbered.text == "[1]"
    assert named.address == "ru/zozpp@2023-08-04/st18/p1"
    assert numbered.address == "ru/zozpp@2023-08-04/st18"
    assert (named.source, named.title, named.edition_date) == (1, "Права потребителя", "2023-08-04")


def test_repeated_references_stay_repeated(law: Database) -> None:
    found = check(law, "Да [1]. Нет [1][1].", ZOZPP_18)
    assert [c.start for c in found] == [3, 12, 15]


def test_every_number_of_a_group_is_a_citation(law: Database) -> None:
    found = check(law, "Так [1, 2] и [1–2]", ZOZPP_18, GK_10)
    assert [c.source for c in found] == [1, 2, 1, 2]
    assert [c.text for c in found[:2]] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("ст. 18 ЗоЗПП", "verified"),
        ("ст. 19 ЗоЗПП", "not_in_context"),
        ("ст. 99 ЗоЗПП", "no_such_provision"),
        ("п. 77 ст. 18 ЗоЗПП", "no_such_provision"),
        ("ст. 26 ЗоЗПП", "repealed"),
        ("ст. 33 КЗоТ РСФСР", "repealed"),
        ("ст. 81 ТК РФ", "act_not_loaded"),
        ("[7]", "no_such_provision"),
        ("статья 18", "verified"),
        ("статья 19", "not_in_context"),
        ("статья 99", "ambiguous"),
    ],
)
def test_verdicts(law: Database, text: str, verdict: str) -> None:
    assert verdicts(law, text, ZOZPP_18) == [verdict]


def test_a_bare_article_of_two_acts_is_ambiguous_until_a_number_tells_them_apart(law: Database) -> None:
    gk_18 = source(2, "gk", "18")
    assert verdicts(law, "По статье 18 можно.", ZOZPP_18, gk_18) == ["ambiguous"]
    found = check(law, "По статье 18 можно [2].", ZOZPP_18, gk_18)
    assert [(c.act, c.verdict) for c in found] == [("gk", "verified"), ("gk", "verified")]


def test_a_bare_article_without_sources_is_ambiguous(law: Database) -> None:
    assert verdicts(law, "По статье 18 можно.") == ["ambiguous"]


def test_a_quotation_means_its_own_act(law: Database) -> None:
    text = "Сроки установлены статьёй 20 настоящего Закона (ст. 18 ЗоЗПП) [1]. По ст. 10 ГК РФ [2]."
    found = check(law, text, ZOZPP_18, GK_10)
    assert (found[0].act, found[0].article, found[0].verdict) == ("zozpp", "20", "not_in_context")


def test_a_heading_has_nothing_to_do_with_the_line_above(law: Database) -> None:
    found = check(law, "Не допускается (ст. 10 ГК РФ) [2].\n\n### Статья 18. Права\n\nВправе [1].", ZOZPP_18, GK_10)
    assert [(c.act, c.article) for c in found if "18" in c.text] == [("zozpp", "18")]


def test_summaries_are_never_verified(law: Database) -> None:
    summary = source(1, "zozpp", "18", summary=True)
    assert verdicts(law, "ст. 18 ЗоЗПП [1]", summary) == ["summary", "summary"]


def test_a_source_whose_act_is_gone(law: Database) -> None:
    assert verdicts(law, "[1] и ст. 81 ТК РФ", source(1, "tk", "81")) == ["act_not_loaded", "act_not_loaded"]


def test_the_edition_that_was_used_decides(database: Database) -> None:
    old = dt.date(2023, 1, 1)
    save(database, known("zozpp"), article("18", "Старая", "Раз."), edition=old)
    save(database, known("zozpp"), article("18", "Новая", "Раз."), article("50", "Добавлена", "Раз."))
    used = source(1, "zozpp", "18", date=old)
    found = check(database, "ст. 18 ЗоЗПП [1], ст. 50 ЗоЗПП", used)
    assert [c.verdict for c in found] == ["verified", "verified", "no_such_provision"]
    assert found[0].address == "ru/zozpp@2023-01-01/st18"
    assert [c.verdict for c in check(database, "ст. 50 ЗоЗПП")] == ["not_in_context"]


def test_a_point_is_not_taken_for_an_article(law: Database) -> None:
    point = replace(source(1, "zozpp", "1"), address="ru/zozpp@2023-08-04/st18/p1")
    assert verdicts(law, "[1]", point) == ["verified"]
    assert verdicts(law, "ст. 1 ЗоЗПП", point) == ["no_such_provision"]


def test_an_act_in_points_is_cited_by_points(database: Database) -> None:
    point = Provision("p10.3", Kind.POINT, "10.3", "10.3.", "Вне населенных пунктов разрешается движение.", -1)
    save(database, known("pdd"), [point], edition=None)
    given_point = replace(source(1, "pdd", "10.3"), address="ru/pdd/p10.3", edition_date="")
    assert verdicts(database, "п. 10.3 ПДД [1]", given_point) == ["verified", "verified"]
    assert verdicts(database, "п. 99.9 ПДД", given_point) == ["no_such_provision"]


def test_nothing_cited_is_nothing_found(law: Database) -> None:
    assert check(law, "Норм не найдено.", ZOZPP_18) == []


PIECES = st.sampled_from(
    [
        "ст. ",
        "статья ",
        "п. ",
        "18",
        "[",
        "]",
        "1",
        ", ",
        "-",
        "–",
        "¹",
        "²",
        "٣",
        ".",
        "ЗоЗПП",
        "ТК РФ",
        "\n",
        " настоящего Закона ",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(text=st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join)))
def test_no_text_makes_it_fail(law: Database, text: str) -> None:
    for citation in check(law, text, ZOZPP_18, GK_10):
        assert text[citation.start : citation.end] == citation.text


def test_rubbish_costs_a_bounded_number_of_look_ups(law: Database) -> None:
    found = check(law, " ".join(f"ст. {n} ЗоЗПП;" for n in range(1, 3_000)), ZOZPP_18)
    assert 0 < len(found) <= grounding.MOST_UNITS
