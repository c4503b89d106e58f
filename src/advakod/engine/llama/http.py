"""llama-server's own protocol: the tokens of a text, the prompt of a conversation, and /completion as a stream.

Nothing is kept alive between requests: the server closes idle connections when it likes, and a new one on the same
machine costs a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from ..errors import EngineContextError, EngineLostError, EngineRefusedError
from ..interface import FinishReason, Message
from ..thinking import Written
from .errors import LlamaRubbishError

CONNECT = 10.0  # seconds; the server is on this machine, but may have to wait for a core
LONGEST_EVENT = 16 * 1024 * 1024  # bytes; an end that repeats a prompt of 100,000 tokens has a tenth of it
LONGEST_DETAIL = 500  # characters of the server's own words that are kept
SEPARATOR = -1  # /tokenize hands numbers through as they are, and no token has this one
ENDS = {"eos": FinishReason.STOP, "word": FinishReason.STOP, "limit": FinishReason.LENGTH}
# All that is read of the last event; without this it repeats the whole prompt.
LAST_EVENT = ("stop", "stop_type", "content", "tokens", "tokens_predicted", "tokens_evaluated", "timings")
# What only a stream needs to be asked for.
STREAMED: Mapping[str, Any] = {
    "stream": True,
    "return_tokens": True,
    "return_progress": True,
    "response_fields": LAST_EVENT,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the prompt has been read; what was in the cache counts as read."""

    done: int
    total: int
    cached: int
    seconds: float  # spent on it


@dataclass(frozen=True, slots=True)
class Timings:
    """What a writing cost, by the server's own clock."""

    cached: int  # tokens of the prompt that were not read anew
    read: int
    reading_seconds: float
    written: int
    writing_seconds: float  # from the first token to the last: one interval less than tokens


@dataclass(frozen=True, slots=True)
class End:
    """The server's last word on a writing."""

    finish: FinishReason
    timings: Timings


@dataclass(slots=True)
class Chunk:
    """What one read of the connection brought, in this order; often several tokens."""

    progress: Progress | None = None
    written: list[Written] = field(default_factory=list)
    end: End | None = None


class Decoder:
    """The stream of /completion: bytes in, chunks out.

    The server holds back a token that ends inside a letter and shows only the last of those that make up the letter;
    `tokens_predicted` tells that there were others, and then their ids are not known.
    """

    __slots__ = ("_held", "_ids", "_predicted", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._predicted = 0  # tokens that the server has told of
        self._held = 0  # of them, without a text so far
        self._ids: tuple[int, ...] | None = ()  # of those held; None: not known

    def feed(self, data: bytes) -> Chunk:
        """Raises EngineRefusedError or LlamaRubbishError for what cannot be gone on with."""
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        if len(self._rest) > LONGEST_EVENT:
            raise LlamaRubbishError("an event without an end")
        chunk = Chunk()
        for block in blocks:
            try:
                if block.startswith(b"data: ") and b"\n" not in block:  # nearly always
                    self._event(orjson.loads(block[6:]), chunk)
                else:
                    for document in _documents(block):
                        self._event(orjson.loads(document), chunk)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise LlamaRubbishError(f"{error!r} in {_short(block)}") from error
        return chunk

    def _event(self, event: dict[str, Any], chunk: Chunk) -> None:
        if "error" in event:
            raise refusal(event)
        if event["stop"]:
            self._text(event, chunk)
            if self._held:  # the end of the text, which is no text, or half a letter
                chunk.written.append(Written("", self._held, ()))
            chunk.end = _end(event)
        elif (progress := event.get("prompt_progress")) is not None:
            done, total, cached = (int(progress[name]) for name in ("processed", "total", "cache"))
            chunk.progress = Progress(min(done, total), total, cached, progress["time_ms"] / 1000)
        else:
            self._text(event, chunk)

    def _text(self, event: dict[str, Any], chunk: Chunk) -> None:
        text, ids, predicted = event["content"] + "", event["tokens"], event["tokens_predicted"]
        new, self._predicted = predicted - self._predicted, predicted
        if text and not self._held and len(ids) == new:  # nearly always
            chunk.written.append(Written(text, new, tuple(ids)))
            return
        self._held += new
        self._ids = (*self._ids, *ids) if self._ids is not None and len(ids) == new else None
        if text:
            chunk.written.append(Written(text, self._held, self._ids or ()))
            self._held, self._ids = 0, ()


class Completion:
    """A text being written. `close` lets the server know that nobody wants more of it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._decoder = Decoder()

    async def read(self) -> Chunk:
        """The next chunk that says something. Raises EngineError; after a chunk with an `end` there is nothing."""
        while True:
            try:
                data = await self._response.content.readany()
            except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
                raise EngineLostError(repr(error)) from error
            if not data:
                raise EngineLostError("the server closed the connection before the end")
            chunk = self._decoder.feed(data)
            if chunk.written or chunk.progress is not None or chunk.end is not None:
                return chunk

    def close(self) -> None:
        """At once: the connection is closed when this returns to the event loop."""
        self._response.close()


class LlamaClient:
    """Speaks to one llama-server. Failures are EngineErrors: Lost when it is not there, Refused when it says no."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str = "") -> None:
        self._session = session
        self._url = url
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    async def tokenize(self, text: str, *, first: bool = True) -> tuple[int, ...]:
        """Of a prompt: its marks become tokens of their own. `first`: after the token that the model begins with."""
        return tuple(await self._tokens([text], special=True, first=first))

    async def tokenize_each(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each text as an answer or a part of a prompt; one request."""
        content = [part for text in texts for part in (text, SEPARATOR)]
        found: list[tuple[int, ...]] = []
        begin = 0
        tokens = await self._tokens(content)
        for end in (place for place, token in enumerate(tokens) if token == SEPARATOR):
            found.append(tuple(tokens[begin:end]))
            begin = end + 1
        if len(found) != len(texts):
            raise LlamaRubbishError(f"tokens of {len(found)} texts, not of {len(texts)}")
        return found

    async def _tokens(self, content: Sequence[str | int], *, special: bool = False, first: bool = False) -> list[int]:
        body = {"content": content, "add_special": first, "parse_special": special}
        tokens = await self._ask("/tokenize", "tokens", body)
        if not isinstance(tokens, list) or not all(type(token) is int for token in tokens):
            raise LlamaRubbishError("/tokenize without numbers")
        return tokens

    async def apply_template(self, messages: Sequence[Message]) -> str:
        """The prompt that the model's own template makes. EngineRefusedError: the template raised."""
        body = {"messages": [{"role": message.role, "content": message.content} for message in messages]}
        prompt = await self._ask("/apply-template", "prompt", body)
        if not isinstance(prompt, str):
            raise LlamaRubbishError("/apply-template without a text")
        return prompt

    async def complete(self, body: Mapping[str, Any]) -> Completion:
        """Begin a writing; the caller closes it."""
        response = await self._request("/completion", {**body, **STREAMED})
        if response.status != 200:
            await self._parsed(response)
        return Completion(response)

    # -- requests ---------------------------------------------------------------------------------

    async def _ask(self, path: str, name: str, body: Mapping[str, Any]) -> Any:
        try:
            return (await self._parsed(await self._request(path, body)))[name]
        except (LookupError, TypeError) as error:
            raise LlamaRubbishError(f"{path} without {name}") from error

    async def _request(self, path: str, body: Mapping[str, Any]) -> aiohttp.ClientResponse:
        """An answer's head; the caller closes it."""
        try:
            return await self._session.post(
                self._url + path, data=orjson.dumps(body), headers=self._headers, allow_redirects=False
            )
        except (aiohttp.ClientError, OSError) as error:
            raise EngineLostError(repr(error)) from error

    async def _parsed(self, response: aiohttp.ClientResponse) -> Any:
        """The document that an answer is. Raises when it is none or not a 200; closes the answer."""
        try:
            said = orjson.loads(await response.read())
        except (aiohttp.ClientError, OSError) as error:
            raise EngineLostError(repr(error)) from error
        except ValueError as error:
            raise LlamaRubbishError(f"HTTP {response.status} is not JSON") from error
        finally:
            response.close()
        if response.status != 200:
            raise refusal(said, response.status)
        return said


def open_session(read_timeout: float) -> aiohttp.ClientSession:
    """For all requests to the child. `read_timeout`: seconds without a byte."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_read=read_timeout),
        headers={"Accept-Encoding": "identity"},
        auto_decompress=False,
    )


def refusal(said: Any, status: int = 0) -> EngineRefusedError | EngineLostError:
    """The error for what the server says about a request that it did not carry out."""
    error = said.get("error", said) if isinstance(said, dict) else said
    facts = error if isinstance(error, dict) else {"message": error}
    reason = str(facts.get("message") or f"HTTP {status}")[:LONGEST_DETAIL]
    if facts.get("type") == "exceed_context_size_error":
        return EngineContextError(reason, status=status)
    if facts.get("type") == "unavailable_error":  # it is loading the model
        return EngineLostError(reason)
    return EngineRefusedError(f"HTTP {status}: {reason}", reason=reason, status=status)


def _documents(block: bytes) -> Iterator[bytes]:
    """The data of one event; comments are signs of life."""
    for line in block.split(b"\n"):
        if line.startswith(b"data: "):
            yield line[6:]
        elif line.startswith(b"error: "):  # older servers
            yield b'{"error":' + line[7:] + b"}"
        elif line and not line.startswith(b":"):
            raise LlamaRubbishError(f"not an event stream: {_short(line)}")


def _end(event: dict[str, Any]) -> End:
    told, kind = event["timings"], event["stop_type"]
    if kind not in ENDS:
        raise EngineLostError(f"stop_type {kind!r}")
    timings = Timings(
        cached=int(told["cache_n"]),
        read=int(told["prompt_n"]),
        reading_seconds=told["prompt_ms"] / 1000,
        written=int(told["predicted_n"]),
        writing_seconds=told["predicted_ms"] / 1000,
    )
    return End(ENDS[kind], timings)


def _short(data: bytes) -> str:
    return data[:120].decode(errors="replace")
