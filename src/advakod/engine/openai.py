"""Any OpenAI-compatible server, or several that stand in for each other: vLLM, SGLang, llama-server, Ollama."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from ..errors import EngineError, SettingsError
from ..settings import Prefill, Settings
from .interface import Continuation, EngineInfo, Piece, PromptSize, WritingTask
from .prefill import chat_request
from .remote.authors import Authors
from .remote.counting import Counter
from .remote.failures import BLAMELESS, SilentError, UnfitError, is_busy, together
from .remote.health import in_order
from .remote.http import ASK, CONNECT, Http, shown
from .remote.server import Server
from .remote.stream import Stream

logger = logging.getLogger(__name__)

CONNECT_OF_MANY = 3.0  # seconds to reach a server when there is another one to be asked
LONGEST_LOOK = 5.0  # seconds between two looks at servers that are loading their models
GLANCE = 0.2  # seconds to say that one is loading; who waits longer than a moment tells the reader so
ASK_OF_MANY = 1.0  # seconds that one of several servers has to say what it is


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the servers are and how they are spoken to."""

    base_url: str  # or several, separated by commas: the first that is well is used
    api_key: str = ""
    model: str = ""  # empty: each server's first
    prefill: Prefill = Prefill.AUTO
    read_timeout: float = 900.0  # seconds without a byte
    stall: float = 150.0  # seconds without a word, once writing has begun, until another server is asked to go on
    silence: float = 150.0  # seconds without any sign, before that, until another server is asked instead

    @property
    def urls(self) -> list[str]:
        return [url.strip().rstrip("/") for url in self.base_url.split(",") if url.strip()]


@dataclass(frozen=True, slots=True)
class Turn:
    """Of one server, to be asked for a text."""

    server: Server
    patient: bool = False  # wait for it when it is busy
    silence: float | None = None  # seconds that it may take for its first sign; None: any


class OpenAIEngine:
    """Writes through /chat/completions.

    One piece holds all tokens that one read of the connection brought. Closing the generator closes
    the connection before `aclose` returns, which is how such servers learn that nobody wants the
    text any more. At one address a request is sent again only while nothing of the text has come:
    when the server is busy, and once when it closed the connection without a word.

    With several addresses the next one is asked when one cannot be reached, refuses for reasons of
    its own, sends rubbish, breaks off, falls silent in the middle or, while one that is well is left,
    gives no sign at the beginning: a head, a thought, how far it has read. Text that has come is gone
    on with, and only by a model of the same name. An address that failed is asked last for a while;
    so is one that whoever asked left after a long silence.
    """

    def __init__(self, remote: Remote) -> None:
        urls, many = remote.urls, len(remote.urls) > 1
        connect = CONNECT_OF_MANY if many else CONNECT
        self._remote = remote
        self._servers = [
            Server(Http(url, remote.api_key, connect=connect, read=remote.read_timeout), remote.model, remote.prefill)
            for url in urls
        ]
        self._stall = remote.stall if many else None
        self._silence = remote.silence if many else None
        self._authors = Authors()

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAIEngine:
        """Raises SettingsError when no address is given."""
        remote = Remote(
            base_url=settings.openai_base_url,
            api_key=settings.openai_api_key.get_secret_value(),
            model=settings.openai_model,
            prefill=settings.openai_prefill,
            read_timeout=settings.time.engine_read,
            stall=settings.time.stall / 2,  # so that another server has as long as the first
            silence=settings.time.stall / 2,
        )
        if not remote.urls:
            raise SettingsError(
                "no address", message="Неверная настройка ADVAKOD_OPENAI_BASE_URL: нужен адрес сервера модели."
            )
        return cls(remote)

    async def start(self) -> None:
        """Asks the servers nothing: they may come up later."""
        for server in self._servers:
            await server.http.start()

    async def stop(self) -> None:
        for server in self._servers:
            await server.stop()

    # -- facts ------------------------------------------------------------------------------------

    async def info(self) -> EngineInfo:
        """Asks the server in use for its model and whether it can go on with a text, 1.5 × ASK seconds together.

        Whether it can is tried when it is needed, as long as it is not known.
        """
        server, absent = await self._answering()
        unknown = absent or await self._probed(server)
        model, mode, facts = server.known_model, server.known_mode, server.known_facts
        details: dict[str, object] = {"base_url": shown(server.http.url), "prefill": str(mode or "unknown")}
        if len(self._servers) > 1:
            details["servers"] = [_fares(one) for one in self._servers]
        info = EngineInfo(
            name="openai",
            model=model,
            continuation=Continuation.NONE if mode is Prefill.NONE else Continuation.PREFILL,
            fingerprint=self._fingerprint(model),
            reachable=not absent,
            tells_reading=server.tells_reading,
            context=facts.context if facts else None,
            speed=server.pace.speed,
            details=details | ({"unknown": unknown} if unknown else {}),
        )
        return replace(info, concurrency=facts.slots) if facts and facts.slots else info

    async def _probed(self, server: Server) -> str:
        """Why it is not known whether it can go on. On a busy server this may wait for its turn: no failure, and
        waited for once."""
        try:
            async with asyncio.timeout(max(0.0, ASK / 2 - server.probed_for)):
                await server.prefill()
        except (EngineError, TimeoutError) as error:
            return str(error) or "the server is slow"
        return ""

    async def _answering(self) -> tuple[Server, str]:
        """The server that the next text would go to: the first that says what it is; else the first, and why it
        does not."""
        ordered, unknown = in_order(self._servers), ""
        for server in ordered:
            try:
                async with asyncio.timeout(ASK if len(ordered) == 1 else ASK_OF_MANY):
                    await server.facts()
            except (EngineError, TimeoutError) as error:
                unknown = unknown or str(error) or "the server is slow"
                server.health.failed(str(error) or "slow")
            else:
                return server, ""
        return ordered[0], unknown

    def _fingerprint(self, model: str) -> str:
        facts = f"{','.join(self._remote.urls)}\n{model}\n{self._remote.prefill}"
        return "openai:" + hashlib.sha256(facts.encode()).hexdigest()[:16]

    async def ready(self) -> None:
        """Waits for servers that say they are loading; those that are silent or not there are told of by `write`."""
        pause, within = 0.5, GLANCE
        while await self._loading(within):
            await asyncio.sleep(pause)
            pause, within = min(LONGEST_LOOK, 2 * pause), ASK

    async def _loading(self, within: float) -> bool:
        """Whether somebody says that he is loading, and nobody that he is well."""
        if any(server.fresh for server in self._servers):
            return False
        said = await asyncio.gather(*(_loads(server, within) for server in self._servers))
        return True in said and False not in said

    async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
        counter = await self._counter()
        return await counter.count(texts) if counter else None

    async def _counter(self) -> Counter | None:
        """Nobody waits for a server that failed a moment ago and has said nothing since."""
        server = in_order(self._servers)[0]
        if server.health.paused and not server.fresh:
            return None
        try:
            return await server.counter()
        except EngineError as error:
            server.health.failed(error.detail or error.code)
            return None

    async def measure(self, task: WritingTask) -> PromptSize | None:
        """What is in a server's cache only the server knows: nothing of it is counted on."""
        messages = chat_request(replace(task, prefix=""), "", Prefill.NONE)["messages"]
        counter = await self._counter()
        tokens = await counter.measure(messages) if counter else None
        return None if tokens is None else PromptSize(tokens)

    # -- writing ----------------------------------------------------------------------------------

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        failures: list[tuple[Server, EngineError]] = []
        model = self._authors.of(task.prefix) if task.prefix else ""  # that has to go on; empty: any
        written: list[Piece] = []
        for turn in self._turns(failures):
            server = turn.server
            try:
                async with aclosing(self._write_at(turn, _rest(task, written), model)) as pieces:
                    async for piece in pieces:
                        if piece.text:
                            written.append(piece)
                        if piece.text or piece.finish or not written:  # another server reads, and thinks, anew
                            yield piece
            except EngineError as error:
                failures.append((server, error))
                model = server.known_model if written and not model else model
                if isinstance(error, BLAMELESS):
                    break
                self._note(server, error)
            else:
                server.health.well()
                return
        raise self._failed(_rest(task, written).prefix, model, failures)

    def _failed(self, text: str, model: str, failures: Sequence[tuple[Server, EngineError]]) -> EngineError:
        if model:
            self._authors.broke_off(text, model)
        return together([(shown(server.http.url), error) for server, error in failures], begun=bool(text))

    def _note(self, server: Server, error: EngineError) -> None:
        if not isinstance(error, UnfitError):
            server.failed(error)
        if len(self._servers) > 1:  # of one alone whoever asked will tell
            logger.warning("%s: %s: %s", shown(server.http.url), error.code, error.detail)

    def _turns(self, failures: Sequence[tuple[Server, EngineError]]) -> Iterator[Turn]:
        """Whom to ask; those that were only busy or silent once more, when nobody else is left."""
        ordered = in_order(self._servers)
        if len(ordered) == 1:
            yield Turn(ordered[0], patient=True)
            return
        for place, server in enumerate(ordered, start=1):
            others = not all(other.health.paused for other in ordered[place:])
            yield Turn(server, silence=self._silence if others else None)
        for server in [server for server, error in failures if is_busy(error) or isinstance(error, SilentError)]:
            yield Turn(server, patient=True)

    async def _write_at(self, turn: Turn, task: WritingTask, model: str) -> AsyncGenerator[Piece, None]:
        """The text that follows `task.prefix`, by one server."""
        server, stream, asked = turn.server, None, time.monotonic()
        try:
            stream = await self._begin(turn, task, model)
            async for piece in stream.pieces():
                server.tells_reading = server.tells_reading or piece.reading is not None
                yield piece
        except asyncio.CancelledError:
            self._left(server, time.monotonic() - (stream.heard if stream else asked))
            raise
        finally:
            if stream is not None:
                stream.close()
                server.pace.learn(stream.timing())

    async def _begin(self, turn: Turn, task: WritingTask, model: str) -> Stream:
        """Returns with the first sign that the server gives."""
        server = turn.server
        try:
            async with asyncio.timeout(turn.silence):
                if model and model != await server.model():
                    raise UnfitError(f"the text is by {model}, the server has {await server.model()}")
                mode = await server.prefill() if task.prefix else Prefill.NONE
                if task.prefix and mode is Prefill.NONE:
                    raise UnfitError("the server cannot go on with a text")
                asked = time.monotonic()
                response = await server.open(task, mode, patient=turn.patient)
        except TimeoutError as error:
            raise SilentError(f"no sign for {turn.silence:g} s") from error
        return Stream(response, task.prefix, self._stall, asked)

    def _left(self, server: Server, silence: float) -> None:
        """Whoever asked has gone, after so long a silence."""
        if self._silence is not None and silence > self._silence:
            self._note(server, SilentError(f"no sign for {silence:.0f} s, and nobody waits any more"))


async def _loads(server: Server, within: float) -> bool | None:
    """None: it does not say."""
    try:
        async with asyncio.timeout(within):
            await server.facts()
    except EngineError as error:
        return True if is_busy(error) else None
    except TimeoutError:
        return None
    return False


def _rest(task: WritingTask, written: Sequence[Piece]) -> WritingTask:
    """What is left of the task after these pieces of it."""
    if not written:
        return task
    prefix = task.prefix + "".join(piece.text for piece in written)
    return replace(task, prefix=prefix, max_tokens=max(1, task.max_tokens - sum(piece.tokens for piece in written)))


def _fares(server: Server) -> dict[str, object]:
    health = server.health
    return {"url": shown(server.http.url), "model": server.known_model, "failures": health.failures} | (
        {"reason": health.reason} if health.reason else {}
    )
