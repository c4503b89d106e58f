"""Search over the real acts, ingested once. Floors, not goals: see benchmarks/search for the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from advakod.evaluation import Report, evaluate, load_questions
from advakod.ingest.pipeline import ingest
from advakod.search import Search
from advakod.storage import Database


@pytest.fixture(scope="module")
def search(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    folder = tmp_path_factory.mktemp("real")
    database = Database(f"sqlite:///{folder / 'advakod.db'}").open()
    ingest(database, [corpus_dir / "statutes"])
    search = Search(database, folder)
    search.refresh()
    yield search
    search.close()
    database.close()


@pytest.fixture(scope="module")
def report(search: Search, corpus_dir: Path) -> Report:
    return evaluate(search, load_questions(corpus_dir.parent / "eval" / "questions.dev.jsonl"))


def _measure(report: Report, style: str, name: str) -> float:
    styles = report.as_dict()["styles"]
    assert isinstance(styles, dict)
    return float(styles[style][name])


@pytest.mark.timeout(300)
def test_quality_does_not_fall(report: Report) -> None:
    assert _measure(report, "everyday", "ndcg@10") > 0.35
    assert _measure(report, "formal", "ndcg@10") > 0.78
    assert _measure(report, "formal", "refused") < 0.05
    assert _measure(report, "everyday", "refused") < 0.2


@pytest.mark.timeout(300)
def test_a_search_takes_milliseconds(report: Report) -> None:
    seconds = sorted(outcome.seconds for outcome in report.outcomes)
    assert seconds[len(seconds) // 2] < 0.03  # 0.003 on an idle machine


@pytest.mark.timeout(300)
def test_a_question_about_a_whole_act_brings_its_weightiest_articles(search: Search) -> None:
    hits = search.search("Расскажи подробно о правах потребителя", limit=6).hits
    assert {hit.act for hit in hits} == {"zozpp"}
    assert "18" in {hit.article for hit in hits}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("query", "act", "article"),
    [
        ("ст. 18 ЗоЗПП", "zozpp", "18"),
        ("ст. 312.1 ТК РФ", "tk", "312.1"),
        ("ст. 348.11-1 ТК РФ", "tk", "348.11-1"),
        ("ст. 1064 ГК РФ", "gk", "1064"),
        ("ч. 1 ст. 12.8 КоАП", "koap", "12.8"),
        ("ст. 220 НК", "nk", ""),  # part 2 is not in the corpus
    ],
)
def test_articles_by_number(search: Search, query: str, act: str, article: str) -> None:
    hits = search.search(query).hits
    assert (hits[0].act, hits[0].article) == (act, article) if article else not hits


@pytest.mark.timeout(300)
def test_the_repealed_code_is_never_offered(report: Report, search: Search) -> None:
    for outcome in report.outcomes:
        assert all(hit.act != "kzot_rsfsr" for hit in search.search(outcome.question.question).hits)
    assert search.search("КЗоТ отпуск").hits[0].act == "kzot_rsfsr"
