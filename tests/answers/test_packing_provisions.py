"""Which parts of provisions are given, when not all of them can be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from advakod.answers import packing
from tests.answers.acts import source

QUESTION = "Можно ли вернуть товар в течение семи дней?"
LIST = (
    "1. Потребитель при обнаружении недостатков товара по своему выбору вправе:\n"
    + "\n".join(f"требование номер {n} о судьбе имущества и о прочих делах стороны договора;" for n in range(12))
    + "\nвернуть товар в течение семи дней и получить уплаченные деньги.\n"
    "2. Ничего из этого не касается посторонних лиц и их дел."
)
SOURCES = (
    source(1, "zozpp", "18", LIST, title="Права"),
    source(
        2, "gk", "10", "1. Злоупотребление правом не допускается.\n2. Товар возвращают в семь дней.", title="Пределы"
    ),
    source(3, "zozpp", "5", "", title="Пустая"),
)


def packed(room: int) -> packing.Packed:
    units = packing.units_of(QUESTION, SOURCES)
    sizes = [len(unit.text.split()) for unit in units]
    return packing.by_tokens(SOURCES, units, [6] * len(SOURCES), sizes, room)


def test_of_a_long_list_the_items_that_matter_with_the_words_that_lead_to_them() -> None:
    given = packed(60)
    assert given.sources[0].article == "18"
    assert given.texts[0].startswith("1. Потребитель при обнаружении недостатков товара по своему выбору вправе:")
    assert "вернуть товар в течение семи дней" in given.texts[0]
    assert "[…]" in given.texts[0]


@given(st.integers(0, 400))
@settings(deadline=None)
def test_never_more_than_there_is_room_for(room: int) -> None:
    given = packed(room)
    assert given.tokens <= room
    assert sum(len(text.split()) for text in given.texts) <= room
    assert [s.n for s in given.sources] == list(range(1, len(given.texts) + 1))


def test_all_of_it_where_there_is_room() -> None:
    given = packed(400)
    assert [s.article for s in given.sources][:2] == ["18", "10"]
    assert "номер 11" in given.texts[0]


def test_the_beginning_of_the_best_where_not_one_block_fits() -> None:
    given = packed(16)
    assert len(given.texts) <= 1
    assert packed(3) == packing.Packed((), (), 0)
