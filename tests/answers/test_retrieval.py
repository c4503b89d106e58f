"""What an answer may rest on, and when it had better rest on nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from advakod.answers.model import Context, Request
from advakod.answers.retrieval import HOPELESS, Retrieval
from advakod.engine.interface import Message
from advakod.search import Hit, Notice, NoticeCode, SearchResult

pytestmark = pytest.mark.anyio

DAY = dt.date(2023, 10, 24)
HIT = Hit("tk", "Трудовой кодекс", "115", "Отпуск", "ru/tk/st115", DAY, 1.0, "28 дней.", ("28 дней.",))


class Finder:
    """A search with one result; it remembers what was asked."""

    def __init__(self, result: SearchResult) -> None:
        self.result = result
        self.asked: list[str] = []

    def search(self, query: str, limit: int = 10, on: dt.date | None = None) -> SearchResult:
        self.asked.append(query)
        return self.result


async def find(result: SearchResult) -> Context:
    return await Retrieval(Finder(result), 6).find(Request("Сколько дней отпуска?"), Context())


def sure(**changes: object) -> SearchResult:
    return dataclasses.replace(SearchResult((HIT,), confidence=0.9, answerable=True), **changes)  # type: ignore[arg-type]


async def test_what_was_found_is_numbered() -> None:
    (source,) = (await find(sure())).sources
    assert (source.n, source.act, source.article, source.edition_date) == (1, "tk", "115", "2023-10-24")


async def test_nothing_is_better_than_the_wrong_law() -> None:
    assert (await find(sure(confidence=HOPELESS - 0.01))).sources == ()
    foreign = sure(notices=(Notice(NoticeCode.FOREIGN, "Чужой закон."),))
    context = await find(foreign)
    assert context.sources == ()
    assert context.notices == ({"code": "foreign", "message": "Чужой закон."},)


async def test_a_short_follow_up_is_searched_with_the_question_before_it() -> None:
    finder = Finder(sure())
    said = (Message("user", "Купил телефон, он сломался"), Message("assistant", "Можно вернуть."))
    await Retrieval(finder, 6).find(Request("А без чека?"), Context(history=said))
    assert finder.asked == ["Купил телефон, он сломался А без чека?"]
