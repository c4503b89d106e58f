from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from advakod.law.guide import Guide
from advakod.law.model import ActIdentity
from advakod.search import NoticeCode, Search, SearchResult
from advakod.storage import Database
from tests.search.conftest import SVYAZ, TK, load


def found(result: SearchResult) -> list[tuple[str, str]]:
    return [(hit.act, hit.article) for hit in result.hits]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("возвратом уплаченных сумм", ("zozpp", "18")),
        ("предупредил об уходе", ("tk", "80")),
        ("уволили за прогулы", ("tk", "81")),
        ("Сколько ждать деньги за утюг?", ("zozpp", "22")),  # «утюг» stands in the guide alone
        ("дистанционно", ("tk", "312.1")),
    ],
)
def test_other_forms_of_the_words_find_the_article(search: Search, query: str, first: tuple[str, str]) -> None:
    assert found(search.search(query))[0] == first


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("ст. 18 ЗоЗПП", ("zozpp", "18")),
        ("81 тк", ("tk", "81")),
        ("статья 312.1 Трудового кодекса: прогул", ("tk", "312.1")),
        ("прогул, а не ст. 80 ТК РФ?", ("tk", "80")),
    ],
)
def test_an_article_named_by_its_number_goes_first(search: Search, query: str, first: tuple[str, str]) -> None:
    result = search.search(query)
    assert found(result)[0] == first
    assert result.hits[0].exact
    assert result.answerable
    assert result.confidence == 1.0


def test_articles_are_distinct_and_no_more_than_asked_for(search: Search) -> None:
    result = search.search("товар потребитель работник договор работа", limit=3)
    assert len(found(result)) == len(set(found(result))) == 3


def test_a_hit_says_where_it_comes_from(search: Search) -> None:
    hit = search.search("ст. 18 ЗоЗПП").hits[0]
    assert hit.act_title == "Закон РФ «О защите прав потребителей»"
    assert hit.address == "ru/zozpp@2023-08-04/st18"
    assert hit.edition_date == dt.date(2023, 8, 4)
    assert hit.text.startswith("1. Потребитель вправе") or hit.text.startswith("Потребитель вправе")
    assert "Продавец проверяет качество." in hit.text
    assert hit.passages == (hit.text,)
    assert not hit.summary


def test_a_named_act_comes_forward(search: Search) -> None:
    assert {act for act, _ in found(search.search("договор и работа по Трудовому кодексу", limit=3))} == {"tk"}


def test_a_repealed_act_is_offered_only_by_name(search: Search) -> None:
    assert ("kzot_rsfsr", "33") not in found(search.search("администрация уволила за прогул"))
    named = search.search("КЗоТ увольнение за прогул")
    assert named.hits[0].act == "kzot_rsfsr"
    assert named.hits[0].repealed


def test_a_repealed_article_is_offered_only_by_its_number(search: Search) -> None:
    assert ("tk", "90") not in found(search.search("утратила силу"))
    hit = search.search("ст. 90 ТК").hits[0]
    assert hit.article == "90"
    assert hit.repealed


@pytest.mark.parametrize("query", ["", " ", "?!", "и на в", "\x00", "🙂" * 30])
def test_nothing_to_look_for_finds_nothing(search: Search, query: str) -> None:
    result = search.search(query)
    assert result.hits == ()
    assert not result.answerable
    assert [notice.code for notice in result.notices] == [NoticeCode.EMPTY]


@pytest.mark.parametrize("query", ["How do I return a broken phone?", "devolución 14"])
def test_a_question_in_another_language_is_told_so(search: Search, query: str) -> None:
    result = search.search(query)
    assert (result.hits, result.answerable) == ((), False)
    assert [notice.code for notice in result.notices] == [NoticeCode.NOT_RUSSIAN]


@pytest.mark.parametrize(
    "query", ["Сосед занял деньги и не отдаёт", "Какой сейчас МРОТ?", "Можно ли не пристёгиваться?"]
)
def test_trouble_is_never_called_no_matter_of_law(search: Search, query: str) -> None:
    assert not search.search(query).has(NoticeCode.NOT_LAW)


@pytest.mark.parametrize(
    "query",
    ["heading:товар AND (", "товар~2 [a TO z] *", '"товар', "-товар +(", "товар^99 \\", "a" * 20_000, "слово " * 4_000],
)
def test_query_syntax_is_only_words(search: Search, query: str) -> None:
    plain = search.search("товар")
    assert set(found(search.search(query))) <= set(found(plain))


def test_figures_of_the_guide_stand_only_beside_the_text_they_are_from(search: Search) -> None:
    same, changed = search.search("ст. 22 и 25 ЗоЗПП").hits[:2]
    assert same.figures == ("Срок — десять дней.",)
    assert changed.figures == ()
    assert changed.guide == "Подходящую вещь меняют, если она не подошла."


def test_without_any_text_the_guide_answers(database: Database, guide: Guide, tmp_path: Path) -> None:
    result = Search(database, tmp_path, guide=guide).search("не подошло платье")
    hit = result.hits[0]
    assert (hit.act, hit.article, hit.summary) == ("zozpp", "25", True)
    assert hit.address == "ru/zozpp@2023-08-04/st25"
    assert hit.text == "Подходящую вещь меняют, если она не подошла."
    assert hit.figures == ()  # no loaded text that they could be held against
    assert result.has(NoticeCode.SUMMARIES)


def test_summaries_leave_when_their_act_is_loaded(search: Search) -> None:
    assert not any(hit.summary for hit in search.search("товар деньги вещь обмен").hits)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("Какая неустойка по закону Беларуси?", NoticeCode.FOREIGN),
        ("Сколько дней отпуск в Республике Казахстан?", NoticeCode.FOREIGN),
        ("Что говорит закон о связи Беларуси?", NoticeCode.FOREIGN),
        ("рецепт борща со сметаной", NoticeCode.NOT_LAW),
        ("что говорит закон об оружии", NoticeCode.ACT_NOT_LOADED),
        ("ст. 999 ТК РФ", NoticeCode.NO_SUCH_ARTICLE),
    ],
)
def test_what_cannot_be_answered_is_said(search: Search, query: str, code: NoticeCode) -> None:
    result = search.search(query)
    assert result.has(code)
    assert not result.answerable
    assert all(notice.message for notice in result.notices)


@pytest.mark.parametrize("query", ["Купил в магазине товар из Китая", "гражданин Узбекистана работает в России"])
def test_another_state_mentioned_is_not_its_law(search: Search, query: str) -> None:
    assert not search.search(query).has(NoticeCode.FOREIGN)


def test_a_date_chooses_the_edition(loaded: Database, guide: Guide, tmp_path: Path) -> None:
    old = {**TK, "80": ("Расторжение по инициативе работника", "Работник предупреждает об уходе за месяц.")}
    load(
        loaded, "tk", old, edition=dt.date(2020, 1, 1),
        in_force_from=dt.date(2020, 1, 1), in_force_to=dt.date(2023, 8, 3),
    )  # fmt: skip
    search = Search(loaded, tmp_path, guide=guide)
    assert "две недели" in search.search("ст. 80 ТК").hits[0].text
    then = search.search("ст. 80 ТК", on=dt.date(2021, 5, 5))
    assert "за месяц" in then.hits[0].text
    assert then.hits[0].edition_date == dt.date(2020, 1, 1)
    never = search.search("ст. 80 ТК", on=dt.date(1999, 1, 1))
    assert never.hits == ()
    assert never.has(NoticeCode.EDITION_NOT_LOADED)
    assert not never.has(NoticeCode.NO_SUCH_ARTICLE)  # nobody knows: no text of that day was looked into
    assert [notice.message for notice in never.notices] == [
        "Редакция на 01.01.1999 не загружена; ближайшая загруженная — ТК РФ, от 01.01.2020."
    ]  # nothing about acts that nobody asked for


def test_after_the_last_edition_it_is_shown_as_the_nearest(search: Search) -> None:
    later = search.search("расторгает договор при прогуле работника", on=dt.date(2023, 9, 1))
    assert found(later)[0] == ("tk", "81")
    assert later.answerable
    assert [notice.message for notice in later.notices] == [
        "Точная редакция на 01.09.2023 неизвестна: показана ближайшая загруженная, от 04.08.2023 (ТК РФ)."
    ]
    assert search.search("расторгает договор при прогуле работника", on=dt.date(2023, 8, 4)).notices == ()


def test_before_the_first_edition_nothing_is_shown_and_nothing_is_blamed_on_the_question(search: Search) -> None:
    early = search.search("расторгает договор при прогуле работника", on=dt.date(1999, 1, 1))
    assert (early.hits, early.answerable, early.confidence) == ((), False, 0.0)
    assert [notice.code for notice in early.notices] == [NoticeCode.EDITION_NOT_LOADED]
    assert "ТК РФ, от 04.08.2023" in early.notices[0].message


def test_a_text_known_to_have_ended_is_not_shown(database: Database, guide: Guide, tmp_path: Path) -> None:
    load(database, "tk", TK, in_force_to=dt.date(2023, 12, 31))
    result = Search(database, tmp_path, guide=guide).search("ст. 81 ТК", on=dt.date(2024, 2, 1))
    assert result.hits == ()
    assert "Редакция на 01.02.2024 не загружена" in result.notices[0].message


def test_one_notice_names_the_parts_of_a_code(loaded: Database, guide: Guide, tmp_path: Path) -> None:
    load(loaded, "gk", {"1": ("Прогул", "Прогул работника по найму.")}, part=1)
    result = Search(loaded, tmp_path, guide=guide).search("прогул", on=dt.date(2024, 1, 1))
    [notice] = result.notices
    assert "ТК РФ, от 04.08.2023" in notice.message
    assert "ГК РФ, часть 1, от 04.08.2023" in notice.message
    assert "потребител" not in notice.message


@pytest.mark.parametrize(
    "query",
    [
        "Что говорит ст. 15 ФЗ о связи?",
        "закон о связи",
        "ст. 15 Федерального закона от 7 июля 2003 г. № 126-ФЗ «О связи»",
        "ФЗ № 126, статья 5",
        "Что говорит ст. 15 закона об оружии?",
        "закон об оружии",
    ],
)
def test_an_act_that_is_not_loaded_brings_no_other(search: Search, query: str) -> None:
    result = search.search(query)
    assert (result.hits, result.answerable) == ((), False)
    assert [notice.code for notice in result.notices] == [NoticeCode.ACT_NOT_LOADED]


def test_what_else_is_asked_beside_an_absent_act_is_looked_for(search: Search) -> None:
    result = search.search("Уволили за прогул по ст. 15 ФЗ о связи и ст. 80 ТК РФ")
    assert found(result)[:2] == [("tk", "80"), ("tk", "81")]
    assert result.has(NoticeCode.ACT_NOT_LOADED)


@pytest.mark.parametrize(
    "query", ["ст. 5 ФЗ о связи", "ст. 5 закона № 126-ФЗ", "ФЗ «О связи», статья 5", "закон о связи"]
)
def test_a_loaded_act_that_the_registry_does_not_know_is_found_by_its_name(
    loaded: Database, guide: Guide, tmp_path: Path, query: str
) -> None:
    load(
        loaded,
        ActIdentity("fz-2003-07-07-126-fz", "Федеральный закон", "О связи", "126-ФЗ", dt.date(2003, 7, 7)),
        SVYAZ,
    )
    result = Search(loaded, tmp_path, guide=guide).search(query)
    assert found(result)[0] == ("fz-2003-07-07-126-fz", "5")
    assert not result.has(NoticeCode.ACT_NOT_LOADED)


def test_threads_search_together(search: Search) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: found(search.search("возврат денег за товар")), range(64)))
    assert results[0]
    assert all(result == results[0] for result in results)
