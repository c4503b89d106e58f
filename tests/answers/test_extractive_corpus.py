"""From the real law's file to the answer and its checked citations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from advakod.answers import grounding
from advakod.answers.composing import CANDIDATES, compose, is_broad, overview
from advakod.answers.model import Citation, Context
from advakod.corpus import queries
from advakod.engine.interface import Source
from advakod.ingest.pipeline import ingest
from advakod.search import Hit, Search
from advakod.storage import Database

BROAD = "Расскажи подробно о правах потребителя"


class Assistant:
    def __init__(self, database: Database, search: Search) -> None:
        self._database = database
        self._search = search

    def find(self, question: str, limit: int) -> tuple[Source, ...]:
        broad = is_broad(question)
        hits = self._search.search(question, CANDIDATES if broad else limit).hits
        found = [_source(n, hit) for n, hit in enumerate(hits, 1)]
        return tuple(overview(question, found, limit) if broad else found)

    def article(self, act: str, number: str) -> str:
        with self._database.reading() as connection:
            found = queries.article(connection, act, number)
        assert found is not None
        return found.text

    def ask(self, question: str, limit: int = 6) -> tuple[str, list[Citation]]:
        sources = self.find(question, limit)
        text = compose(question, sources)
        with self._database.reading() as connection:
            return text, grounding.check(connection, text, Context(sources=sources), None)


def _source(n: int, hit: Hit) -> Source:
    date = hit.edition_date.isoformat() if hit.edition_date else ""
    return Source(
        n, hit.act, hit.act_title, hit.article, hit.title, hit.address, date, hit.text, hit.score, hit.summary
    )


@pytest.fixture(scope="module")
def assistant(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("corpus")
    database = Database(f"sqlite:///{folder / 'law.db'}").open()
    ingest(database, [corpus_dir / "statutes" / "zozpp_2300-1_consultantplus.pdf"])
    search = Search(database, folder)
    yield Assistant(database, search)
    search.close()
    database.close()


def test_a_broad_question_is_answered_from_many_articles(assistant: Assistant) -> None:
    text, citations = assistant.ask(BROAD)
    verified = {c.article for c in citations if c.verdict == "verified" and c.act == "zozpp"}
    assert len(verified) >= 5
    assert "18" in verified
    assert 1_500 < len(text) < 6_000


def test_a_narrow_question_is_answered_from_the_article_that_matters(assistant: Assistant) -> None:
    text, citations = assistant.ask("Можно ли обменять куртку, если она не подошла по размеру?")
    assert "обменять непродовольственный товар надлежащего качества" in text
    assert ("25", "verified") in {(c.article, c.verdict) for c in citations}


def test_nothing_is_cited_that_does_not_exist(assistant: Assistant) -> None:
    for question in (BROAD, "Продавец не даёт чек и не берёт товар обратно", "Какая неустойка за просрочку работ?"):
        text, citations = assistant.ask(question)
        # Of acts that are not loaded the guide's summaries stand in.
        assert {c.verdict for c in citations} <= {"verified", "not_in_context", "summary", "act_not_loaded"}
        numbered = [c for c in citations if c.text.startswith("[")]
        assert numbered, text
        assert {c.verdict for c in numbered} <= {"verified", "summary"}


def test_statements_are_the_law_word_for_word(assistant: Assistant) -> None:
    text, _ = assistant.ask("Что говорит статья 25 ЗоЗПП?")
    said = re.findall(r"^(?!#|\*|- )(.+?) \((?:п\. \d+ )?ст\. 25 ЗоЗПП\)", text, re.MULTILINE)
    article = assistant.article("zozpp", "25")
    assert said
    assert all(statement in article for statement in said)
