"""The stream of /chat/completions: bytes in, text and its end out."""

from __future__ import annotations

import re
from typing import Any

import orjson

from ..client.sse import EventSplitter, OversizedEventError, is_event_stream, payload
from ..errors import EngineError
from .errors import (
    EngineContextError,
    EngineFilteredError,
    EngineLostError,
    EngineRefusedError,
    EngineRubbishError,
)
from .interface import FinishReason, Reading

LONGEST_DETAIL = 500  # characters of a server's own words that are kept
FINISHES = frozenset(reason.value for reason in FinishReason)
THINKING = ("reasoning_content", "reasoning")  # llama-server and SGLang; newer vLLM and Ollama
# llama-server, OpenAI, vLLM and SGLang, in this order
CONTEXT = re.compile(
    r"exceed_context_size|context_length_exceeded|maximum context length|model's context length"
    r"|exceeds? the (available )?context",
    re.IGNORECASE,
)


class ChatDecoder:
    """Takes the text out of a stream. Never raises: a failure comes after the text before it.

    `over` says that nothing more is to be read: there is a `failure`, or the server said [DONE] or
    closed. Without a `failure` there is then a `finish`. What the model thinks is left out and
    counted in `thought`. `reading` is the last that the server told of its reading, until the first text.
    """

    __slots__ = (
        "_counted",
        "_seen",
        "_splitter",
        "cached_tokens",
        "failure",
        "finish",
        "over",
        "progress",
        "prompt_tokens",
        "reading",
        "spoken",
        "thought",
        "timings",
    )

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._counted = 0  # tokens handed out, or thought
        self._seen = False  # an event of this protocol
        self.spoken: int | None = None  # tokens by the server's own account
        self.thought = 0  # tokens of fields of their own; marks inside the text are not looked for
        self.prompt_tokens: int | None = None
        self.cached_tokens: int | None = None  # of them, not read anew
        self.timings: dict[str, Any] = {}  # llama-server's own account of its speed
        self.progress: dict[str, Any] = {}  # the account that `reading` was made of
        self.reading: Reading | None = None
        self.finish: FinishReason | None = None
        self.failure: EngineError | None = None
        self.over = False

    def feed(self, chunk: bytes) -> tuple[str, int]:
        """The text in `chunk` and how many tokens it is."""
        try:
            blocks = self._splitter.feed(chunk)
        except OversizedEventError as error:
            self.fail(EngineRubbishError(str(error)))
            return "", 0
        return self._texts(blocks)

    def end(self, reason: str = "the connection was closed") -> tuple[str, int]:
        """The connection is gone. Says the same about an event whose last line end was forgotten."""
        rest = self._splitter.rest()
        whole = rest.endswith((b"}", b"[DONE]")) and not self.over
        last = self._texts([rest]) if whole else ("", 0)
        if not self.over and self.finish is None:
            lost = self._seen or is_event_stream(rest)
            self.fail(EngineLostError(reason) if lost else EngineRubbishError(f"no event came: {_short(rest)}"))
        self.over = True
        return last

    def fail(self, failure: EngineError) -> None:
        """The first failure counts."""
        self.failure = self.failure or failure
        self.over = True

    def uncounted(self) -> int:
        """Tokens that the server wrote by its own account and that no event showed."""
        return max(0, (self.spoken or 0) - self._counted)

    def _texts(self, blocks: list[bytes]) -> tuple[str, int]:
        texts: list[str] = []
        for block in blocks:
            data = payload(block)
            try:
                self._event(block, data, texts)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                self.fail(EngineRubbishError(f"{error!r} in {_short(block)}"))
            if self.over:
                break
        self._counted += len(texts)
        return "".join(texts), len(texts)

    def _event(self, block: bytes, data: bytes | None, texts: list[str]) -> None:
        if data is None:
            self._without_data(block)
            return
        if data == b"[DONE]":
            self._done()
            return
        event = orjson.loads(data)
        if choices := event.get("choices"):
            self._seen = True
            self._choice(choices[0], texts)
        if not self._counted and (reading := _reading(event.get("prompt_progress"))):  # llama-server
            self.progress, self.reading = event["prompt_progress"], reading
        if usage := event.get("usage"):
            self._usage(usage)
        if isinstance(timings := event.get("timings"), dict):
            self.timings = timings
        if error := event.get("error"):
            self.fail(refusal(error))

    def _choice(self, choice: dict[str, Any], texts: list[str]) -> None:
        delta = choice.get("delta") or {}
        if text := delta.get("content"):
            texts.append(text + "")  # anything but a str is a TypeError here, not later
        elif any(delta.get(name) for name in THINKING):
            self.thought += 1
            self._counted += 1
        if reason := choice.get("finish_reason"):
            self._finish(reason)

    def _usage(self, usage: dict[str, Any]) -> None:
        self.prompt_tokens = usage.get("prompt_tokens")
        self.spoken = usage.get("completion_tokens")
        details = usage.get("prompt_tokens_details") or {}
        if isinstance(cached := details.get("cached_tokens"), int) and isinstance(self.prompt_tokens, int):
            self.cached_tokens = max(0, min(cached, self.prompt_tokens))

    def _without_data(self, block: bytes) -> None:
        if block.startswith(b"error:"):  # older llama-servers
            self.fail(refusal(orjson.loads(block[6:])))
        elif not is_event_stream(block):
            self.fail(EngineRubbishError(f"not an event stream: {_short(block)}"))

    def _done(self) -> None:
        if self.finish is None:
            self.fail(EngineLostError("[DONE] without a finish reason"))
        self.over = True

    def _finish(self, reason: str) -> None:
        if reason == "content_filter":
            self.fail(EngineFilteredError("finish_reason content_filter"))
        elif reason in FINISHES:
            self.finish = FinishReason(reason)
        else:
            self.fail(EngineLostError(f"finish_reason {reason!r}"))


def _reading(progress: object) -> Reading | None:
    """None for what cannot be understood: a text is not worth losing for it."""
    facts = progress if isinstance(progress, dict) else {}
    done, total = facts.get("processed"), facts.get("total")
    if not isinstance(done, int) or not isinstance(total, int) or total <= 0:
        return None
    return Reading(max(0, min(done, total)), total)


def refusal(error: object, status: int = 0) -> EngineRefusedError:
    """The error for what a server says about a request it did not carry out."""
    said = _sentence(error)
    if CONTEXT.search(said) or CONTEXT.search(_kind(error)):
        return EngineContextError(said, status=status)
    reason = said or f"HTTP {status}"
    return EngineRefusedError(f"HTTP {status}: {said}" if status else said, reason=reason, status=status)


def _sentence(error: object) -> str:
    """The server's own words, wherever it put them."""
    if isinstance(error, dict):
        inner = next((error[name] for name in ("error", "message", "detail") if error.get(name)), None)
        return _sentence(inner) if inner is not None else _short(orjson.dumps(error, default=str))
    return str(error or "")[:LONGEST_DETAIL]


def _kind(error: Any) -> str:
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    return f"{error.get('type')} {error.get('code')}" if isinstance(error, dict) else ""


def _short(data: bytes) -> str:
    return data[:120].decode(errors="replace")
