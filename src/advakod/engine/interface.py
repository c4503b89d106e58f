"""What an engine promises: it writes a text, streaming, and can be stopped at any moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Continuation(StrEnum):
    """How an engine goes on with a text that it, or a process before it, began."""

    EXACT = "exact"  # the same text as without the interruption
    PREFILL = "prefill"  # a seamless text from the same words on
    NONE = "none"  # it cannot; the run ends incomplete/engine_lost, every word kept


class FinishReason(StrEnum):
    """Why writing ended by itself. An engine that ends without one has failed."""

    STOP = "stop"
    LENGTH = "length"  # max_tokens or a full context


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the prompt; roles as in the chat protocol."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Source:
    """A provision given to the engine, numbered as `[n]` in the prompt.

    Frozen into the run before the first text, so that a later attempt sees the same.
    """

    n: int
    act: str  # act id
    act_title: str  # «Закон «О защите прав потребителей»»
    article: str  # «18»; empty for a preamble or a point outside articles
    title: str  # heading
    address: str  # full: ru/zozpp@2023-08-04/st18
    edition_date: str  # ISO date, empty when unknown
    text: str
    score: float = 0.0
    summary: bool = False  # an entry of the everyday guide, not the act's text


@dataclass(frozen=True, slots=True)
class WritingTask:
    """Everything an engine needs; the same task gives the same text where the engine is deterministic."""

    question: str
    messages: Sequence[Message] = ()
    sources: Sequence[Source] = ()
    prefix: str = ""  # text already written by an earlier attempt; the engine sends only what follows
    prefix_ids: Sequence[int] = ()  # the model's own tokens of the beginning of `prefix`, as `Piece.ids` gave them
    prefix_ids_length: int = 0  # characters of `prefix` that they stand for
    max_tokens: int = 1024  # that this writing may add; whoever has a text continued lowers it by what is there
    temperature: float = 0.2
    top_p: float = 0.9
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the prompt has been read, in the engine's own tokens; 0 <= done <= total."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text, or a sign of life without text: `reading` the prompt (no tokens), or `thinking` (tokens).

    The last piece of a writing, and no other, carries `finish`. Neither sign follows the first text.
    """

    text: str
    tokens: int = 1
    finish: FinishReason | None = None
    prompt_tokens: int | None = None  # when the engine tells
    cached_tokens: int | None = None  # of them, not read anew; when the engine tells
    reading: Reading | None = None
    thinking: bool = False  # the model thinks; what it thinks is not the answer
    ids: tuple[int, ...] = ()  # the model's tokens of `text`, all of them or, where they are not known, none


@dataclass(frozen=True, slots=True)
class Speed:
    """What one text may count on at the present load, in the model's own tokens a second; both > 0."""

    reading: float
    writing: float


@dataclass(frozen=True, slots=True)
class PromptSize:
    """How large a prompt is, in the engine's own tokens, template included; 0 <= cached <= tokens."""

    tokens: int
    cached: int = 0  # that it need not read, if it writes this prompt next


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Facts shown to operators and stored with a run."""

    name: str  # extractive | openai | scripted | llama
    model: str
    continuation: Continuation
    fingerprint: str  # token ids and texts are comparable under the same fingerprint only
    concurrency: int = 64  # texts it can usefully write at once, unless VISTRAL_MAX_CONCURRENCY says otherwise
    reachable: bool = True  # false: nobody answered, and `continuation` is not known
    uses_sources: bool = True  # false: nothing is searched for it (a script)
    tells_reading: bool = False  # true: writings begin with pieces of reading; what is not known is false
    context: int | None = None  # tokens that one text may have, prompt and answer together; None: not known
    speed: Speed | None = None  # None: not known yet
    details: dict[str, object] = field(default_factory=dict)


class Engine(Protocol):
    """Writes texts.

    `write` yields pieces until one carries `finish`; closing the generator early (`aclose`) stops
    the writing and frees whatever it held (slot, connection) before `aclose` returns. Failures are
    `EngineError`s; a generator that ends without `finish` is never a completed text. Silence is not
    an error here: budgets are the worker's. Pieces concatenated after `prefix` are the whole text.
    """

    async def start(self) -> None:
        """Get ready; raises EngineError with a sentence to act on. Must not need the network to be up."""
        ...

    async def stop(self) -> None:
        """Release everything; idempotent."""
        ...

    async def info(self) -> EngineInfo:
        """Current facts. May ask a remote server, bounded to a few seconds, never raises for its absence."""
        ...

    async def ready(self) -> None:
        """Returns when a writing would begin at once: the model is loaded and its speed is known.

        Raises EngineError when that is not to be expected soon; it may succeed later. The caller bounds the wait.
        """
        ...

    async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
        """Tokens of each text; None: the engine cannot tell. Bounded to a few seconds; never raises."""
        ...

    async def measure(self, task: WritingTask) -> PromptSize | None:
        """Of the whole prompt that `write(task)` would send, without its prefix. As `count`."""
        ...

    def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        """Stream the text that follows `task.prefix`."""
        ...


class Uncounted:
    """For engines that are ready at once and count no tokens."""

    async def ready(self) -> None:
        """At once."""

    async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
        return None

    async def measure(self, task: WritingTask) -> PromptSize | None:
        return None
