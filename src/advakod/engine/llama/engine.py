"""llama.cpp in a child process of ours: one model file, as many texts at once as it has slots."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import aiohttp

from ...errors import EngineError
from ...settings import Settings
from ..errors import EngineContextError, EngineLostError, EngineUnreachableError
from ..interface import Continuation, EngineInfo, FinishReason, Piece, PromptSize, WritingTask
from ..thinking import preserved
from .errors import LlamaRubbishError
from .http import LlamaClient, Timings, open_session
from .prompts import Prompts, continuation
from .reasons import TEMPLATE
from .setup import Setup, prepare
from .slots import Ids, Slot, Slots
from .speed import Crowd, SpeedBook
from .supervisor import Supervisor
from .writing import Writing

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

ASK = 5.0  # seconds that counting may take
CALIBRATIONS = 3  # tries; then the speed is learnt from answers alone
MISTAKEN = 64  # tokens read although they were thought to be cached, after which what is thought is wrong
# Read to see how fast it goes. What it says does not matter.
SAMPLE = "Потребитель вправе потребовать возврата уплаченной суммы, если недостатки товара не были оговорены. "


@dataclass(slots=True)
class Works:
    """What there is from start to stop."""

    setup: Setup
    supervisor: Supervisor
    session: aiohttp.ClientSession
    slots: Slots
    book: SpeedBook
    crowd: Crowd
    prompts: Prompts
    generation: int = -1  # of the child that `slots` tells of
    unmeasured: str = ""  # why the speed is not known

    async def client(self) -> LlamaClient:
        """For the child that lives now; waits until it is ready. Raises EngineError when none is to be expected."""
        address = await self.supervisor.address()
        if address.generation != self.generation:
            self.generation = address.generation
            self.slots.forget()
            if self.supervisor.template_refused:
                self.prompts.give_up(TEMPLATE)
        return LlamaClient(self.session, address.url, address.key)

    def give_back(self, slot: Slot, generation: int, held: Ids) -> None:
        self.slots.give_back(slot, held if generation == self.generation else ())


class LlamaEngine:
    """Writes with a model file on this machine.

    Texts beyond the child's slots wait for one, first come first served. Closing the generator closes the connection
    before `aclose` returns; the child leaves the slot with its next token or, while it reads, with its next batch. A
    child that dies is started again: the text breaks off with EngineLostError and can be gone on with. A context that
    is full ends a text as its greatest length does.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._works: Works | None = None
        self._warming: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._marks: list[str] = []

    @classmethod
    def from_settings(cls, settings: Settings) -> LlamaEngine:
        return cls(settings)

    async def start(self) -> None:
        """Checks the file and the machine; the model is loaded meanwhile. Raises EngineError or SettingsError."""
        if self._works is not None:
            return
        setup = await asyncio.to_thread(prepare, self._settings)
        book = SpeedBook(setup.speed_file, setup.machine)
        await asyncio.to_thread(book.load)
        supervisor = Supervisor(setup.launch)
        await supervisor.start()
        self._marks = preserved(setup.model.chat_template)
        session = open_session(self._settings.time.engine_read)
        crowd = Crowd(asyncio.get_running_loop().time)
        slots, prompts = Slots(setup.launch.slots, shelf=setup.shelf), Prompts(setup.model.marks)
        self._works = Works(setup, supervisor, session, slots, book, crowd, prompts)
        self._saving = asyncio.create_task(book.keep_saving(), name="llama speed")
        self._warming = asyncio.create_task(self._warm(self._works), name="llama warming")

    async def stop(self) -> None:
        works, self._works = self._works, None
        tasks = [task for task in (self._warming, self._saving) if task is not None]
        self._warming = self._saving = None
        for task in tasks:
            task.cancel()
            await asyncio.wait([task])
        if works is not None:
            await works.supervisor.stop()
            await works.session.close()
            await asyncio.to_thread(works.book.save)

    async def info(self) -> EngineInfo:
        """Asks nobody."""
        works = self._running
        setup = works.setup
        details = setup.facts | {"child": works.supervisor.facts(), "template": str(works.prompts.template)}
        if works.prompts.refused:
            details["template_refused"] = works.prompts.refused
        if works.unmeasured:
            details["unmeasured"] = works.unmeasured
        return EngineInfo(
            name="llama",
            model=setup.model.name,
            continuation=Continuation.PREFILL,
            fingerprint=setup.fingerprint,
            concurrency=setup.launch.slots,
            tells_reading=True,
            context=setup.launch.n_ctx,
            speed=works.book.estimate(min(setup.launch.slots, works.crowd.present + 1)),
            details=details,
        )

    async def ready(self) -> None:
        works = self._running
        await works.client()
        if self._warming is None or (self._warming.done() and self._warming.exception() is not None):
            self._warming = asyncio.create_task(self._warm(works), name="llama warming")
        await asyncio.shield(self._warming)

    async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
        return await self._answer(self._count(texts))

    async def measure(self, task: WritingTask) -> PromptSize | None:
        return await self._answer(self._measure(task))

    async def _count(self, texts: Sequence[str]) -> Sequence[int]:
        client = await self._running.client()
        return [len(ids) for ids in await client.tokenize_each(texts)]

    async def _measure(self, task: WritingTask) -> PromptSize:
        works = self._running
        ids = (await works.prompts.of(await works.client(), task)).ids
        return PromptSize(len(ids), works.slots.cached(ids))

    async def _answer(self, asked: Awaitable[Answer]) -> Answer | None:
        """What the child answers within ASK; None instead of an error."""
        try:
            async with asyncio.timeout(ASK):
                return await asked
        except EngineLostError:
            if self._works is not None:
                self._works.supervisor.report_failure(self._works.generation)
        except (EngineError, TimeoutError):
            pass
        return None

    @property
    def _running(self) -> Works:
        if self._works is None:
            raise EngineUnreachableError("the engine is not started")
        return self._works

    # -- writing ----------------------------------------------------------------------------------

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        works = self._running
        client = await works.client()
        generation = works.generation
        try:
            prompt = await works.prompts.of(client, task)
            before = prompt.ids + await continuation(client, task, prompt)
            room = min(task.max_tokens, works.setup.launch.n_ctx - len(before))
            if room < 1:
                yield _full(task, len(prompt.ids))
                return
            cached = works.slots.cached(before)
            slot = await works.slots.take(before)
            writing, stream, entered = Writing(prompt, before, resumed=bool(task.prefix)), None, works.crowd.enter()
            clock = asyncio.get_running_loop().time
            try:
                stream = await client.complete(self._request(task, before, slot, room))
                while not writing.over:
                    pieces = writing.pieces(await stream.read(), clock())
                    if writing.begun:  # a text that outlives many deaths gains by each life
                        works.supervisor.report_success(generation)
                    for piece in pieces:
                        yield piece
            finally:
                if stream is not None:
                    stream.close()
                works.give_back(slot, generation, writing.held())
                self._learn(works, writing, works.crowd.leave(entered), cached)
        except EngineLostError:
            works.supervisor.report_failure(generation)
            raise

    def _request(self, task: WritingTask, before: Ids, slot: Slot, room: int) -> dict[str, Any]:
        return {
            "prompt": before,
            "n_predict": room,
            "id_slot": slot.number,
            "cache_prompt": True,
            "preserved_tokens": self._marks,
            "temperature": task.temperature,
            "top_p": task.top_p,
            "top_k": self._settings.top_k,
            "repeat_penalty": self._settings.repeat_penalty,
            "seed": task.seed,
        }

    def _learn(self, works: Works, writing: Writing, at_once: int, cached: int) -> None:
        if writing.cached is not None and writing.cached + MISTAKEN < cached:
            works.slots.mistaken()
        if (timings := writing.timings()) is not None:
            works.book.learn(timings, at_once)

    # -- getting warm -----------------------------------------------------------------------------

    async def _warm(self, works: Works) -> None:
        """Until the child is ready and its speed known. Raises EngineError when neither is to be expected."""
        for _ in range(CALIBRATIONS):
            client = await works.client()
            if works.book.known:
                return
            try:
                await works.book.calibrate(partial(self._taste, works, client))
                await asyncio.to_thread(works.book.save)
                works.unmeasured = ""
            except EngineLostError as error:
                works.unmeasured = error.for_admin
                logger.warning("the child was lost while its speed was measured: %s", error.detail)
                works.supervisor.report_failure(works.generation)
            except EngineError as error:
                works.unmeasured = error.for_admin
                logger.warning("the speed cannot be measured: %s", error.detail)
                return

    async def _taste(self, works: Works, client: LlamaClient, read: int, written: int) -> Timings:
        """What it costs to read and to write so many tokens, in a slot that nobody else uses meanwhile."""
        sample = (await client.tokenize_each([SAMPLE]))[0]
        if not sample:
            raise LlamaRubbishError("a text without tokens")
        read = min(read, works.setup.launch.n_ctx // 2)
        ids = (sample * (read // len(sample) + 1))[:read]
        body = {"prompt": ids, "n_predict": written, "ignore_eos": True, "cache_prompt": False, "seed": 0}
        slot, generation = await works.slots.take(()), works.generation
        try:
            stream = await client.complete(body | {"id_slot": slot.number})
            try:
                while (end := (await stream.read()).end) is None:
                    pass
            finally:
                stream.close()
        finally:
            works.give_back(slot, generation, ())
        return end.timings


def _full(task: WritingTask, prompt_tokens: int) -> Piece:
    """There is no room for a token more. Raises EngineContextError when there never was."""
    if not task.prefix:
        raise EngineContextError(f"a prompt of {prompt_tokens} tokens")
    return Piece("", 0, FinishReason.LENGTH, prompt_tokens)
