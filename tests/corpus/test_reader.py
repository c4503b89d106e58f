"""Acts as a reader opens them: contents, places, neighbours, dates."""

from __future__ import annotations

import datetime as dt

import pytest

from advakod.corpus import queries, reader
from advakod.corpus.contents import contents
from advakod.corpus.errors import ActNotLoadedError, EditionNotLoadedError, NoSuchProvisionError
from advakod.corpus.model import ContentsLine
from advakod.law.acts import by_id
from advakod.law.model import ActIdentity, ActStatus, Kind, Provision
from advakod.storage import Database
from tests.corpus.conftest import save

DAY = dt.date(2023, 8, 4)


def lines(database: Database, act: str) -> list[ContentsLine]:
    with database.reading() as connection:
        return [line for e in reader.editions_on(connection, act) for line in contents(connection, e)]


# -- over real acts -------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["zozpp", "sk", "kzot_rsfsr", "pdd", "gk"])
def test_the_contents_hold_every_article_once(database: Database, act: str) -> None:
    shown = lines(database, act)
    with database.reading() as connection:
        editions = reader.editions_on(connection, act)
        units = [u for e in editions for u in queries.article_texts(connection, e)]
    assert sum(line.kind is Kind.ARTICLE for line in shown) == sum(e.articles for e in editions)
    assert [line.address for line in shown if line.place] == [u.provisions[0].address for u in units]
    assert [line.level for line in shown if line.place] == [len(u.path) for u in units]
    assert [line.repealed for line in shown if line.place] == [u.repealed for u in units]
    assert all(line.title for line in shown)


@pytest.mark.parametrize("act", ["zozpp", "pdd"])
def test_every_place_is_readable_and_the_neighbours_are_one_chain(database: Database, act: str) -> None:
    readable = [(line.place, line.title) for line in lines(database, act) if line.place]
    with database.reading() as connection:
        [edition] = reader.editions_on(connection, act)
        texts = list(queries.article_texts(connection, edition))
        read = [reader.read(connection, act, place) for place, _ in readable]
    assert [reading.text for reading in read] == texts
    assert [reading.place for reading in read] == [place for place, _ in readable]
    before = [(r.previous.place, r.previous.title) if r.previous else None for r in read]
    after = [(r.next.place, r.next.title) if r.next else None for r in read]
    assert before == [None, *readable[:-1]]
    assert after == [*readable[1:], None]


def test_the_neighbours_run_on_over_the_parts_of_a_code(database: Database) -> None:
    with database.reading() as connection:
        last, first = (reader.read(connection, "gk", number) for number in ("1224", "1225"))
        assert (last.edition.document_id, first.edition.document_id) == ("gk-3", "gk-4")
        assert last.next is not None
        assert last.next.place == "1225"
        assert first.previous is not None
        assert first.previous.title.startswith("Статья 1224. ")
        assert reader.read(connection, "gk", "1110").previous is None


@pytest.mark.parametrize(
    ("act", "asked", "place", "focus"),
    [
        ("zozpp", "18", "18", None),
        ("zozpp", "st18", "18", None),
        ("zozpp", "ST18/P1/abz3", "18", "st18/p1/abz3"),
        ("zozpp", "pre", "pre", None),
        ("zozpp", "23¹", "23.1", None),
        ("pdd", "10.3", "10.3", None),
        ("pdd", "p10.3", "10.3", None),
        ("pdd", "p1.2/abz7", "1.2", "p1.2/abz7"),
        ("pdd", "pril/p8/abz3", "pril/p8", "pril/p8/abz3"),
        ("pdd", "pril~2/par1/p1.5", "pril~2/par1/p1.5", None),
    ],
)
def test_a_place_opens_the_whole_unit_that_holds_it(
    database: Database, act: str, asked: str, place: str, focus: str | None
) -> None:
    with database.reading() as connection:
        reading = reader.read(connection, act, asked)
    assert (reading.place, reading.focus) == (place, focus)
    assert focus is None or focus in [p.address for p in reading.text.provisions]


@pytest.mark.parametrize("place", ["99999", "st18/p99", "gl2", "abz1", "", "\0", "1" * 5000, "ст18"])
def test_what_is_not_there_is_said(database: Database, place: str) -> None:
    with database.reading() as connection, pytest.raises(NoSuchProvisionError):
        reader.read(connection, "zozpp", place)


def test_points_are_told_apart_by_their_first_words(database: Database) -> None:
    by_place = {line.place: line for line in lines(database, "pdd")}
    assert by_place["2.7"].title == "2.7. Водителю запрещается:"
    assert by_place["10.2"].title.startswith("10.2. В населенных пунктах разрешается движение")
    assert by_place["10.2"].title.endswith("…")
    assert len(by_place["10.2"].title) < 110


def test_acts_with_their_documents(database: Database) -> None:
    with database.reading() as connection:
        found = {act.id: act for act in queries.acts(connection)}
    assert list(found)[-1] == "kzot_rsfsr"  # repealed: the last
    assert found["kzot_rsfsr"].status is ActStatus.REPEALED
    assert (found["gk"].number, [d.id for d in found["gk"].documents]) == ("51-ФЗ", ["gk-3", "gk-4"])
    assert [e.articles for e in found["zozpp"].documents[0].editions] == [54]


# -- over an act of our own -----------------------------------------------------------------------


def known(act: str, part: int = 0) -> ActIdentity:
    found = by_id(act)
    assert found is not None
    return found.identity(found.document(part))


OWN = [
    Provision("gl1", Kind.CHAPTER, "1", "Общее", "", -1),
    Provision("st1", Kind.ARTICLE, "1", "Начало", "", 0),
    Provision("st1/p1", Kind.POINT, "1", "1.", "Первое правило.", 1),
    Provision("st2", Kind.ARTICLE, "2", "", "", 0, ("(Утратила силу)",), repealed=True),
    Provision("gl2", Kind.CHAPTER, "2", "Особое", "Глава со своими словами.", -1),
    Provision("st3", Kind.ARTICLE, "3", "Конец", "Весь текст.", 4),
    Provision("st3~2", Kind.ARTICLE, "3", "Конец", "Текст будущей редакции.", 4),
    Provision("gl3", Kind.CHAPTER, "3", "", "", -1, ("(Утратила силу)",), repealed=True),
]


def test_repealed_twice_printed_and_containers_with_words(empty: Database) -> None:
    save(empty, known("zozpp"), OWN, DAY)
    shown = lines(empty, "zozpp")
    assert [line.place for line in shown] == [None, "1", "2", "gl2", "3", "st3~2", None]
    assert [line.title for line in shown][:3] == ["Глава 1. Общее", "Статья 1. Начало", "Статья 2"]
    assert [line.repealed for line in shown] == [False, False, True, False, False, False, True]
    with empty.reading() as connection:
        chapter = reader.read(connection, "zozpp", "gl2")
        repealed = reader.read(connection, "zozpp", "2")
        second = reader.read(connection, "zozpp", "st3~2")
    assert (chapter.text.text, chapter.focus) == ("Глава со своими словами.", None)
    assert chapter.previous is not None
    assert chapter.next is not None
    assert (chapter.previous.place, chapter.next.place) == ("2", "3")
    assert (repealed.text.repealed, repealed.text.provisions[0].notes) == (True, ("(Утратила силу)",))
    assert (second.text.text, second.next) == ("Текст будущей редакции.", None)


def test_a_date_asks_for_the_edition_of_that_day(empty: Database) -> None:
    save(empty, known("gk", 1), OWN, DAY)
    save(empty, known("gk", 2), [Provision("st454", Kind.ARTICLE, "454", "Договор", "Текст.", -1)], dt.date(2022, 1, 1))
    with empty.reading() as connection:
        assert reader.read(connection, "gk", "1").next is not None
        assert [e.part for e in reader.editions_on(connection, "gk")] == [1, 2]
        assert [e.part for e in reader.editions_on(connection, "gk", DAY)] == [1]
        reading = reader.read(connection, "gk", "st3~2", DAY)
        assert reading.next is None  # part 2 is not known to apply then
        for place in ("454", "999"):  # whether 999 was there nobody knows
            with pytest.raises(EditionNotLoadedError, match=r"gk-2 on 2023-08-04") as refused:
                reader.read(connection, "gk", place, DAY)
        assert "от 01.01.2022" in refused.value.message
        with pytest.raises(EditionNotLoadedError):
            reader.editions_on(connection, "gk", dt.date(1990, 1, 1))


@pytest.mark.parametrize(
    ("act", "said"), [("upk", "Уголовно-процессуальный кодекс"), ("nope", "Такой акт"), ("\0", "")]
)
def test_an_act_that_is_not_loaded(empty: Database, act: str, said: str) -> None:
    with empty.reading() as connection:
        for look in (reader.act, reader.editions_on):
            with pytest.raises(ActNotLoadedError) as refused:
                look(connection, act)
            assert said in refused.value.message
        with pytest.raises(ActNotLoadedError):
            reader.read(connection, act, "1")
        assert queries.acts(connection) == []
