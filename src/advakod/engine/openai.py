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
from .remote.failures import BLAMELESS, UnfitError, is_busy, together
from .remote.health import in_order
from .remote.http import ASK, CONNECT, Http, shown
from .remote.server import Server
from .remote.stream import Stream

logger = logging.getLogger(__name__)

CONNECT_OF_MANY = 3.0  # seconds to reach a server when there is another one to be asked
LONGEST_LOOK = 5.0  # seconds between two looks at servers that are loading their models


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the servers are and how they are spoken to."""

    base_url: str  # or several, separated by commas: the first that is well is used
    api_key: str = ""
    model: str = ""  # empty: each server's first
    prefill: Prefill = Prefill.AUTO
    read_timeout: float = 900.0  # seconds without a byte
    stall: float = 150.0  # seconds without a word, once writing has begun, until another server is asked to go on

    @property
    def urls(self) -> list[str]:
        return [url.strip().rstrip("/") for url in self.base_url.split(",") if url.strip()]


class OpenAIEngine:
    """Writes through /chat/completions.

    One piece holds all tokens that one read of the connection brought. Closing the generator closes
    the connection before `aclose` returns, which is how such servers learn that nobody wants the
    text any more. At one address a request is sent again only while nothing of the text has come:
    when the server is busy, and once when it closed the connection without a word.

    With several addresses the next one is asked when one cannot be reached, refuses for reasons of
    its own, sends rubbish, breaks off or falls silent in the middle. Text that has come is gone on
    with, and only by a model of the same name. An address that failed is asked last for a while.
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
        """Asks the server in use for its model and whether it can go on with a text, ASK seconds together."""
        server, unknown = await self._in_use()
        model, mode, facts = server.known_model, server.known_mode, server.known_facts
        details: dict[str, object] = {"base_url": shown(server.http.url), "prefill": str(mode or "unknown")}
        if len(self._servers) > 1:
            details["servers"] = [_fares(one) for one in self._servers]
        info = EngineInfo(
            name="openai",
            model=model,
            continuation=Continuation.NONE if mode in (None, Prefill.NONE) else Continuation.PREFILL,
            fingerprint=self._fingerprint(model),
            reachable=not unknown and mode is not None,
            tells_reading=server.tells_reading,
            context=facts.context if facts else None,
            speed=server.pace.speed,
            details=details | ({"unknown": unknown} if unknown else {}),
        )
        return replace(info, concurrency=facts.slots) if facts and facts.slots else info

    async def _in_use(self) -> tuple[Server, str]:
        """The server that the next text would go to, and what is not known about it."""
        server, unknown = await self._answering()
        if unknown:
            return server, unknown
        try:  # on a busy server this may wait for its turn, which is no failure
            async with asyncio.timeout(ASK / 2):
                await server.prefill()
        except (EngineError, TimeoutError) as error:
            unknown = str(error) or "the server is slow"
        return server, unknown

    async def _answering(self) -> tuple[Server, str]:
        """The first that says what it is; else the first, and why it does not."""
        ordered, unknown = in_order(self._servers), ""
        for server in ordered:
            try:
                async with asyncio.timeout(ASK / len(ordered)):
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
        """Waits for servers that say they are loading; one that is not there is told of by `write`."""
        pause = 0.5
        while await self._all_loading():
            await asyncio.sleep(pause)
            pause = min(LONGEST_LOOK, 2 * pause)

    async def _all_loading(self) -> bool:
        """Whether there is nobody but such servers."""
        for server in in_order(self._servers):
            try:
                await server.facts()
            except EngineError as error:
                if is_busy(error):
                    continue
            return False
        return True

    async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
        try:
            return await (await in_order(self._servers)[0].counter()).count(texts)
        except EngineError:
            return None

    async def measure(self, task: WritingTask) -> PromptSize | None:
        """What is in a server's cache only the server knows: nothing of it is counted on."""
        messages = chat_request(replace(task, prefix=""), "", Prefill.NONE)["messages"]
        try:
            tokens = await (await in_order(self._servers)[0].counter()).measure(messages)
        except EngineError:
            return None
        return None if tokens is None else PromptSize(tokens)

    # -- writing ----------------------------------------------------------------------------------

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        failures: list[tuple[Server, EngineError]] = []
        model = self._authors.of(task.prefix) if task.prefix else ""  # that has to go on; empty: any
        written: list[Piece] = []
        for server, patient in self._turns(failures):
            try:
                async with aclosing(self._write_at(server, _rest(task, written), model, patient=patient)) as pieces:
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

    def _turns(self, failures: Sequence[tuple[Server, EngineError]]) -> Iterator[tuple[Server, bool]]:
        """Whom to ask, and whether to wait for him; those that were only busy once more, when nobody else is left."""
        ordered = in_order(self._servers)
        if len(ordered) == 1:
            yield ordered[0], True
            return
        for server in ordered:
            yield server, False
        for server in [server for server, error in failures if is_busy(error)]:
            yield server, True

    async def _write_at(
        self, server: Server, task: WritingTask, model: str, *, patient: bool
    ) -> AsyncGenerator[Piece, None]:
        """The text that follows `task.prefix`, by one server."""
        if model and model != await server.model():
            raise UnfitError(f"the text is by {model}, the server has {await server.model()}")
        mode = await server.prefill() if task.prefix else Prefill.NONE
        if task.prefix and mode is Prefill.NONE:
            raise UnfitError("the server cannot go on with a text")
        asked = time.monotonic()
        response = await server.open(task, mode, patient=patient)
        stream = Stream(response, task.prefix, self._stall, asked)
        try:
            async for piece in stream.pieces():
                server.tells_reading = server.tells_reading or piece.reading is not None
                yield piece
        finally:
            response.close()
        server.pace.learn(stream.timing())


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
