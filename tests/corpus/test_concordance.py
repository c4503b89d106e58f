"""Words found inside one edition."""

from __future__ import annotations

import dataclasses
import datetime as dt
from functools import partial

import pytest

from advakod.corpus.concordance import EXCERPT, Concordance, Concordances, Unit, excerpt
from advakod.corpus.model import Edition
from advakod.law.model import ActStatus
from advakod.russian import tokens

UNITS = [
    Unit("1", "Статья 1. Общие положения", (), "Договор заключается между сторонами.\nСрок — 10 дней."),
    Unit("2", "Статья 2. Расторжение договора", ("Глава 1",), "Стороны вправе его прекратить."),
    Unit("312.1", "Статья 312.1. Работа", (), "Расторжение по просьбе. Договором определён срок."),
    Unit("4", "Статья 4. Исключения", (), "Порядок расторжения договора устанавливает закон, и ёлки тоже."),
]
BOOK = Concordance(UNITS)


def found(q: str) -> list[str]:
    matches = BOOK.find(tokens(q), q)
    return [match.unit.place for match in sorted(matches, key=lambda match: match.rank)]


@pytest.mark.parametrize(
    ("q", "places"),
    [
        ("договор", ["2", "1", "312.1", "4"]),  # in the title, then in reading order
        ("договоров", ["2", "1", "312.1", "4"]),
        ("расторжение договора", ["2", "312.1", "4", "1"]),  # the phrase, all the words, one of them
        ("расторжения договора", ["4", "2", "312.1", "1"]),
        ("день", ["1"]),
        ("10", ["1"]),
        ("312.1", ["312.1"]),
        ("312", []),
        ("ЕЛКА", ["4"]),
        ("квартира", []),
        ("", []),
    ],
)
def test_the_phrase_first_then_the_most_words(q: str, places: list[str]) -> None:
    assert found(q) == places


def test_a_unit_is_found_at_its_place() -> None:
    assert BOOK.at("312.1") is UNITS[2]
    assert BOOK.at("312") is None


def test_an_excerpt_shows_the_words_between_whole_words() -> None:
    text = "Слова до него. " * 30 + "Здесь договор расторгнут судом. " + "И после него. " * 30
    shown = excerpt(text, ["расторгнуть", "договором"])
    assert "договор расторгнут судом" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) <= EXCERPT + 2
    assert shown.strip("…") in text


def test_an_excerpt_prefers_the_place_with_the_most_words() -> None:
    text = "Договор. " + "Другие слова закона. " * 30 + "Срок договора истек. " + "Ещё слова закона. " * 30
    assert "Срок договора истек" in excerpt(text, ["срок", "договор"])


@pytest.mark.parametrize("text", ["", "Короткий текст.", "слово" * 100, "строка\n" * 200])
def test_any_text_has_an_excerpt(text: str) -> None:
    shown = excerpt(text, ["нет", "таких"])
    assert len(shown) <= EXCERPT + 2
    assert "\n" not in shown


def test_what_was_read_lately_is_kept() -> None:
    day = dt.date(2023, 1, 1)
    first = Edition(1, "x", "x", "Закон", "О", None, "1-ФЗ", 0, ActStatus.IN_FORCE, day, None, None, 4, "f", "0", 0.0)
    replaced = dataclasses.replace(first, source_sha256="1")  # under the id of the one before
    kept = Concordances(kept=2)
    read: list[Edition] = []

    def units(edition: Edition) -> list[Unit]:
        read.append(edition)
        return UNITS

    for edition in (first, first, replaced, first, dataclasses.replace(first, id=2), replaced):
        kept.of(edition, partial(units, edition))
    assert [(e.id, e.source_sha256) for e in read] == [(1, "0"), (1, "1"), (2, "0"), (1, "1")]
