"""Questions that one may ask: to start from, and after an answer."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from ..answers.suggestions import Suggestion, starting
from .responses import Room, RunId, Who

Limit = Annotated[int, Query(ge=1, le=20, description="Не больше стольких.")]

router = APIRouter(prefix="/api/v1", tags=["suggestions"])


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Вопросы, на которые есть что ответить."""

    questions: list[Suggestion]


@router.get("/suggestions", summary="С чего начать")
async def examples(_: Who, limit: Limit = 6) -> Suggestions:
    """Примеры из повседневного справочника, из разных законов, каждый раз другие."""
    # Variety, not secrecy, is what this randomness is for.
    return Suggestions(await asyncio.to_thread(partial(starting, limit, random.Random())))


@router.get("/responses/{response_id}/suggestions", summary="О чём спросить дальше")
async def next_questions(response_id: RunId, who: Who, answers: Room, limit: Limit = 3) -> Suggestions:
    """Вопросы к найденным нормам; уже заданных среди них нет."""
    return Suggestions(await answers.suggestions(who.name, response_id, limit))
