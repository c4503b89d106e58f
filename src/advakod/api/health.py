"""Is it alive, can it answer: for monitors and load balancers. Open to all, so without details for strangers."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..answers import Answers
from ..errors import StorageError

READY_WITHIN = 5.0  # seconds for the database to answer

router = APIRouter(tags=["health"])


@router.head("/health", include_in_schema=False)  # monitors ask this way
@router.get("/health", summary="Сервер жив")
async def health() -> dict[str, str]:
    """Отвечает, пока процесс обслуживает запросы."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready", summary="Сервер готов отвечать", responses={503: {"description": "База данных не отвечает."}})
async def ready(request: Request) -> Response:
    """Проверяет базу данных; администратору говорит, что не так."""
    answers: Answers = request.app.state.answers
    problem = await _problem(answers)
    who = request.scope.get("state", {}).get("principal")
    facts: dict[str, Any] = {"status": "ready" if problem is None else "unavailable"}
    if who is not None and who.is_admin:
        facts |= {"problem": problem, "running": answers.running, "concurrency": answers.concurrency}
    return JSONResponse(facts, 200 if problem is None else 503)


async def _problem(answers: Answers) -> str | None:
    try:
        async with asyncio.timeout(READY_WITHIN):
            await answers.database.read(lambda connection: connection.execute(text("SELECT 1")).scalar())
    except StorageError as error:
        return error.detail
    except TimeoutError:
        return f"the database did not answer within {READY_WITHIN:.0f} s"
    return None
