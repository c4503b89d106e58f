"""Places as people and links write them."""

from __future__ import annotations

import datetime as dt

import pytest

from advakod.corpus.model import Edition
from advakod.corpus.places import address_at, place_of
from advakod.law.model import ActStatus


def edition(articles: int) -> Edition:
    day = dt.date(2023, 1, 1)
    return Edition(
        1, "x", "x", "Закон", "О", None, "1-ФЗ", 0, ActStatus.IN_FORCE, day, None, None, articles, "f", "0", 0.0
    )


IN_ARTICLES, IN_POINTS = edition(10), edition(0)


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("18", "st18"),
        (" 18. ", "st18"),
        ("312.1", "st312.1"),
        ("312¹", "st312.1"),
        ("348.11–1", "st348.11-1"),
        ("5(1)", "st5.1"),
        ("018", "st18"),
        ("pre", "pre"),
        ("ST18/P1", "st18/p1"),
        ("/st18/p1/", "st18/p1"),
        ("st312¹/ch2", "st312.1/ch2"),
        ("pril~2/par1/p1.5", "pril~2/par1/p1.5"),
    ],
)
def test_a_place_names_an_address(place: str, address: str) -> None:
    assert address_at(IN_ARTICLES, place) == address


def test_a_number_is_a_point_where_there_are_no_articles() -> None:
    assert address_at(IN_POINTS, "10.3") == "p10.3"
    assert address_at(IN_POINTS, "st10.3") == "st10.3"


@pytest.mark.parametrize("place", ["", "/", " ", "а", "ст. 18", "\0", "st18\0", "18;drop", "🦊", "p" * 201])
def test_what_can_be_no_place_is_not_looked_for(place: str) -> None:
    assert address_at(IN_ARTICLES, place) is None


@pytest.mark.parametrize(
    ("held", "address", "number", "place"),
    [
        (IN_ARTICLES, "st312.1", "312.1", "312.1"),
        (IN_ARTICLES, "st5~2", "5", "st5~2"),
        (IN_ARTICLES, "pre", "", "pre"),
        (IN_ARTICLES, "pril/p1", "1", "pril/p1"),
        (IN_POINTS, "p10.3", "10.3", "10.3"),
        (IN_POINTS, "pril/p1", "1", "pril/p1"),
    ],
)
def test_a_unit_has_a_place_that_leads_back_to_it(held: Edition, address: str, number: str, place: str) -> None:
    assert place_of(held, address, number) == place
    assert address_at(held, place) == address
