"""The reader's API of a real server: small acts of our own, summaries of the guide, and one real act."""

from __future__ import annotations

import datetime as dt
import gzip
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from advakod.api.law import MOST_WORDS
from advakod.ingest.model import IngestOptions
from advakod.ingest.pipeline import ingest
from advakod.law.guide import load_guide
from advakod.storage import Database
from tests.support.http_json import PATIENCE, get
from tests.support.server import ServerProcess, scripted, start_server

TODAY = dt.datetime.now(tz=dt.UTC).date()
OLD, NEW = dt.date(2020, 1, 1), TODAY - dt.timedelta(1)
CODE = """Глава 1. Общие положения
Статья 1. Предмет
1. Работник отдыхает {hours} часов в сутки:
1) дома;
2) на даче.
2. Порядок отдыха устанавливает договор с работодателем.
Статья 2. - Утратила силу.
Статья 3.1. Удалённый отдых
Работник отдыхает там, где договор и порядок такого отдыха это позволяют.
"""
RULES = """1. Общие положения
1.1. Водитель уступает дорогу пешеходу.
1.2. Водителю запрещается превышать скорость.
2. Скорость
2.1. Скорость в городе невелика.
"""
REPEALED = "Статья 1. О труде\nТрудящийся имеет право на труд и на отдых, как сказано здесь.\n"


def load(folder: Path, name: str, text: str, act: str, edition: dt.date) -> None:
    path = folder / f"{name}.txt"
    path.write_text(text, "utf-8")
    _store(folder, [path], IngestOptions(act=act, edition_date=edition))


def _store(folder: Path, paths: Sequence[Path], options: IngestOptions) -> None:
    database = Database(f"sqlite:///{folder / 'var' / 'advakod.db'}").open()
    try:
        assert [outcome.code for outcome in ingest(database, paths, options)] == [""] * len(paths)
    finally:
        database.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("law")
    load(folder, "sk-old", CODE.format(hours=11), "sk", OLD)
    load(folder, "sk-new", CODE.format(hours=12), "sk", NEW)
    load(folder, "pdd", RULES, "pdd", OLD)
    load(folder, "kzot", REPEALED, "kzot_rsfsr", dt.date(1971, 12, 9))
    running = start_server(folder, scripted(folder, "Ответ."))
    yield running
    running.stop()


def law(server: ServerProcess, path: str = "", **query: object) -> Any:
    asked = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return get(server, f"/api/v1/law{quote(path, safe='/%')}?{asked}")


def refused(server: ServerProcess, path: str, **query: object) -> tuple[int, str, str]:
    with pytest.raises(urllib.error.HTTPError) as error:
        law(server, path, **query)
    with error.value as reply:
        said = orjson.loads(reply.read())["error"]
        return reply.code, said["code"], said["message"]


def test_what_is_loaded(server: ServerProcess) -> None:
    got = law(server)
    acts = {act["id"]: act for act in got["acts"]}
    assert (acts["sk"]["type"], acts["sk"]["number"], acts["sk"]["date"]) == ("Кодекс", "223-ФЗ", "1995-12-29")
    assert {name: act["status"] for name, act in acts.items()} == {
        "sk": "in_force",
        "pdd": "in_force",
        "kzot_rsfsr": "repealed",
    }
    [document] = acts["sk"]["documents"]
    assert [(e["edition_date"], e["old"], e["articles"]) for e in document["editions"]] == [
        (NEW.isoformat(), False, 3),
        (OLD.isoformat(), True, 3),
    ]
    guide = {act["id"]: act for act in got["guide"]}
    assert guide["zozpp"]["title"] == "Закон РФ «О защите прав потребителей»"
    assert guide["zozpp"]["articles"] == sum(e.act == "zozpp" for e in load_guide().entries)


def test_the_contents_of_an_act(server: ServerProcess) -> None:
    got = law(server, "/SK")
    assert (got["id"], got["summary"], got["documents"][0]["edition"]["edition_date"]) == ("sk", False, NEW.isoformat())
    lines = [(line["place"], line["title"], line["level"], line["repealed"]) for line in got["contents"]]
    assert lines == [
        (None, "Глава 1. Общие положения", 0, False),
        ("1", "Статья 1. Предмет", 1, False),
        ("2", "Статья 2", 1, True),
        ("3.1", "Статья 3.1. Удалённый отдых", 1, False),
    ]
    assert got["contents"][1] == {
        "place": "1", "address": "st1", "kind": "st", "number": "1", "title": "Статья 1. Предмет", "level": 1,
        "repealed": False, "document": "sk",
    }  # fmt: skip
    assert law(server, "/sk", on=OLD)["documents"][0]["edition"]["edition_date"] == OLD.isoformat()


def test_an_article_in_full(server: ServerProcess) -> None:
    got = law(server, "/sk/1")
    assert (got["act"]["id"], got["act"]["status"], got["edition"]["edition_date"]) == ("sk", "in_force", str(NEW))
    assert (got["place"], got["url"], got["address"]) == ("1", "/law/sk/1", f"ru/sk@{NEW}/st1")
    assert (got["title"], got["heading"], got["path"]) == (
        "Статья 1. Предмет", "Предмет", ["Глава 1. Общие положения"]
    )  # fmt: skip
    assert [(p["address"], p["label"], p["level"]) for p in got["provisions"]] == [
        ("st1", "", 0),
        ("st1/p1", "1.", 1),
        ("st1/p1/pp1", "1)", 2),
        ("st1/p1/pp2", "2)", 2),
        ("st1/p2", "2.", 1),
    ]
    assert "отдыхает 12 часов" in got["text"]
    assert (got["previous"], got["next"]) == (None, {"place": "2", "title": "Статья 2"})
    assert (got["focus"], got["summary"], got["repealed"]) == (None, False, False)
    assert got["guide"]["edition_date"] == "2023-07-31"  # of another text, and told so


def test_a_repealed_article_is_there_to_be_read(server: ServerProcess) -> None:
    got = law(server, "/sk/2")
    assert (got["repealed"], got["text"], got["next"]["place"]) == (True, "", "3.1")
    assert "Утратила силу" in got["provisions"][0]["notes"][0]


@pytest.mark.parametrize(
    ("path", "place", "focus"),
    [
        ("/sk/st1/p1/pp2", "1", "st1/p1/pp2"),
        ("/sk/ST1%2FP2", "1", "st1/p2"),
        ("/sk/3¹", "3.1", None),
        ("/sk/3.1/", "3.1", None),
        ("/pdd/2.1", "2.1", None),
    ],
)
def test_places_as_people_and_links_write_them(server: ServerProcess, path: str, place: str, focus: str | None) -> None:
    got = law(server, path)
    assert (got["place"], got["focus"]) == (place, focus)


def test_an_act_of_points(server: ServerProcess) -> None:
    got = law(server, "/pdd/1.2")
    assert (got["kind"], got["title"], got["heading"]) == ("p", "Пункт 1.2", "")
    assert got["provisions"][0]["label"] == "1.2."
    assert got["next"] == {"place": "2.1", "title": "2.1. Скорость в городе невелика."}


def test_a_repealed_act_says_so(server: ServerProcess) -> None:
    assert law(server, "/kzot_rsfsr/1")["act"]["status"] == "repealed"


def test_on_a_date(server: ServerProcess) -> None:
    assert "отдыхает 11 часов" in law(server, "/sk/1", on=OLD)["text"]
    status, code, message = refused(server, "/sk/1", on="1999-12-31")
    assert (status, code) == (404, "edition_not_loaded")
    assert "на 31.12.1999" in message
    assert "от 01.01.2020" in message
    assert refused(server, "/sk", on="1999-12-31")[1] == "edition_not_loaded"
    assert refused(server, "/sk/search", on="1999-12-31", q="отдых")[1] == "edition_not_loaded"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/sk/999", "no_such_provision"),
        ("/sk/st1/ch9", "no_such_provision"),
        ("/sk/gl1", "no_such_provision"),
        ("/sk/%00", "no_such_provision"),
        ("/sk/", "no_such_provision"),
        ("/zozpp/9999", "act_not_loaded"),
        ("/upk/1", "act_not_loaded"),
        ("/upk", "act_not_loaded"),
        ("/nothing/1", "act_not_loaded"),
        ("/%00", "act_not_loaded"),
    ],
)
def test_what_is_not_there(server: ServerProcess, path: str, code: str) -> None:
    assert refused(server, path)[:2] == (404, code)


def test_a_place_has_an_end(server: ServerProcess) -> None:
    assert refused(server, "/sk/" + "1" * 2_000)[:2] == (400, "invalid_request")


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_table_of_contents_is_packed_for_whoever_takes_it(server: ServerProcess, coding: str) -> None:
    asked = urllib.request.Request(f"{server.url}/api/v1/law/zozpp", headers={"accept-encoding": coding})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as reply:
        assert (reply.headers["content-encoding"] or "identity") == coding
        assert reply.headers["vary"] == "Accept-Encoding"
        body = reply.read()
    assert len(body) == int(reply.headers["content-length"])
    assert orjson.loads(gzip.decompress(body) if coding == "gzip" else body) == law(server, "/zozpp")


def test_search_inside_an_act(server: ServerProcess) -> None:
    got = law(server, "/sk/search", q="порядком отдыха")
    assert (got["total"], [hit["place"] for hit in got["hits"]]) == (2, ["3.1", "1"])
    got = law(server, "/sk/search", q="порядок отдыха", limit=1)
    assert (got["total"], got["hits"][0]["place"]) == (2, "1")
    assert "Порядок отдыха устанавливает" in got["hits"][0]["excerpt"]
    assert got["hits"][0]["path"] == ["Глава 1. Общие положения"]
    assert "11 часов" in law(server, "/sk/search", q="часы", on=OLD)["hits"][0]["excerpt"]
    assert law(server, "/sk/search", q='; -- \0 "')["hits"] == []


def test_a_search_looks_for_so_many_words_and_no_more(server: ServerProcess) -> None:
    others = [f"слово{letter}" for letter in "абвгдежзийклм"]
    assert law(server, "/sk/search", q=" ".join([*others[: MOST_WORDS - 1], "отдыха"]))["total"] > 0
    assert law(server, "/sk/search", q=" ".join([*others[:MOST_WORDS], "отдыха"]))["total"] == 0
    assert law(server, "/sk/search", q=" ".join(["отдыха"] * 25))["total"] > 0


@pytest.mark.parametrize("q", ["3.1", "3¹", "ст. 3.1", "статья 3.1", "Ст 3.1."])
def test_a_number_finds_its_article(server: ServerProcess, q: str) -> None:
    assert law(server, "/sk/search", q=q)["hits"][0]["place"] == "3.1"


def test_an_act_that_only_the_guide_knows(server: ServerProcess) -> None:
    act = law(server, "/zozpp")
    assert (act["summary"], act["documents"], act["type"]) == (True, [], "Закон РФ")
    places = [line["place"] for line in act["contents"]]
    at = places.index("18")
    got = law(server, "/zozpp/st18/p1")
    assert (got["place"], got["summary"], got["edition"], got["focus"]) == ("18", True, None, None)
    assert got["text"] == got["guide"]["summary"] == got["provisions"][0]["text"]
    assert got["guide"]["figures"] == []
    assert (got["previous"]["place"], got["next"]["place"]) == (places[at - 1], places[at + 1])
    assert law(server, f"/zozpp/{places[0]}")["previous"] is None
    assert law(server, f"/zozpp/{places[-1]}")["next"] is None
    assert law(server, "/zozpp/search", q="ст. 18")["hits"][0]["place"] == "18"


def test_the_guide_beside_the_text_that_it_tells(corpus_dir: Path, tmp_path: Path) -> None:
    _store(tmp_path, [next((corpus_dir / "statutes").glob("zozpp*"))], IngestOptions())
    server = start_server(tmp_path, scripted(tmp_path, "Ответ."))
    try:
        got = law(server, "/zozpp/18")
        entry = load_guide().find("zozpp", "18")
        assert entry is not None
        assert (got["summary"], got["guide"]["summary"]) == (False, entry.summary)
        assert got["guide"]["figures"] == list(entry.figures_beside(got["text"]))
        assert sum(line["kind"] == "st" for line in law(server, "/zozpp")["contents"]) == 54
        assert law(server, "/zozpp/search", q="неустойка")["total"] >= 8
    finally:
        server.stop()
