"""How the service does: numbers for an administrator, and their history for plots."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from ..answers import Answers, failures, stats
from ..answers.failures import Failure
from ..answers.stats import Point, Stats
from ..settings import describe_time
from .doors import require_admin
from .engine_state import EngineFacts, facts_of
from .responses import Room

router = APIRouter(prefix="/api/v1/llm/stats", tags=["operations"], dependencies=[Depends(require_admin)])

Window = Annotated[
    float,
    Query(
        ge=stats.SHORTEST_WINDOW,
        le=stats.LONGEST_WINDOW,
        description="За сколько последних секунд.",
        allow_inf_nan=False,
    ),
]
Step = Annotated[
    float, Query(ge=stats.SHORTEST_STEP, le=86_400, description="Секунд в одной точке.", allow_inf_nan=False)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is in force in the process that answers."""

    max_concurrency: int  # runs written by it at once
    queue_limit: int
    runs_per_key: int
    max_question: int  # characters
    max_tokens: int
    time: dict[str, float]  # seconds: the whole TimeBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsReply(Stats):
    """Numbers of the window, of now, and the limits."""

    limits: Limits
    engine: EngineFacts  # as of now, in the process that answers


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReply:
    """Points from the oldest to the newest; the last is still going on."""

    window: float
    step: float
    points: list[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailuresReply:
    """Failures from the newest to the oldest."""

    data: list[Failure]


@router.get("", summary="Показатели за окно времени")
async def get_stats(answers: Room, window: Window = stats.DEFAULT_WINDOW) -> StatsReply:
    """Считается по ответам в базе: все процессы, до и после перезапуска. Время в секундах."""
    measured = await answers.database.read(partial(stats.measure, now=time.time(), window=window))
    numbers = {name: getattr(measured, name) for name in Stats.__dataclass_fields__}
    return StatsReply(**numbers, limits=limits(answers), engine=await facts_of(answers.engine))


@router.get("/history", summary="Показатели по шагам времени, для графиков")
async def get_history(
    answers: Room, window: Window = stats.DEFAULT_WINDOW, step: Step = stats.DEFAULT_STEP
) -> HistoryReply:
    """Без пропусков: шаг, в котором ничего не закончилось, тоже есть. Время в секундах."""
    points = await answers.database.read(partial(stats.history, now=time.time(), window=window, step=step))
    return HistoryReply(window=window, step=step, points=points)


@router.get("/failures", summary="Последние неудачи и их причины")
async def get_failures(
    answers: Room, limit: Annotated[int, Query(ge=1, le=failures.MOST, description="Не больше скольких.")] = 50
) -> FailuresReply:
    """Не получившиеся и оборванные ответы, новые первыми; без вопросов и ответов. Время в секундах."""
    return FailuresReply(data=await answers.database.read(partial(failures.recent, limit=limit)))


def limits(answers: Answers) -> Limits:
    """Limits in force."""
    settings = answers.settings
    return Limits(
        max_concurrency=answers.concurrency,
        queue_limit=settings.queue_limit,
        runs_per_key=settings.runs_per_key,
        max_question=settings.max_question,
        max_tokens=settings.max_tokens,
        time=describe_time(settings.time),
    )
