"""The engine without a model: it composes the answer from the provisions found, and says that it did."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

from ..engine.errors import EngineLostError
from ..engine.interface import Continuation, EngineInfo, FinishReason, Piece, Uncounted, WritingTask
from ..law.guide import load_guide
from .composing import COMPOSER_VERSION, compose

WORDS_A_PIECE = 6  # some 60 pieces an answer: it appears as if written, and costs few events
PIECES_A_TURN = 4  # after the first and then after so many everybody else on the loop, who stores them, gets a turn
CONCURRENCY = 16  # a composition is milliseconds of CPU

_WORD = re.compile(r"\s*\S+\s*")


class ExtractiveEngine(Uncounted):
    """Deterministic: the same question and sources give the same text, so that any beginning of it can be gone on with.

    A word counts as a token; a text longer than `max_tokens` ends with `length` between two words.
    """

    async def start(self) -> None:
        """Reads the guide and the dictionary, so that the first question does not wait for them."""
        await asyncio.to_thread(compose, "Права потребителя", ())
        await asyncio.to_thread(load_guide)

    async def stop(self) -> None:
        """Nothing to release."""

    async def info(self) -> EngineInfo:
        return EngineInfo(
            name="extractive",
            model="extractive",
            continuation=Continuation.EXACT,
            fingerprint=f"extractive-{COMPOSER_VERSION}-{load_guide().fingerprint}",
            concurrency=CONCURRENCY,
        )

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        """Raises EngineLostError when `prefix` is not how this text begins: it was written from something else."""
        text = await asyncio.to_thread(compose, task.question, task.sources)
        if not text.startswith(task.prefix):
            raise EngineLostError("the text so far is not the beginning of this composition")
        words = _WORD.findall(text, len(task.prefix))
        wanted = words[: task.max_tokens]
        for at in range(0, len(wanted), WORDS_A_PIECE):
            group = wanted[at : at + WORDS_A_PIECE]
            yield Piece("".join(group), len(group))
            if at % (WORDS_A_PIECE * PIECES_A_TURN) == 0:
                await asyncio.sleep(0)
        yield Piece("", 0, FinishReason.STOP if len(wanted) == len(words) else FinishReason.LENGTH)
