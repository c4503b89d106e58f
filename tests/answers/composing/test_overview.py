from __future__ import annotations

from advakod.answers.composing import excerpt, is_broad, overview
from advakod.answers.composing.relevance import gives_right
from tests.answers.acts import source


def test_what_is_broad() -> None:
    assert is_broad("Расскажи подробно о правах потребителя")
    assert is_broad("Какие права у работника?")
    assert not is_broad("Можно ли вернуть куртку?")


def test_an_overview_prefers_what_gives_people_rights() -> None:
    watched = "Орган надзора осуществляет надзор за соблюдением прав потребителей."
    rights = "Потребитель вправе:\nпотребовать замены;\nпотребовать возврата денег."
    found = [
        source(1, "zozpp", "40", watched, title="Надзор в области защиты прав потребителей"),
        source(2, "zozpp", "18", rights, title="Права потребителя при обнаружении недостатков"),
    ]
    assert [(s.n, s.article) for s in overview("Расскажи о правах потребителя", found, 1)] == [(1, "18")]


def test_who_may() -> None:
    assert gives_right("Потребитель, если это не оговорено продавцом, вправе требовать замены.")
    assert not gives_right("По жалобе потребителя продавец вправе провести проверку.")


def test_an_excerpt_is_whole_blocks_of_the_part_that_matters() -> None:
    text = "\n".join(f"{n}. Правило номер {n} говорит о предмете {n * 7}." for n in range(1, 100))
    found = excerpt("Что с предметом 350?", text, 300)
    assert "50. Правило номер 50 говорит о предмете 350." in found.splitlines()
    assert len(found) <= 300
    assert excerpt("?", "короткий текст", 300) == "короткий текст"
