"""Which editions are pointed out as old."""

from __future__ import annotations

import datetime as dt

from advakod.answers.ageing import old_editions
from advakod.answers.model import Citation
from advakod.engine.interface import Source

OLDEST = dt.date(2024, 1, 1)
TITLES = {"zozpp": "Закон о защите прав потребителей", "tk": "Трудовой кодекс"}
SOURCES = [Source(n, act, title, "1", "", "", "", "") for n, (act, title) in enumerate(TITLES.items(), 1)]


def cited(act: str, day: str, verdict: str = "verified") -> Citation:
    return Citation(act, "18", f"ru/{act}/st18", verdict, "ст. 18", 0, 6, edition_date=day)


def test_only_what_is_shown_and_old_is_named_and_once() -> None:
    citations = [
        cited("zozpp", "2023-08-04"),
        cited("zozpp", "2023-08-04"),
        cited("tk", "2024-05-01"),
        cited("gk", "2001-01-01", "not_in_context"),
    ]
    (notice,) = old_editions(citations, SOURCES, OLDEST)
    assert notice["code"] == "old_edition"
    assert "Закон о защите прав потребителей — от 04.08.2023" in notice["message"]
    assert "Трудовой" not in notice["message"]
    assert "2001" not in notice["message"]


def test_fresh_editions_and_no_citations_are_not_worth_a_word() -> None:
    assert old_editions([cited("tk", "2024-01-01")], SOURCES, OLDEST) == []
    assert old_editions([], SOURCES, OLDEST) == []
