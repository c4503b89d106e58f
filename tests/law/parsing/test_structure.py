"""Small texts: layouts and cases that the real acts have only here and there."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.law.model import ActStatus, Kind, ParsedDocument, Provision
from advakod.law.parsing import NotAnActError, UnknownActError, parse
from advakod.law.parsing.paragraphs import from_lines, is_note
from advakod.law.parsing.text import lines_of

HEADER = """
ФЕДЕРАЛЬНЫЙ ЗАКОН
О проверке разбора
Принят Государственной Думой 1 июля 2020 года
(в ред. Федеральных законов от 01.02.2021 N 1-ФЗ,
от 03.04.2022 N 2-ФЗ (ред. 09.09.2023),
с изм., внесенными Постановлением Конституционного Суда РФ от 05.05.2022 N 20-П)
"""
FOOT = "Президент\nРоссийской Федерации\nВ.ПУТИН\nМосква, Кремль\n31 июля 2020 года\nN 999-ФЗ\n"


def document(body: str, head: str = HEADER, foot: str = FOOT) -> ParsedDocument:
    return parse(from_lines(lines_of(head + body + foot))).document


def units(body: str) -> dict[str, Provision]:
    return {p.address: p for p in document(body).provisions}


def test_an_unknown_law_is_recognised_from_its_frame() -> None:
    found = document("Статья 1. Предмет\n1. Текст пункта.\n2. Другой текст.\n")
    assert (found.act.id, found.act.number, found.act.date) == ("fz-2020-07-31-999-fz", "999-ФЗ", dt.date(2020, 7, 31))
    assert found.act.type == "Федеральный закон"
    assert found.act.title == "О проверке разбора"
    assert found.edition_date == dt.date(2022, 5, 5)


def test_an_original_text_has_the_date_of_its_signing() -> None:
    found = document("Статья 1. Предмет\nТекст.\n", head="ФЕДЕРАЛЬНЫЙ ЗАКОН\nО проверке\n")
    assert found.edition_date == dt.date(2020, 7, 31)


def test_a_foreign_code_is_foreign() -> None:
    head = "ТРУДОВОЙ КОДЕКС РЕСПУБЛИКИ КАЗАХСТАН\n23 ноября 2015 года\nN 414-V\n"
    found = document("Статья 1. Понятия\nТекст статьи.\n", head=head, foot="")
    assert found.act.status is ActStatus.FOREIGN
    assert found.act.id != "tk"


def test_parts_and_points_are_named_as_the_act_names_them() -> None:
    parts = units("Статья 1. А\n1. Первая.\n2. Как в части 1 настоящей статьи:\n1) раз;\nа) буква;\n2) два.\n")
    assert {"st1/ch1", "st1/ch2/p1", "st1/ch2/p1/ppa", "st1/ch2/p2"} <= set(parts)
    points = units("Статья 1. А\n1. Первый.\n2. Как в пункте 1 настоящей статьи:\n1) раз;\n2) два.\n")
    assert {"st1/p1", "st1/p2/pp1", "st1/p2/pp2"} <= set(points)


def test_words_after_a_list_go_back_to_the_point() -> None:
    found = units("Статья 1. А\n1. Можно:\n1) раз;\n2) два.\nЭти слова о пункте.\n2. Второй.\n")
    assert found["st1/p1/abz2"].text == "Эти слова о пункте."


def test_words_between_items_stay_in_the_item() -> None:
    found = units("Статья 1. А\n1. Можно:\n1) раз.\nПродолжение первого.\n2) два.\n2. Второй.\n")
    assert found["st1/p1/pp1/abz2"].text == "Продолжение первого."


def test_notes_are_apart_wherever_they_stand() -> None:
    found = units(
        "Статья 1. А\n(в ред. Федерального закона от 01.02.2021 N 1-ФЗ)\n"
        "1. Слова (в скобках). (в ред. Федерального закона от 01.02.2021 N 1-ФЗ)\n"
        "2. Вторые слова.\n(п. 2 введен Федеральным законом от 01.02.2021 N 1-ФЗ)\n"
    )
    assert found["st1"].notes == ("(в ред. Федерального закона от 01.02.2021 N 1-ФЗ)",)
    assert found["st1/p1"].text == "Слова (в скобках)."
    assert found["st1/p1"].notes == ("(в ред. Федерального закона от 01.02.2021 N 1-ФЗ)",)
    assert found["st1/p2"].notes == ("(п. 2 введен Федеральным законом от 01.02.2021 N 1-ФЗ)",)


def test_an_editors_note_belongs_to_what_follows() -> None:
    found = units(
        "Статья 1. А\nТекст.\n\nКонсультантПлюс: примечание.\nО применении статьи 2 см. письмо.\n\n"
        "Статья 2. Б\nТекст.\n"
    )
    assert found["st2"].notes == ("КонсультантПлюс: примечание. О применении статьи 2 см. письмо.",)
    assert found["st1"].notes == ()


def test_repealed_units() -> None:
    found = units(
        "Статья 1. Утратила силу. - Федеральный закон от 01.02.2021 N 1-ФЗ.\n"
        "Статья 2. Б\n1. Утратил силу. - Федеральный закон от 01.02.2021 N 1-ФЗ.\n2. Живой.\n"
    )
    assert (found["st1"].repealed, found["st1"].heading) == (True, "")
    assert (found["st2"].repealed, found["st2/p1"].repealed, found["st2/p2"].repealed) == (False, True, False)


def test_two_versions_of_an_article_are_both_kept() -> None:
    body = "Статья 1. А\nСтарый текст.\nСтатья 1. А\nНовый текст.\n"
    found = document(body)
    assert [a.address for a in found.articles] == ["st1", "st1~2"]
    assert "дважды" in found.warnings[0]


def test_chapters_and_paragraphs() -> None:
    found = units(
        "Раздел I. ОБЩЕЕ\nГлава 1.1. Первая\n§ 1. Начало\nСтатья 1. А\nТекст.\n§ 2. Конец\nСтатья 2. Б\nТекст.\n"
    )
    assert [found[a].kind for a in ("razd1", "gl1.1", "gl1.1/par1", "gl1.1/par2")] == [
        Kind.SECTION,
        Kind.CHAPTER,
        Kind.PARAGRAPH,
        Kind.PARAGRAPH,
    ]
    assert found["razd1"].number == "I"


def test_a_reference_at_the_start_of_a_line_is_no_heading() -> None:
    found = document("Статья 1. А\nСтатья 15 настоящего Закона применяется всегда.\n")
    assert [a.number for a in found.articles] == ["1"]


def test_short_paragraphs_are_not_taken_for_wrapped_lines() -> None:
    lines = [f"Статья {n}. Предмет\n1. Настоящий закон определяет основы.\n2. Иное." for n in range(1, 20)]
    assert len([line for line in lines_of("\n".join(lines)) if line]) == 3 * 19


def test_wrapped_lines_without_indents_break_at_headings_and_numbers() -> None:
    text = "Статья 5. О праве\n1. Настоящий закон\nопределяет основы.\n2. Иное."
    assert lines_of(text, wrapped=True)[1:] == [
        "Статья 5. О праве",
        "1. Настоящий закон определяет основы.",
        "2. Иное.",
    ]


def test_hard_wrapped_lines_are_joined() -> None:
    wrapped = "\n".join(["     Статья 5. Недействительность условий, которые хуже", "               законных", ""])
    line = "     Условия договоров, которые хуже закона, не дей-\nствуют по Закону N 250-\nФЗ и являются такими всегда."
    lines = [x for x in lines_of(wrapped + "\n" + line, wrapped=True) if x]
    assert lines[0] == "Статья 5. Недействительность условий, которые хуже законных"
    assert lines[1].endswith("N 250-ФЗ и являются такими всегда.")


LINES = st.sampled_from(
    [
        "Раздел II. Особенное",
        "Глава 3. Иное",
        "§ 1. Начало",
        "Статья 7. Название статьи",
        "Статья 7.1. Утратила силу. - Федеральный закон от 01.02.2021 N 1-ФЗ.",
        "1. Первое положение:",
        "2. Второе положение.",
        "1) перечисление;",
        "2) второе перечисление.",
        "а) буква;",
        "Обычные слова с большой буквы.",
        "обычные слова с маленькой буквы;",
        "Примечание. Слова примечания.",
        "Примечания. 1. Первое примечание.",
        "наказывается штрафом.",
        "абзац утратил силу. - Федеральный закон от 01.02.2021 N 1-ФЗ;",
        "(в ред. Федерального закона от 01.02.2021 N 1-ФЗ)",
        "КонсультантПлюс: примечание.",
        "ЧАСТЬ ВТОРАЯ",
        "Приложение. ПЕРЕЧЕНЬ",
        "",
    ]
)


@given(st.lists(LINES, max_size=30))
def test_any_order_of_units_keeps_every_word_once(lines: list[str]) -> None:
    body = ["Статья 1. Начало", *lines]
    found = document("\n".join(body) + "\n", foot="31 июля 2020 года\n", head="N 5-ФЗ от 31.07.2020\n" + HEADER)
    words = Counter(re.findall(r"\w{3,}", " ".join([*body, "31 июля 2020 года"]).casefold()))
    printed = (" ".join((p.heading, p.text, *p.notes)) for p in found.provisions)
    kept = Counter(re.findall(r"\w{3,}", " ".join(printed).casefold()))
    for word in ("статья", "раздел", "глава", "приложение"):  # printed by the unit's kind
        words.pop(word, None)
        kept.pop(word, None)
    assert kept == words
    assert len({p.address for p in found.provisions}) == len(found.provisions)
    assert all(-1 <= p.parent < i for i, p in enumerate(found.provisions))


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "\r\r\n"])
def test_all_line_ends_are_read(ends: str) -> None:
    body = "Статья 1. А\nТекст.\nСтатья 2. Б\nТекст.\n"
    paragraphs = from_lines(lines_of((HEADER + body + FOOT).replace("\n", ends)))
    assert len(parse(paragraphs).document.articles) == 2


def test_a_text_without_units_is_no_act() -> None:
    with pytest.raises(NotAnActError):
        document("Просто письмо без статей и пунктов.\n", foot="")


def test_an_act_without_a_name_is_asked_for() -> None:
    with pytest.raises(UnknownActError):
        document("Статья 1. А\nТекст.\n", head="", foot="")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(в ред. Федерального закона от 01.02.2021 N 1-ФЗ)", True),
        ("(часть 5 введена Федеральным законом от 23.07.2013 N 196-ФЗ)", True),
        ("(Дополнение статьей - Федеральный закон от 30.12.2021 № 476-ФЗ)", True),
        ("(займодавец) передает деньги (другие вещи)", False),
        ("(часть имущества)", False),
    ],
)
def test_what_is_a_note(text: str, expected: bool) -> None:
    assert is_note(text) is expected
