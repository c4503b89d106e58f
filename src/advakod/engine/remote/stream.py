"""One answer, from the server's head to its last word: text, signs of life, and what it says of speed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from ..chat_stream import ChatDecoder
from ..errors import EngineLostError
from ..interface import Piece, Reading
from ..prefill import RestartGuard
from ..thinking import Splitter, Written
from .pace import Timing
from .server import receive


class Stream:
    """Turns what a server sends into pieces.

    `stall`: seconds without a word after the first; None: any. `asked`: when, on the clock; there are
    servers that send no head before the first word. `heard`: when a sign of life came last; pings are none.
    """

    def __init__(self, response: aiohttp.ClientResponse, prefix: str, stall: float | None, asked: float) -> None:
        self._response = response
        self._stall = stall
        self._decoder = ChatDecoder()
        self._guard = RestartGuard(prefix)
        self._splitter = None if prefix else Splitter()  # who goes on with an answer does not think first
        self._reading: Reading | None = None
        self._thought = 0  # tokens that were told of
        self._asked = asked
        self.heard = time.monotonic()
        self._first = self._last = 0.0  # when tokens came, on the clock
        self._tokens = self._in_first = 0

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """Ends with a piece that carries `finish`, or raises EngineError after the last word."""
        decoder, tokens, begun = self._decoder, 0, False
        text = ""
        while not decoder.over:
            came, more = await self._receive()
            if not begun and (sign := self._sign(more)):
                yield sign
            text, thinking, more = self._sort(came, more)
            tokens += more
            if thinking and not text and not begun:
                yield Piece("", tokens, thinking=True)
                tokens = 0
            if text and (decoder.failure or not decoder.over):
                yield Piece(text, tokens)
                tokens, begun = 0, True
        if decoder.failure is not None:
            raise decoder.failure
        yield Piece(
            text, tokens + decoder.uncounted(), decoder.finish, _whole(decoder.prompt_tokens), decoder.cached_tokens
        )

    async def _receive(self) -> tuple[str, int]:
        """The text of one read, and its tokens."""
        reading = self._decoder.reading
        if self._stall is None or not self._last:
            came, tokens = await receive(self._response, self._decoder)
        else:
            came, tokens = await self._receive_before(self._last + self._stall)
        self._clock(tokens + self._decoder.thought - self._thought, told=self._decoder.reading is not reading)
        return came, tokens

    async def _receive_before(self, end: float) -> tuple[str, int]:
        try:
            async with asyncio.timeout(max(0.0, end - time.monotonic())):
                return await receive(self._response, self._decoder)
        except TimeoutError as error:
            raise EngineLostError(f"no word for {self._stall:g} s") from error

    def _clock(self, tokens: int, *, told: bool) -> None:
        if tokens or told:
            self.heard = time.monotonic()
        if tokens:
            self._last = self.heard
            self._tokens += tokens
            if not self._first:
                self._first, self._in_first = self._last, tokens

    def _sign(self, more: int) -> Piece | None:
        """What the server told besides text since the last read."""
        decoder = self._decoder
        if decoder.reading is not self._reading and not more:
            self._reading = decoder.reading
            return Piece("", 0, reading=self._reading)
        return None

    def _sort(self, came: str, tokens: int) -> tuple[str, bool, int]:
        """The answer in what came, whether the model thinks, and how many tokens all of it was."""
        decoder = self._decoder
        thought, self._thought = decoder.thought - self._thought, decoder.thought
        if self._splitter is not None and not self._splitter.settled:
            written = self._splitter.feed(Written(came, tokens, ())) if came else None
            if written is None and decoder.over:
                written = self._splitter.end()
            came = written.text if written else ""
            inside = self._splitter.thought and tokens > 0
        else:
            inside = False
        return self._guard.let(came, last=decoder.over), bool(thought) or inside, tokens + thought

    def timing(self) -> Timing:
        """What the answer, or what there is of it, says of speed."""
        decoder = self._decoder
        if decoder.timings:
            return _told(decoder.timings)
        written, writing = self._tokens - self._in_first + decoder.uncounted(), self._last - self._first
        if decoder.progress:
            return Timing(*_read(decoder.progress), written, writing, told=True)
        read = 0
        if decoder.cached_tokens is not None and decoder.prompt_tokens is not None:
            read = decoder.prompt_tokens - decoder.cached_tokens
        return Timing(read, self._first - self._asked, written, writing)

    def close(self) -> None:
        """How a server learns that nobody wants the text any more."""
        self._response.close()


def _told(timings: dict[str, Any]) -> Timing:
    """llama-server's account. The first token belongs to the reading; what cannot be understood counts as nothing."""
    names = ("prompt_n", "prompt_ms", "predicted_n", "predicted_ms")
    read, reading, written, writing = (_number(timings.get(name)) for name in names)
    return Timing(int(read), reading / 1000, max(0, int(written) - 1), writing / 1000, told=True)


def _read(progress: dict[str, Any]) -> tuple[int, float]:
    """Tokens and seconds of an unfinished reading, by llama-server's account; what came from the cache took none."""
    processed, cached, milliseconds = (_number(progress.get(name)) for name in ("processed", "cache", "time_ms"))
    return max(0, int(processed - cached)), milliseconds / 1000


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e12 else 0.0


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
