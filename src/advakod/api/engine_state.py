"""Whether what writes the text can write, and how fast: for monitors and for an administrator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from ..engine.errors import EngineUnreachableError
from ..engine.interface import Engine, EngineInfo
from ..errors import EngineError

WITHIN = 0.5  # seconds; an engine that is ready says so at once
TOLD_WITHIN = 2.0  # seconds for its facts, which may have to come over a network

State = Literal["ready", "loading", "failed", "unreachable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What is known of the engine now; null: not known. Speeds are tokens a second for one text."""

    state: State
    problem: str | None  # what an administrator can do
    name: str | None = None
    model: str | None = None
    context: int | None = None
    reading_speed: float | None = None
    writing_speed: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


async def facts_of(engine: Engine) -> EngineFacts:
    """All of it; takes WITHIN + TOLD_WITHIN at most.

    An engine that waits in `ready` has said that it is loading; one that says nothing at all is not reached.
    """
    state, problem = await _state_of(engine)
    try:
        async with asyncio.timeout(TOLD_WITHIN):
            info = await engine.info()
    except TimeoutError:
        info = None
    if state == "ready" and (info is None or not info.reachable):
        state, problem = "unreachable", EngineUnreachableError().for_admin
    return EngineFacts(state=state, problem=problem) if info is None else _with_info(state, problem, info)


async def _state_of(engine: Engine) -> tuple[State, str | None]:
    """As far as `ready` tells, and, of an engine that is not to be expected to recover, the reason."""
    try:
        async with asyncio.timeout(WITHIN):
            await engine.ready()
    except EngineError as error:
        return "failed", error.for_admin
    except TimeoutError:
        return "loading", None
    return "ready", None


def _with_info(state: State, problem: str | None, info: EngineInfo) -> EngineFacts:
    speed = info.speed
    return EngineFacts(
        state=state,
        problem=problem,
        name=info.name,
        model=info.model,
        context=info.context,
        reading_speed=round(speed.reading, 2) if speed else None,
        writing_speed=round(speed.writing, 2) if speed else None,
        details=info.details,
    )
