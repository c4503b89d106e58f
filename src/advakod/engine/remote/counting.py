"""Tokens, counted by the server that has the model.

One request body serves vLLM and SGLang (`prompt`, answered with `count`) and llama-server (`content`,
answered with `tokens`). Ollama and most others count nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from ...errors import EngineError
from ..errors import EngineRefusedError, EngineRubbishError
from .http import ASK, Http, status_of

logger = logging.getLogger(__name__)

KEPT = 8_192  # texts whose count is known: provisions come again
AT_ONCE = 8  # questions
PAUSE = 60.0  # seconds after a question without an answer: one plan asks some twenty, and would wait for each
SEPARATOR = -1  # no token has this number


class Dialect(Enum):
    """How a server counts."""

    COUNTS = auto()  # vLLM, SGLang
    TOKENS = auto()  # llama-server
    NONE = auto()  # not at all


class Counter:
    """Counts the tokens of one model at one address. Nothing here raises or lasts longer than ASK seconds.

    A server that lets a question wait so long is asked none for PAUSE seconds; what is known already is told.
    """

    def __init__(self, http: Http, model: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._model = model
        self._clock = clock
        self._asked_again = 0.0  # on the clock: when the pause ends
        self._dialect: Dialect | None = None
        self._known: OrderedDict[str, int] = OrderedDict()

    async def count(self, texts: Sequence[str]) -> list[int] | None:
        """Tokens of each text by itself, without what a template or a model adds."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        try:
            async with asyncio.timeout(ASK):
                await self._learn([] if self._paused else new)
        except (EngineError, TimeoutError, LookupError, TypeError) as error:
            self._give_up(error)
        if any(text not in self._known for text in texts):
            return None
        counts = [self._known[text] for text in texts]
        self._forget()
        return counts

    async def measure(self, messages: Sequence[dict[str, Any]]) -> int | None:
        """Tokens of the whole prompt, template included."""
        if self._paused:
            return None
        try:
            async with asyncio.timeout(ASK):
                await self._learn([] if self._dialect else [messages[-1]["content"]])
                return await self._measure(messages)
        except (EngineError, TimeoutError, LookupError, TypeError) as error:
            self._give_up(error)
            return None

    async def _learn(self, texts: list[str]) -> None:
        if texts and self._dialect is None:  # one to find out how it counts, then the others
            first, *texts = texts
            self._known[first] = await self._ask(first)
        match self._dialect:
            case Dialect.COUNTS:
                for begin in range(0, len(texts), AT_ONCE):
                    some = texts[begin : begin + AT_ONCE]
                    self._known.update(zip(some, await asyncio.gather(*map(self._ask, some)), strict=True))
            case Dialect.TOKENS if texts:
                self._known.update(zip(texts, await self._ask_all(texts), strict=True))

    async def _ask(self, text: str) -> int:
        body = {"model": self._model, "prompt": text, "content": text, "add_special_tokens": False}
        answer = await self._post("/tokenize", body)
        dialect, count = _counted(answer)
        if count is None or (text and not count):
            raise EngineRefusedError(f"not understood: /tokenize answered {str(answer)[:120]}", status=404)
        self._dialect = dialect
        return count

    async def _ask_all(self, texts: Sequence[str]) -> list[int]:
        """llama-server takes texts and numbers in one list, and hands the numbers through."""
        content = [part for text in texts for part in (text, SEPARATOR)]
        answer = await self._post("/tokenize", {"content": content})
        counts, count = [], 0
        for token in answer["tokens"]:
            if token == SEPARATOR:
                counts.append(count)
            count = 0 if token == SEPARATOR else count + 1
        if len(counts) != len(texts):
            raise EngineRubbishError(f"/tokenize gave {len(counts)} counts for {len(texts)} texts")
        return counts

    async def _measure(self, messages: Sequence[dict[str, Any]]) -> int | None:
        body = {"model": self._model, "messages": messages}
        if self._dialect is Dialect.COUNTS:
            return _whole(_counted(await self._post("/tokenize", body))[1])
        if self._dialect is Dialect.TOKENS:
            prompt = (await self._post("/apply-template", body))["prompt"]
            counting = {"content": prompt, "add_special": True, "parse_special": True}
            return _whole(_counted(await self._post("/tokenize", counting))[1])
        return None

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        """Bounded by whoever counts, so that his time-out is the only one."""
        return await self._http.ask(self._http.root + path, body, within=2 * ASK)

    @property
    def _paused(self) -> bool:
        return self._clock() < self._asked_again

    def _give_up(self, error: Exception) -> None:
        """A server that knows no such question is not asked again; one that does not answer, not for a while."""
        if isinstance(error, TimeoutError):
            self._asked_again = self._clock() + PAUSE
            logger.info("the server at %s takes too long to count tokens", self._http.root)
        if self._dialect is None and 400 <= status_of(error) < 500:
            self._dialect = Dialect.NONE
            logger.info("the server at %s counts no tokens: %s", self._http.root, error)

    def _forget(self) -> None:
        while len(self._known) > KEPT:
            self._known.popitem(last=False)


def _counted(answer: Any) -> tuple[Dialect, int | None]:
    """What kind of answer it is; None: not one at all."""
    facts = answer if isinstance(answer, dict) else {}
    if isinstance(count := facts.get("count"), int):
        return Dialect.COUNTS, count
    if isinstance(tokens := facts.get("tokens"), list):
        return Dialect.TOKENS, len(tokens)
    return Dialect.NONE, None


def _whole(count: int | None) -> int | None:
    """A prompt has tokens."""
    return count or None
