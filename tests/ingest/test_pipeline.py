"""Ingest: the same file twice, newer editions, failures, crashes, a full disk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from advakod.corpus import queries
from advakod.ingest.model import FileOutcome, IngestOptions, Progress, Stage, Status
from advakod.ingest.pipeline import ingest
from advakod.law.model import ActStatus
from advakod.storage import schema
from advakod.storage.database import Database

Law = Callable[..., Path]


def one(database: Database, path: Path, **options: Any) -> FileOutcome:
    [outcome] = ingest(database, [path], IngestOptions(**options))
    return outcome


def test_a_law_is_added_with_its_facts(database: Database, law: Law) -> None:
    outcome = one(database, law())
    assert (outcome.status, outcome.act) == (Status.ADDED, "fz-2020-07-31-999-fz")
    assert outcome.address == "ru/fz-2020-07-31-999-fz@2021-02-01"
    assert (outcome.articles, outcome.edition_date, outcome.warnings) == (2, dt.date(2021, 2, 1), ())
    with database.reading() as connection:
        [edition] = queries.editions(connection)
        assert (edition.number, edition.act_date) == ("999-ФЗ", dt.date(2020, 7, 31))
        assert edition.source_name == "law.txt"


def test_the_same_file_twice_changes_nothing(database: Database, law: Law) -> None:
    one(database, law())
    before = snapshot(database)
    assert one(database, law()).status is Status.UNCHANGED
    assert one(database, law("other-name.txt")).status is Status.UNCHANGED
    assert one(database, law(), title="О проверке загрузки").status is Status.UNCHANGED
    assert snapshot(database) == before


def test_the_same_words_in_other_bytes_change_nothing(database: Database, law: Law) -> None:
    one(database, law())
    before = snapshot(database)
    path = law()
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1251"))
    assert one(database, path).status is Status.UNCHANGED
    assert snapshot(database) == before


def test_a_newer_edition_is_added_beside_the_older(database: Database, law: Law) -> None:
    one(database, law())
    assert one(database, law(edition="05.06.2022", words="Он стал длиннее.")).status is Status.ADDED
    with database.reading() as connection:
        dates = [e.edition_date for e in queries.editions(connection)]
        [current] = queries.current_editions(connection)
    assert dates == [dt.date(2022, 6, 5), dt.date(2021, 2, 1)]
    assert current.edition_date == dt.date(2022, 6, 5)


def test_another_text_of_a_stored_edition_is_refused_unless_it_may_replace(database: Database, law: Law) -> None:
    one(database, law())
    before = snapshot(database)
    refused = one(database, law(words="Совсем другое."))
    assert (refused.status, refused.code) == (Status.FAILED, "edition_conflict")
    assert "01.02.2021" in refused.message
    assert snapshot(database) == before
    assert one(database, law(words="Совсем другое."), replace=True).status is Status.ADDED
    with database.reading() as connection:
        [edition] = queries.editions(connection)
        texts = [p.text for p in queries.provisions(connection, edition.id)]
    assert "Совсем другое." in texts
    assert "Он краток." not in texts


def test_a_failed_file_changes_nothing_and_the_rest_goes_on(database: Database, law: Law, tmp_path: Path) -> None:
    (tmp_path / "laws").mkdir()
    (tmp_path / "laws" / "a.pdf").write_bytes(b"%PDF-1.7 rubbish")
    law("laws/b.txt")
    (tmp_path / "laws" / "c.txt").write_bytes(b"")
    outcomes = ingest(database, [tmp_path / "laws"])
    assert [o.status for o in outcomes] == [Status.FAILED, Status.ADDED, Status.FAILED]
    assert len(snapshot(database)["edition"]) == 1


def test_options_stand_above_the_text(database: Database, law: Law) -> None:
    outcome = one(
        database,
        law(),
        act="moy-zakon",
        title="О своём",
        number="5-ОЗ",
        date=dt.date(2019, 1, 2),
        edition_date=dt.date(2024, 1, 1),
        in_force_from=dt.date(2024, 2, 1),
        status=ActStatus.FOREIGN,
    )
    assert (outcome.act, outcome.edition_date) == ("moy-zakon", dt.date(2024, 1, 1))
    with database.reading() as connection:
        [edition] = queries.editions(connection)
    assert (edition.act_title, edition.number, edition.status) == ("О своём", "5-ОЗ", ActStatus.FOREIGN)
    assert edition.in_force_from == dt.date(2024, 2, 1)


def test_a_date_given_later_dates_the_edition_that_is_there(database: Database, law: Law) -> None:
    path = law()
    path.write_text(path.read_text("utf-8").replace("(в ред. Федеральных законов от 01.02.2021 N 1-ФЗ)\n", ""), "utf-8")
    path.write_text(path.read_text("utf-8").replace("31 июля 2020 года\n", ""), "utf-8")
    undated = one(database, path, act="moy-zakon")
    assert (undated.status, undated.edition_date) == (Status.ADDED, None)
    day = dt.date(2021, 2, 1)
    assert one(database, path, act="moy-zakon", edition_date=day).status is Status.UPDATED
    with database.reading() as connection:
        [edition] = queries.editions(connection)
    assert edition.edition_date == day
    assert one(database, path, act="moy-zakon", edition_date=day).status is Status.UNCHANGED
    assert one(database, path, act="moy-zakon").status is Status.UNCHANGED  # nor does it lose its date again
    assert generation(database) == 2


def test_an_act_without_articles_and_points_is_stored_when_it_is_named(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "ukaz.txt"
    path.write_text("О празднике\n" + "Установить праздничный день для всех работников организации.\n" * 3, "utf-8")
    assert one(database, path).code == "not_an_act"
    outcome = one(database, path, act="ukaz-o-prazdnike", title="О празднике")
    assert (outcome.status, outcome.articles) == (Status.ADDED, 0)
    with database.reading() as connection:
        [edition] = queries.editions(connection)
        [text] = queries.article_texts(connection, edition)
    assert "Установить праздничный день" in text.text


def test_an_undivided_text_of_short_lines_loses_none(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("О празднике\nПрисвоить звание героя труда.\nВручить награду работнику.\n", "utf-8")
    assert one(database, path, act="ukaz-o-geroe", title="О герое").status is Status.ADDED
    with database.reading() as connection:
        [edition] = queries.editions(connection)
        [text] = queries.article_texts(connection, edition)
    assert "Вручить награду" in text.text


def test_number_and_date_name_a_known_act(database: Database, law: Law) -> None:
    assert one(database, law(), number="146-ФЗ", date=dt.date(2001, 11, 26)).act == "gk"
    with database.reading() as connection:
        assert [e.document_id for e in queries.editions(connection)] == ["gk-3"]


def test_dates_of_force_can_be_given_later(database: Database, law: Law) -> None:
    one(database, law())
    assert one(database, law(), in_force_from=dt.date(2021, 3, 1)).status is Status.UPDATED
    assert one(database, law(), in_force_from=dt.date(2021, 3, 1)).status is Status.UNCHANGED
    with database.reading() as connection:
        assert [e.edition_date for e in queries.current_editions(connection, dt.date(2024, 1, 1))] == [
            dt.date(2021, 2, 1)
        ]


def test_generation_counts_changes_only(database: Database, law: Law) -> None:
    assert generation(database) == 0
    one(database, law())
    assert generation(database) == 1
    one(database, law())
    one(database, law(words="Конфликт."))
    assert generation(database) == 1
    one(database, law(edition="05.06.2022"))
    assert generation(database) == 2


def test_readers_never_see_half_an_edition(database: Database, law: Law) -> None:
    seen: list[int] = []

    def look(progress: Progress) -> None:
        if progress.stage is Stage.STORING:
            with database.reading() as connection:
                seen.append(len(queries.editions(connection)))

    ingest(database, [law()], on_progress=look)
    assert set(seen) == {0}
    assert len(seen) >= 2


def test_a_crash_leaves_nothing_that_the_next_ingest_does_not_clear(database: Database, law: Law) -> None:
    def crash(progress: Progress) -> None:
        if progress.share > 0 and progress.stage is Stage.STORING:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(database, [law()], on_progress=crash)
    with database.reading() as connection:
        assert queries.editions(connection) == []
        assert connection.scalar(select(func.count()).select_from(schema.edition)) == 1
    assert one(database, law()).status is Status.ADDED
    assert len(snapshot(database)["edition"]) == 1


def test_of_two_ingests_of_one_document_the_later_wins(database: Database, law: Law) -> None:
    outcomes: list[FileOutcome] = []

    def intrude(progress: Progress) -> None:
        if progress.stage is Stage.STORING and not outcomes:
            outcomes.append(FileOutcome(progress.path, Status.FAILED))  # once
            outcomes[:] = ingest(database, [progress.path])

    for share in (0.0, 1.0):
        outcomes.clear()
        path = law(edition=f"0{1 + int(share)}.02.2021")
        [first] = ingest(database, [path], on_progress=lambda p, at=share: intrude(p) if p.share == at else None)  # type: ignore[misc]
        assert [o.status for o in outcomes] == [Status.ADDED]
        assert (first.status is Status.UNCHANGED) or first.code == "being_ingested"
    with database.reading() as connection:
        assert [e.articles for e in queries.editions(connection)] == [2, 2]


def test_a_full_disk_fails_the_file_and_loses_nothing(database: Database, law: Law) -> None:
    one(database, law())
    before = snapshot(database)
    with database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 4}")

    event.listen(database.engine, "connect", limit)
    database.engine.dispose()
    outcome = one(database, law("big.txt", edition="05.06.2022", words="Очень длинно. " * 20_000))
    event.remove(database.engine, "connect", limit)
    database.engine.dispose()
    assert (outcome.status, outcome.code) == (Status.FAILED, "storage_unavailable")
    with database.reading() as connection:
        assert len(queries.editions(connection)) == 1
    assert one(database, law()).status is Status.UNCHANGED
    assert snapshot(database)["provision"][: len(before["provision"])] == before["provision"]


def test_a_status_once_given_stays(database: Database, law: Law) -> None:
    one(database, law(), status=ActStatus.REPEALED)
    one(database, law(edition="05.06.2022"))
    with database.reading() as connection:
        assert {e.status for e in queries.editions(connection)} == {ActStatus.REPEALED}


def test_both_kinds_of_database(database_url: str, law: Law) -> None:
    database = Database(database_url).open()
    try:
        assert one(database, law()).status is Status.ADDED
        assert one(database, law()).status is Status.UNCHANGED
        assert one(database, law(words="Другой.")).code == "edition_conflict"
        assert one(database, law(words="Другой."), replace=True).status is Status.ADDED
        assert one(database, law(edition="05.06.2022")).status is Status.ADDED
        assert generation(database) == 3
        with database.reading() as connection:
            assert [e.in_force_to for e in queries.editions(connection)] == [None, dt.date(2022, 6, 4)]
            article = queries.article(connection, "fz-2020-07-31-999-fz", "1")
        assert article is not None
        assert article.text.endswith("2. Он краток.")
    finally:
        database.close()


def test_progress_tells_every_stage(database: Database, law: Law) -> None:
    reports: list[Progress] = []
    ingest(database, [law("a.txt"), law("b.txt", words="Другое.", edition="05.06.2022")], on_progress=reports.append)
    assert [(r.index, r.stage) for r in reports if r.stage is not Stage.STORING] == [
        (0, Stage.READING),
        (0, Stage.DONE),
        (1, Stage.READING),
        (1, Stage.DONE),
    ]
    assert all(r.total == 2 for r in reports)
    assert reports[-1].outcome is not None


def test_an_earlier_edition_ends_where_a_newer_one_lists_a_change(database: Database, corpus_dir: Path) -> None:
    files = [next((corpus_dir / "statutes").glob(name)) for name in ("nk1_1*", "nk1_prev*")]
    assert [o.articles for o in ingest(database, files)] == [267, 266]
    with database.reading() as connection:
        newer, older = queries.editions(connection)
        assert (older.edition_date, older.in_force_to) == (dt.date(2023, 5, 29), dt.date(2023, 6, 23))
        assert newer.in_force_to is None
        assert queries.current_editions(connection) == [newer]
        assert queries.current_editions(connection, dt.date(2023, 6, 15)) == [older]
        [choice] = queries.choose_editions(connection, dt.date(2010, 1, 1))
        assert (choice.edition, choice.nearest) == (None, older)


def snapshot(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    tables = (schema.act, schema.document, schema.edition, schema.provision, schema.meta)
    with database.reading() as connection:
        return {t.name: [tuple(row) for row in connection.execute(select(t).order_by(*t.primary_key))] for t in tables}


def generation(database: Database) -> int:
    with database.reading() as connection:
        return queries.generation(connection)
