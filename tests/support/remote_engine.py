"""What the tests of the remote engine share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from advakod.engine import Message, Piece, WritingTask
from advakod.engine.openai import OpenAIEngine, Remote
from advakod.errors import EngineError
from advakod.settings import Prefill

TASK = WritingTask("?", [Message("system", "Ты юрист."), Message("user", "Вопрос?")], max_tokens=50, seed=3)


@asynccontextmanager
async def engine_at(url: str, **how: Any) -> AsyncIterator[OpenAIEngine]:
    """A started engine for the address, or the addresses."""
    engine = OpenAIEngine(Remote(url, **{"prefill": Prefill.ASSISTANT, **how}))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def collect(
    engine: OpenAIEngine, task: WritingTask = TASK, *, pause: float = 0.0
) -> tuple[str, list[Piece], EngineError | None]:
    """The text, the pieces, and the failure after them; `pause` seconds are taken over each piece."""
    pieces: list[Piece] = []
    failure = None
    try:
        async for piece in engine.write(task):
            pieces.append(piece)
            await asyncio.sleep(pause)
    except EngineError as error:
        failure = error
    return "".join(piece.text for piece in pieces), pieces, failure
