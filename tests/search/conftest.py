"""A small corpus of our own words, stored the way ingest stores."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select

from advakod.corpus.queries import GENERATION_KEY, generation
from advakod.law.acts import by_id
from advakod.law.guide import Guide, read_guide, text_hash
from advakod.law.model import ActIdentity
from advakod.search import Search
from advakod.storage import Database
from advakod.storage import schema as s

Articles = Mapping[str, tuple[str, str]]  # number: (heading, text, a line a provision)

ZOZPP: Articles = {
    "18": (
        "Права потребителя при обнаружении в товаре недостатков",
        "1. Потребитель вправе потребовать замены товара либо возврата уплаченной суммы.\n"
        "2. Продавец проверяет качество.",
    ),
    "22": ("Сроки удовлетворения требований", "Требование о возврате денег удовлетворяется в течение десяти дней."),
    "25": ("Право на обмен товара надлежащего качества", "Потребитель вправе обменять непродовольственный товар."),
}
TK: Articles = {
    "80": ("Расторжение по инициативе работника", "Работник предупреждает работодателя об уходе за две недели."),
    "81": ("Расторжение по инициативе работодателя", "Работодатель расторгает договор при прогуле работника."),
    "312.1": ("Дистанционная работа", "Дистанционной является работа вне места нахождения работодателя."),
    "90": ("", "Утратила силу."),
}
KZOT: Articles = {"33": ("Увольнение администрацией", "Администрация увольняет рабочего за прогул без причин.")}
SVYAZ: Articles = {"5": ("Собственность на сети связи", "Сети и средства связи создаются на основе собственности.")}
GUIDE = f"""
[act]
id = "zozpp"
edition_date = 2023-08-04
[[entry]]
article = "22"
title = "Сроки удовлетворения требований"
summary = "Магазин отдаёт деньги за бракованную вещь быстро."
figures = ["Срок — десять дней."]
questions = ["Сколько ждать денежки за сломанный утюг?"]
text_hash = "{text_hash(ZOZPP["22"][1])}"
[[entry]]
article = "25"
title = "Обмен"
summary = "Подходящую вещь меняют, если она не подошла."
figures = ["Обмен — четырнадцать дней."]
questions = ["Платье не подошло по размеру, поменяют ли?"]
text_hash = "0000000000000000"
"""
SUBJECTS = """
[[subject]]
kind = "not_law"
name = "Кулинария"
about = "Рецепты блюд."
questions = ["Как сварить борщ?", "Дай рецепт борща.", "Что приготовить со сметаной?"]

[[subject]]
act = "oruzhie"
name = "Закон об оружии"
about = "Оружие и лицензии."
questions = ["Как получить лицензию на ружьё?"]

[[subject]]
act = "nk"
witness = "220"
name = "Налоговый кодекс, часть вторая"
about = "Налоговые вычеты."
questions = ["Как получить вычет за квартиру?"]
"""


def load(
    database: Database, act: str | ActIdentity, articles: Articles, *, edition: dt.date = dt.date(2023, 8, 4),
    part: int = 0, **facts: object,
) -> None:  # fmt: skip
    """Store an edition of an act, a known one by its id, and count the corpus's generation up."""
    if isinstance(act, str):
        known = by_id(act)
        assert known is not None
        act = known.identity(known.document(part))
    database.write_sync(lambda connection: _load(connection, act, articles, edition, facts))


def _load(
    c: Connection, identity: ActIdentity, articles: Articles, edition: dt.date, facts: Mapping[str, object]
) -> None:
    act = identity.id
    document = f"{act}-{identity.part}" if identity.part else act
    if c.scalar(select(s.act.c.id).where(s.act.c.id == act)) is None:
        shared = {"title": identity.title, "number": identity.number, "date": identity.date}
        c.execute(insert(s.act).values(id=act, type=identity.type, status=identity.status.value, **shared))
        c.execute(insert(s.document).values(id=document, act_id=act, part=identity.part, **shared))
    row = {"document_id": document, "edition_date": edition, "source_name": "test", "source_sha256": f"{act}{edition}"}
    row |= {"articles": len(articles), "ingested_at": time.time(), "complete": True, **facts}
    key = c.execute(insert(s.edition).values(row)).inserted_primary_key
    assert key is not None
    rows: list[dict[str, object]] = []
    for number, (heading, text) in articles.items():
        parent = len(rows)
        rows.append(_provision(key[0], parent, f"st{number}", "st", number, heading, "", -1, text == "Утратила силу."))
        for line, words in enumerate(text.split("\n"), 1):
            address = f"st{number}/ch{line}"
            rows.append(_provision(key[0], len(rows), address, "ch", str(line), "", words, parent, repealed=False))
    c.execute(insert(s.provision), rows)
    count = generation(c) + 1
    c.execute(delete(s.meta).where(s.meta.c.key == GENERATION_KEY))
    c.execute(insert(s.meta).values(key=GENERATION_KEY, value=str(count)))


def _provision(
    edition: int, ordinal: int, address: str, kind: str, number: str, heading: str, text: str, parent: int,
    repealed: bool,
) -> dict[str, object]:  # fmt: skip
    return {
        "edition_id": edition, "ordinal": ordinal, "address": address, "kind": kind, "number": number,
        "heading": heading, "text": text, "notes": [], "parent": parent, "repealed": repealed,
    }  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'advakod.db'}").open()
    yield database
    database.close()


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    folder = tmp_path / "guide"
    folder.mkdir()
    (folder / "zozpp.toml").write_text(GUIDE, "utf-8")
    (folder / "subjects.toml").write_text(SUBJECTS, "utf-8")
    return read_guide(folder)


@pytest.fixture
def loaded(database: Database) -> Database:
    """Two acts in force and one that was repealed."""
    load(database, "zozpp", ZOZPP)
    load(database, "tk", TK)
    load(database, "kzot_rsfsr", KZOT, edition=dt.date(1971, 12, 9))
    return database


@pytest.fixture
def search(loaded: Database, guide: Guide, tmp_path: Path) -> Iterator[Search]:
    search = Search(loaded, tmp_path, guide=guide)
    yield search
    search.close()
