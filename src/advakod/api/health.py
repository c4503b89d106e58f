"""Is it alive, can it answer: for monitors and load balancers. Open to all, so without details for strangers."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from ..answers import Answers
from ..errors import StorageError
from .engine_state import facts_of

READY_WITHIN = 5.0  # seconds for the database to answer

router = APIRouter(tags=["health"])


@router.head("/health", include_in_schema=False)  # monitors ask this way
@router.get("/health", summary="Сервер жив")
async def health() -> dict[str, str]:
    """Отвечает, пока процесс обслуживает запросы."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready", summary="Сервер готов отвечать", responses={503: {"description": "База данных или модель не отвечает."}}
)
async def ready(request: Request) -> Response:
    """Проверяет базу данных и модель; администратору говорит, что не так.

    Пока модель загружается, вопросы принимаются и ждут: это готовность. Модель, которая не отвечает или не
    запустится сама, — нет.
    """
    answers: Answers = request.app.state.answers
    problem, engine = await _problem(answers), await facts_of(answers.engine)
    problem = problem or engine.problem
    who = request.scope.get("state", {}).get("principal")
    facts: dict[str, Any] = {"status": "ready" if problem is None else "unavailable", "engine": engine.state}
    if who is not None and who.is_admin:
        facts |= {"problem": problem, "running": answers.running, "concurrency": answers.concurrency}
        facts["engine_facts"] = engine
    return Response(orjson.dumps(facts, default=str), 200 if problem is None else 503, media_type="application/json")


async def _problem(answers: Answers) -> str | None:
    try:
        async with asyncio.timeout(READY_WITHIN):
            await answers.database.read(lambda connection: connection.execute(text("SELECT 1")).scalar())
    except StorageError as error:
        return error.detail
    except TimeoutError:
        return f"the database did not answer within {READY_WITHIN:.0f} s"
    return None
