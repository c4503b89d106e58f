"""Provisions for a question: search, then freeze what was found as numbered sources."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Protocol

from ..engine.interface import Source
from ..search import Hit, NoticeCode, SearchResult
from .composing import CANDIDATES, is_broad, overview
from .model import Context, Request

FOLLOW_UP_WORDS = 6  # a question this short («А если чека нет?») is searched together with the one before it
# Fitted once, by hand, to the development questions: of the everyday ones 7 % lie below, none of them with a right
# article among ten where the law is loaded, and of those that are no matter of law 71 %. Nothing is better then.
HOPELESS = 0.45
# What stands nearest to such a question is the wrong law.
MISLEADING = (
    NoticeCode.FOREIGN,
    NoticeCode.NOT_LAW,
    NoticeCode.NOT_RUSSIAN,
)


class Searching(Protocol):
    """What is asked of a search."""

    def search(self, query: str, limit: int, on: dt.date | None) -> SearchResult: ...


class Retrieval:
    """Finds what an answer may rest on."""

    def __init__(self, search: Searching, limit: int) -> None:
        self._search = search
        self._limit = limit

    async def find(self, request: Request, context: Context) -> Context:
        """`context` with sources, best first, and what the reader must know about them."""
        return await asyncio.to_thread(self._find, _query(request, context), request, context)

    def _find(self, query: str, request: Request, context: Context) -> Context:
        broad = is_broad(query)
        result = self._search.search(query, max(CANDIDATES, self._limit) if broad else self._limit, request.as_of)
        useless = result.confidence < HOPELESS or any(map(result.has, MISLEADING))
        hits = () if useless else result.hits
        sources = [_source(n, hit) for n, hit in enumerate(hits, 1)]
        if broad:
            sources = overview(query, sources, self._limit)
        summary = bool(sources) and all(source.summary for source in sources)
        # The extractive answer says in its own first line that it rests on summaries.
        said = NoticeCode.SUMMARIES if context.engine == "extractive" else None
        notices = [{"code": str(n.code), "message": n.message} for n in result.notices if n.code is not said]
        return replace(
            context,
            sources=tuple(sources),
            notices=tuple(notices),
            summary=summary,
        )


def _query(request: Request, context: Context) -> str:
    if len(request.question.split()) > FOLLOW_UP_WORDS:
        return request.question
    asked = [turn.content for turn in context.history if turn.role == "user"]
    return f"{asked[-1]} {request.question}" if asked else request.question


def _source(n: int, hit: Hit) -> Source:
    return Source(
        n=n,
        act=hit.act,
        act_title=hit.act_title,
        article=hit.article,
        title=hit.title,
        address=hit.address,
        edition_date=hit.edition_date.isoformat() if hit.edition_date else "",
        text=hit.text,
        score=hit.score,
        summary=hit.summary,
    )
