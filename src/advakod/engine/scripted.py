"""A deterministic writer: a fixed text at a set speed, failing where it is told to. For tests, drills, demos.

`ADVAKOD_SCRIPT` names a TOML file:

    text = "…"                    # or text_file = "answer.txt", relative to this file
    tokens_per_second = 20        # 0: as fast as it goes
    prompt_seconds = 1.5          # before the first token
    prompt_tokens = 900           # read meanwhile, and told; without it those seconds are silent
    reading_speed = 50            # words of the prompt a second: the engine counts, and tells its speed as a model does
    context = 4096                # words that prompt and answer may have together, told likewise
    thinking = 30                 # tokens thought before the first word
    load_seconds = 3              # after the start, before it is ready
    search = true                 # look for provisions first, for a text that cites [1]; false: only the script
    continuation = "exact"        # exact | prefill | none
    finish = "stop"               # stop | length
    faults = [{ at = 120, kind = "silence", seconds = 40 }]   # or kind = "error", "disconnect"

A token is a word with the space after it. With `reading_speed` or `context` the engine counts: what
its prompt has in common with the text written last is cached, and its pieces carry ids, the places of their words in
the script.

A fault stands after `at` tokens, counted from the text's beginning, and is met by every writing that comes from
before that place; a writing that goes on from exactly there or later does not meet it, so a run that is continued
gets past it.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator, Sequence

from ..settings import Settings
from .errors import EngineContextError, EngineFaultError, EngineLostError
from .interface import (
    Continuation,
    EngineInfo,
    FinishReason,
    Piece,
    PromptSize,
    Reading,
    Speed,
    WritingTask,
)
from .script import Fault, FaultKind, Script, load_script

# Tokens of one piece when the writer is behind its schedule. Between two such pieces everybody else gets a turn.
BATCH = 32
READING_STEPS = 20  # pieces that tell of one reading: a llama-server with a long prompt tells about as often


class ScriptedEngine:
    """Writes its script, the same for every task.

    Speed is kept on average from the first token on, however late single pieces are taken: the
    schedule is absolute and a late writer sends several tokens in one piece. A prefix is gone on
    from at its last character; one that is not the beginning of the script is an EngineLostError.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._tokens = re.findall(r"\s*\S+\s*", script.text)
        self._ends = list(itertools.accumulate(map(len, self._tokens)))
        self._faults = sorted(script.faults, key=lambda fault: fault.at)
        self._counts = script.reading_speed > 0 or script.context > 0
        self._held: list[str] = []  # words of the prompt read last, and of what was written after it
        self._loaded_at = 0.0  # loop time

    @classmethod
    def from_settings(cls, settings: Settings) -> ScriptedEngine:
        """Raises SettingsError when the file named by ADVAKOD_SCRIPT cannot be used."""
        return cls(load_script(settings.script))

    async def start(self) -> None:
        self._loaded_at = asyncio.get_running_loop().time() + self._script.load_seconds

    async def stop(self) -> None:
        """Nothing to release."""

    async def info(self) -> EngineInfo:
        digest = hashlib.sha256(self._script.text.encode()).hexdigest()[:16]
        return EngineInfo(
            name="scripted",
            model="scripted",
            continuation=self._script.continuation,
            fingerprint=f"scripted:{digest}",
            uses_sources=self._script.search,
            tells_reading=self._script.prompt_tokens > 0,
            context=self._script.context or None,
            speed=self._speed(),
            details={"tokens": len(self._tokens), "tokens_per_second": self._script.tokens_per_second},
        )

    def _speed(self) -> Speed | None:
        script = self._script
        return Speed(script.reading_speed, script.tokens_per_second or 1e6) if script.reading_speed else None

    async def ready(self) -> None:
        """`load_seconds` after the start."""
        await asyncio.sleep(max(0.0, self._loaded_at - asyncio.get_running_loop().time()))

    async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
        return [len(text.split()) for text in texts] if self._counts else None

    async def measure(self, task: WritingTask) -> PromptSize | None:
        if not self._counts:
            return None
        prompt = _words_of(task)
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(prompt, self._held, strict=False))
        return PromptSize(len(prompt), sum(1 for _ in same))

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        """Stream the script from the end of `task.prefix` on, `task.max_tokens` at most."""
        start = self._position(task.prefix)
        rest = self._unfinished_token(task.prefix, start)
        position = start - bool(rest)
        end = min(len(self._tokens), position + task.max_tokens)
        finish = self._script.finish if end == len(self._tokens) else FinishReason.LENGTH
        prompt_tokens, cached = self._script.prompt_tokens or len(_words_of(task)), None
        if (size := await self.measure(task)) is not None:
            cached, self._held = size.cached, [*_words_of(task), *task.prefix.split()]
            if self._script.context and size.tokens >= self._script.context:
                raise EngineContextError(f"{size.tokens} words, {self._script.context} is the most")
        delay = self._script.prompt_seconds or self._reading_seconds(size)
        clock = Pace(self._script.tokens_per_second, delay)
        for done in self._readings():
            await clock.until_start(delay * (1 - done / prompt_tokens))
            yield Piece("", 0, reading=Reading(done, prompt_tokens))
        for _ in range(0 if task.prefix else self._script.thinking):
            await clock.ready(1)
            yield Piece("", 1, thinking=True)
        for stop, fault in self._stretches(start, end):
            while position < stop:
                ready = await clock.ready(min(BATCH, stop - position))
                text = "".join(self._tokens[position : position + ready])
                if rest:
                    text, rest = rest + text[len(self._tokens[position]) :], ""
                ids = tuple(range(position, position + ready)) if self._counts else ()
                position += ready
                if self._counts:
                    self._held += [token.strip() for token in self._tokens[position - ready : position]]
                yield Piece(text, ready, ids=ids)
            if fault is None:
                continue
            if fault.kind is FaultKind.DISCONNECT:
                return
            if fault.kind is FaultKind.ERROR:
                raise EngineFaultError(f"fault at token {fault.at}")
            await clock.pause(fault.seconds)
        yield Piece("", 0, finish, prompt_tokens, cached)

    def _reading_seconds(self, size: PromptSize | None) -> float:
        speed = self._script.reading_speed
        return (size.tokens - size.cached) / speed if size and speed else 0.0

    def _readings(self) -> Iterator[int]:
        """How much of the prompt has been read at each step, none of it and all of it included."""
        total = self._script.prompt_tokens
        steps = min(READING_STEPS, total)
        return (total * step // steps for step in range(steps + 1)) if total else iter(())

    def _position(self, prefix: str) -> int:
        """How many tokens the prefix touches."""
        if not prefix:
            return 0
        if self._script.continuation is Continuation.NONE:
            raise EngineLostError("the script declares continuation = none")
        if not self._script.text.startswith(prefix):
            raise EngineLostError("the text so far is not the beginning of this script")
        whole = bisect_right(self._ends, len(prefix))
        return whole + (len(prefix) > self._end_of(whole))

    def _unfinished_token(self, prefix: str, touched: int) -> str:
        """What is missing of the last token that the prefix touches."""
        return self._script.text[len(prefix) : self._end_of(touched)]

    def _end_of(self, tokens: int) -> int:
        return self._ends[tokens - 1] if tokens else 0

    def _stretches(self, start: int, end: int) -> Iterator[tuple[int, Fault | None]]:
        """Where the writing may go to without a thought, and what it meets there; the last is the end."""
        for fault in self._faults:
            if fault.at > start or fault.at == start == 0:
                if fault.at > end:
                    break
                yield fault.at, fault
        yield end, None


def _words_of(task: WritingTask) -> list[str]:
    return [word for message in task.messages for word in message.content.split()]


class Pace:
    """Says how many tokens are due. The first is due after `delay`, each other 1/`rate` s after the one before."""

    def __init__(self, rate: float, delay: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._rate = rate
        self._origin = self._loop.time() + delay  # moves only by pauses, so lateness never adds up
        self._sent = 0

    async def ready(self, most: int) -> int:
        """Wait until at least one token is due; returns how many are, at most `most`. Always yields to the loop."""
        wait = self._origin - self._loop.time()
        if self._rate:
            wait += self._sent / self._rate
        await asyncio.sleep(max(0.0, wait))
        due = min(most, self._due()) if self._rate else most
        self._sent += due
        return due

    async def until_start(self, seconds: float) -> None:
        """Until the first token is due in so many seconds. Always yields to the loop."""
        await asyncio.sleep(max(0.0, self._origin - seconds - self._loop.time()))

    async def pause(self, seconds: float) -> None:
        self._origin += seconds
        await asyncio.sleep(seconds)

    def _due(self) -> int:
        elapsed = self._loop.time() - self._origin
        return max(1, int(elapsed * self._rate) + 1 - self._sent)
