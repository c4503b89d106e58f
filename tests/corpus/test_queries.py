"""What is loaded, as readers see it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from advakod.corpus import queries
from advakod.corpus.model import Edition
from advakod.ingest.model import IngestOptions
from advakod.ingest.pipeline import ingest
from advakod.law.model import ActStatus, Kind
from advakod.storage.database import Database


def test_editions_carry_their_acts_facts(database: Database) -> None:
    with database.reading() as connection:
        found = {e.document_id: e for e in queries.editions(connection)}
    assert set(found) == {"zozpp", "sk", "kzot_rsfsr", "pdd", "gk-3", "gk-4"}
    assert found["kzot_rsfsr"].status is ActStatus.REPEALED
    assert (found["gk-3"].act_id, found["gk-3"].number, found["gk-3"].part) == ("gk", "146-ФЗ", 3)
    assert found["gk-3"].address == "ru/gk@2023-07-24"
    assert found["zozpp"].articles == 54


def test_an_article_is_put_together_as_it_is_read(database: Database) -> None:
    with database.reading() as connection:
        article = queries.article(connection, "zozpp", "18")
    assert article is not None
    assert article.address == "ru/zozpp@2023-08-04/st18"
    assert article.heading == "Права потребителя при обнаружении в товаре недостатков"
    assert article.path == ("Глава II. ЗАЩИТА ПРАВ ПОТРЕБИТЕЛЕЙ ПРИ ПРОДАЖЕ ТОВАРОВ ПОТРЕБИТЕЛЯМ",)
    lines = article.text.split("\n")
    assert lines[0].startswith("1. Потребитель в случае обнаружения")
    assert lines[1].startswith("потребовать замены на товар этой же марки")
    assert "в ред." not in article.text
    assert article.provisions[0].kind is Kind.ARTICLE


def test_an_article_is_found_in_its_part_of_a_code(database: Database) -> None:
    with database.reading() as connection:
        article = queries.article(connection, "gk", "1225")
        assert article is not None
        assert article.document_id == "gk-4"
        assert queries.article(connection, "gk", "10") is None
        assert queries.article(connection, "nope", "1") is None


def test_the_preamble_and_points_are_units_too(database: Database) -> None:
    with database.reading() as connection:
        preamble = queries.unit(connection, "zozpp", "pre")
        point = queries.unit(connection, "pdd", "p2.1.1")
    assert preamble is not None
    assert preamble.kind is Kind.PREAMBLE
    assert "потребитель - гражданин" in preamble.text
    assert point is not None
    assert point.path == ("Раздел 2. Общие обязанности водителей",)
    assert point.text.startswith("Иметь при себе")


def test_streamed_units_hold_every_provision_once(database: Database) -> None:
    with database.reading() as connection:
        for edition in queries.editions(connection):
            provisions = queries.provisions(connection, edition.id)
            units = list(queries.article_texts(connection, edition))
            streamed = [p for u in units for p in u.provisions]
            containers = [p for p in provisions if not p.text and p not in streamed]
            assert len(streamed) + len(containers) == len(provisions)
            assert sum(u.kind is Kind.ARTICLE for u in units) == edition.articles
            assert all(u.provisions[0] == provisions[u.ordinal] for u in units)


def test_streamed_and_single_articles_are_the_same(database: Database) -> None:
    with database.reading() as connection:
        [sk] = [e for e in queries.editions(connection) if e.document_id == "sk"]
        for text in queries.article_texts(connection, sk):
            assert queries.unit_of(connection, sk, text.provisions[0].address) == text


def edition(start: dt.date | None, given: dt.date | None = None, end: dt.date | None = None) -> Edition:
    return Edition(
        1, "tk", "tk", "Кодекс", "ТК", None, "197-ФЗ", 0, ActStatus.IN_FORCE, start, given, end, 1, "f", "0", 0.0
    )


JANUARY, MARCH, MAY, JULY = (dt.date(2023, month, 1) for month in (1, 3, 5, 7))


@pytest.mark.parametrize(
    ("found", "day", "known"),
    [
        (edition(MARCH), JANUARY, False),
        (edition(MARCH), MARCH, True),
        (edition(MARCH), MAY, False),  # nothing says that no change came between
        (edition(MARCH, end=MAY), MAY, True),
        (edition(MARCH, end=MAY), JULY, False),
        (edition(MARCH, given=MAY), MARCH, False),
        (edition(MARCH, given=MAY), JULY, True),
        (edition(None), MAY, False),
    ],
)
def test_when_an_edition_is_known_to_apply(found: Edition, day: dt.date, known: bool) -> None:
    assert found.known_on(day) is known


@pytest.mark.parametrize(
    ("day", "edition", "nearest", "likely"),
    [
        (dt.date(2020, 5, 1), None, 2021, False),  # before all
        (dt.date(2021, 2, 1), 2021, 2021, False),
        (dt.date(2021, 5, 1), None, 2021, True),
        (dt.date(2023, 5, 1), None, 2022, True),  # the last one that began
    ],
)
def test_the_nearest_earlier_edition_is_likely(
    tmp_path: Path, day: dt.date, edition: int | None, nearest: int, likely: bool
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'advakod.db'}").open()
    for year in (2021, 2022):
        path = tmp_path / f"{year}.txt"
        path.write_text("Статья 1. О работе\n" + f"Работник отдыхает {year} часов в году, не меньше.\n" * 3, "utf-8")
        [stored] = ingest(database, [path], IngestOptions(act="tk", edition_date=dt.date(year, 2, 1)))
        assert not stored.code
    with database.reading() as connection:
        [choice] = queries.choose_editions(connection, day)
    database.close()
    found = choice.edition and choice.edition.edition_date
    assert (found and found.year, choice.likely) == (edition, likely)
    assert choice.nearest.edition_date == dt.date(nearest, 2, 1)
    assert (choice.shown is None) == (edition is None and not likely)
