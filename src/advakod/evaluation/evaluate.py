"""Putting a question set to a search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..search import SearchResult
from .metrics import CUTOFF, rank
from .questions import Question
from .report import Outcome, Report


class Searcher(Protocol):
    """Whatever answers a question with articles, the best first."""

    def search(self, query: str, limit: int = 10) -> SearchResult: ...


def evaluate(
    search: Searcher, questions: Iterable[Question], progress: Callable[[Sequence[Outcome]], None] | None = None
) -> Report:
    """Ask every question once, in order; `progress` is told after each."""
    outcomes: list[Outcome] = []
    for question in questions:
        outcomes.append(_ask(search, question))
        if progress is not None:
            progress(outcomes)
    return Report(tuple(outcomes))


def _ask(search: Searcher, question: Question) -> Outcome:
    started = time.perf_counter()
    result = search.search(question.question, limit=CUTOFF)
    seconds = time.perf_counter() - started
    place = rank(((hit.act, hit.article) for hit in result.hits), question.gold)
    return Outcome(question, place, refused=not result.answerable, seconds=seconds)
