"""Any OpenAI-compatible server: vLLM, SGLang, llama-server, Ollama."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections import ChainMap
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from ..errors import EngineError
from ..settings import Prefill, Settings
from .chat_stream import ChatDecoder, refusal
from .errors import EngineLostError, EngineRefusedError, EngineRubbishError, EngineUnreachableError
from .interface import Continuation, EngineInfo, Piece, Reading, Uncounted, WritingTask
from .prefill import MODES, PROBE, RestartGuard, chat_request, goes_on

logger = logging.getLogger(__name__)

CONNECT = 10.0  # seconds to reach the server; one on the same network needs milliseconds
ASK = 5.0  # seconds that a question about the server itself may take
LINGER = 2.0  # seconds to wait for the usage after the finish reason
RETRIES = 3  # of a server that says it is busy
LONGEST_WAIT = 30.0  # seconds of Retry-After that are obeyed
LONGEST_DOCUMENT = 1024 * 1024  # bytes of an answer that is no stream: an error, a list of models
# Asked for beside the text, and no longer asked for, the first of them first, by who refuses: how the prompt is being
# read (llama-server; others pass over it or refuse it) and how many tokens it all was.
WISHES: tuple[dict[str, Any], ...] = ({"return_progress": True}, {"stream_options": {"include_usage": True}})
BUSY = (429, 503)
UNUSABLE = (400, 422)  # what servers say to a field they do not know


class _WordlessError(EngineLostError):
    """The connection was closed before a byte of the answer."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the server is and how it is spoken to."""

    base_url: str
    api_key: str = ""
    model: str = ""  # empty: the server's first
    prefill: Prefill = Prefill.AUTO
    read_timeout: float = 900.0  # seconds without a byte


class OpenAIEngine(Uncounted):
    """Writes through /chat/completions.

    One piece holds all tokens that one read of the connection brought. Closing the generator closes
    the connection before `aclose` returns, which is how such servers learn that nobody wants the
    text any more. A request is sent again only while nothing of the text has come: when the server
    is busy, and once when it closed the connection without a word.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._session: aiohttp.ClientSession | None = None
        self._model = remote.model
        self._mode: Prefill | None = None if remote.prefill is Prefill.AUTO else remote.prefill
        self._probe: asyncio.Task[Prefill] | None = None
        self._wishes = WISHES  # what the server does not refuse
        self._tells_reading = False

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAIEngine:
        return cls(
            Remote(
                base_url=settings.openai_base_url.rstrip("/"),
                api_key=settings.openai_api_key.get_secret_value(),
                model=settings.openai_model,
                prefill=settings.openai_prefill,
                read_timeout=settings.time.engine_read,
            )
        )

    async def start(self) -> None:
        """Asks the server nothing: it may come up later."""
        key = self._remote.api_key
        self._session = aiohttp.ClientSession(
            # Every answer has a connection of its own: none is stale, and 0.1 ms is little beside an answer.
            # How many there are at once is the worker's to say.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_read=self._remote.read_timeout),
            headers={"Accept-Encoding": "identity", **({"Authorization": f"Bearer {key}"} if key else {})},
            auto_decompress=False,  # compressed tokens would wait for each other
        )

    async def stop(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait([self._probe])
            self._probe = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def info(self) -> EngineInfo:
        """Asks the server for its model and whether it can go on with a text, ASK seconds together."""
        details: dict[str, object] = {"base_url": self._remote.base_url}
        model, mode = self._model, self._mode
        try:
            async with asyncio.timeout(ASK):
                model = await self._model_name()
                mode = await self._prefill()
        except (EngineError, TimeoutError) as error:
            details["unknown"] = str(error) or "the server is slow"
        facts = f"{self._remote.base_url}\n{model}\n{self._remote.prefill}"
        return EngineInfo(
            name="openai",
            model=model,
            continuation=Continuation.NONE if mode in (None, Prefill.NONE) else Continuation.PREFILL,
            fingerprint="openai:" + hashlib.sha256(facts.encode()).hexdigest()[:16],
            details=details | {"prefill": str(mode or "unknown")},
            reachable=mode is not None,
            tells_reading=self._tells_reading,
        )

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        mode = await self._prefill() if task.prefix else Prefill.NONE
        if task.prefix and mode is Prefill.NONE:
            raise EngineLostError("the server cannot go on with a text")
        body = chat_request(task, await self._model_name(), mode) | {"stream": True}
        response = _event_stream(await self._open(body))
        decoder, guard, tokens = ChatDecoder(), RestartGuard(task.prefix), 0
        told: Reading | None = None
        try:
            while not decoder.over:
                came, more = await _receive(response, decoder)
                if decoder.reading is not told and not tokens + more:
                    told, self._tells_reading = decoder.reading, True
                    yield Piece("", 0, reading=told)
                text, tokens = guard.let(came, last=decoder.over), tokens + more
                if text and (decoder.failure or not decoder.over):
                    yield Piece(text, tokens)
                    tokens = 0
        finally:
            response.close()
        if decoder.failure is not None:
            raise decoder.failure
        yield Piece(text, tokens + decoder.uncounted(), decoder.finish, decoder.prompt_tokens)

    # -- requests ---------------------------------------------------------------------------------

    async def _open(self, body: dict[str, Any]) -> aiohttp.ClientResponse:
        """The answer to a request that the server accepted."""
        wishes = self._wishes if "stream" in body else ()
        for attempt in range(RETRIES + 1):
            response = await self._post(dict(ChainMap(body, *wishes)))
            if response.status == 200:
                self._wishes = wishes if "stream" in body else self._wishes
                return response
            failure = await _refused(response)
            if response.status in UNUSABLE and wishes and type(failure) is EngineRefusedError:
                wishes = wishes[1:]
            elif response.status not in BUSY or attempt == RETRIES:
                raise failure
            else:
                await asyncio.sleep(_wait(response, attempt))
        raise failure

    async def _post(self, body: dict[str, Any]) -> aiohttp.ClientResponse:
        try:
            return await self._request("POST", "/chat/completions", body)
        except _WordlessError:  # a server, or a balancer before it, that is being restarted
            return await self._request("POST", "/chat/completions", body)

    async def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> aiohttp.ClientResponse:
        """An answer's head; the caller closes it."""
        if self._session is None:
            raise EngineUnreachableError("the engine is not started")
        try:
            return await self._session.request(
                method,
                self._remote.base_url + path,
                data=None if body is None else orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                allow_redirects=False,  # the key is for this server only
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise EngineUnreachableError(repr(error)) from error
        except aiohttp.ServerTimeoutError as error:
            raise EngineLostError(repr(error)) from error
        except (aiohttp.ClientConnectionError, OSError) as error:
            raise _WordlessError(repr(error)) from error
        except aiohttp.ClientError as error:
            raise EngineRubbishError(repr(error)) from error

    async def _model_name(self) -> str:
        """The configured model, else the first that the server lists; asked for once."""
        if not self._model:
            try:
                async with asyncio.timeout(ASK):
                    listed = await self._json(await self._request("GET", "/models"))
                self._model = str(listed["data"][0]["id"])
            except TimeoutError as error:
                raise EngineUnreachableError("GET /models got no answer") from error
            except (LookupError, TypeError) as error:
                raise EngineRubbishError("GET /models lists no model") from error
        return self._model

    async def _json(self, response: aiohttp.ClientResponse) -> Any:
        try:
            if response.status != 200:
                raise await _refused(response)
            return orjson.loads(await _document(response))
        except ValueError as error:
            raise EngineRubbishError("the answer is not JSON") from error
        except (aiohttp.ClientError, OSError) as error:
            raise EngineLostError(repr(error)) from error
        finally:
            response.close()

    # -- going on with a text ---------------------------------------------------------------------

    async def _prefill(self) -> Prefill:
        """How this server is asked to go on; found out once, whoever asks first, and by one request at a time."""
        while self._mode is None:
            if self._probe is None or self._probe.done():
                self._probe = asyncio.create_task(self._try_modes())
                self._probe.add_done_callback(_retrieved)
            self._mode = await asyncio.shield(self._probe)
        return self._mode

    async def _try_modes(self) -> Prefill:
        for mode in MODES:
            request = chat_request(PROBE, await self._model_name(), mode)
            try:
                answer = await self._json(await self._open(request))
                if goes_on(answer["choices"][0]["message"]["content"] or ""):
                    return mode
            except EngineRefusedError as error:
                if error.facts.get("status") not in UNUSABLE:
                    raise  # it says nothing about the mode
                logger.info("prefill mode %s is refused: %s", mode, error.detail)
            except (LookupError, TypeError) as error:
                raise EngineRubbishError("the answer has no text") from error
        return Prefill.NONE


def _retrieved(task: asyncio.Task[Any]) -> None:
    """Whoever waited has the exception; nobody needs a warning when all of them have gone."""
    if not task.cancelled():
        task.exception()


async def _receive(response: aiohttp.ClientResponse, decoder: ChatDecoder) -> tuple[str, int]:
    """The text of one read. After the finish reason nothing is waited for long, and nothing lost is missed."""
    try:
        if decoder.finish is None:
            chunk = await response.content.readany()
        else:
            chunk = await asyncio.wait_for(response.content.readany(), LINGER)
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        # aiohttp keeps to itself what arrived just before the connection broke: words of the answer.
        texts = decoder.feed(b"".join(response.content._buffer))
        return _joined(texts, decoder.end(repr(error)))
    return decoder.feed(chunk) if chunk else decoder.end()


def _joined(first: tuple[str, int], second: tuple[str, int]) -> tuple[str, int]:
    return first[0] + second[0], first[1] + second[1]


def _event_stream(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    """Servers that mislabel their stream exist; a page or a JSON document is none."""
    if response.content_type in ("text/html", "application/json"):
        response.close()
        raise EngineRubbishError(f"{response.content_type} instead of an event stream")
    return response


async def _refused(response: aiohttp.ClientResponse) -> EngineRefusedError:
    """The error that this answer is; closes it."""
    try:
        async with asyncio.timeout(ASK):
            body = await _document(response)
    except (aiohttp.ClientError, OSError):  # the status says enough
        body = b""
    finally:
        response.close()
    try:
        said = orjson.loads(body)
    except ValueError:
        said = body.decode(errors="replace")
    return refusal(said, response.status)


async def _document(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, or its first LONGEST_DOCUMENT bytes."""
    body = bytearray()
    while len(body) < LONGEST_DOCUMENT and (chunk := await response.content.readany()):
        body += chunk
    return bytes(body)


def _wait(response: aiohttp.ClientResponse, attempt: int) -> float:
    """Seconds until the next try: what the server asks for, else doubling with jitter."""
    try:
        return min(LONGEST_WAIT, max(0.0, float(response.headers["Retry-After"])))
    except (KeyError, ValueError):
        return float(2**attempt * random.uniform(0.25, 0.5))
