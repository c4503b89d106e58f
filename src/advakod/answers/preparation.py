"""Before the first word: what is found, packed and planned, frozen once for every attempt."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from ..engine.interface import EngineInfo, Message
from . import conversations, drafting, event_log, prompt, queries, wire
from .desk import Desk
from .drafting import Drafting
from .event_log import Append
from .model import Context, Run
from .recorder import Recorder


class Preparation:
    """Of one attempt at one run; what it stores is stored under its fence."""

    def __init__(self, run: Run, desk: Desk, pen: Recorder, most_tokens: int) -> None:
        self._run = run
        self._desk = desk
        self._pen = pen
        self._most_tokens = most_tokens

    async def prepare(self, info: EngineInfo) -> Context:
        """Search once and freeze what was found, in the same commit as the events that tell of it."""
        context = Context(
            engine=info.name,
            fingerprint=info.fingerprint,
            prompt_version=prompt.VERSION,
            seed=random.getrandbits(31),
            history=await self._history(),
        )
        if info.uses_sources:
            self._pen.event("advakod.stage", stage="searching")
            search = partial(self._desk.retrieval.find, self._run.request, context)
            context = await self._desk.flusher.patiently(search)
        context = await self._drafting(info).plan(context, await self._earlier(info))
        await self.freeze(context, partial(self._tell_context, context))
        return context

    async def go_on(self, context: Context, info: EngineInfo) -> Context:
        """What was frozen for the run before serves this one, whose readers are told of it too."""
        context = await self._drafting(info).go_on(context)
        await self.freeze(context, partial(self._tell_context, context))
        return context

    def _drafting(self, info: EngineInfo) -> Drafting:
        left = self._desk.settings.time.budget - self._pen.spent
        return Drafting(self._desk.engine, info, self._run.request, left, self._most_tokens)

    async def _earlier(self, info: EngineInfo) -> tuple[Message, ...]:
        """The prompt of the turn before, where the engine may have it in its cache."""
        if (info.speed is None and info.context is None) or not self._follows:
            return ()
        return await self._desk.flusher.read(partial(drafting.earlier_prompt, run=self._run))

    async def freeze(self, context: Context, tell: Callable[[], None] = lambda: None) -> None:
        """Store it together with what is unwritten. Raises LostFenceError."""
        await self._desk.flusher.commit(self._pen, partial(self._store_context, context), tell)

    def _tell_context(self, context: Context) -> None:
        sources = [wire.source_facts(source) for source in context.sources]
        self._pen.event("advakod.sources", sources=sources, summary=context.summary)
        for notice in context.notices:
            self._pen.event("advakod.notice", **notice)

    async def _history(self) -> tuple[Message, ...]:
        if not self._follows:
            return self._run.request.history
        return await self._desk.flusher.read(partial(conversations.history, run=self._run))

    @property
    def _follows(self) -> bool:
        """Whether it may not be the first question of its conversation."""
        return self._run.request.previous_response_id is not None or self._run.request.conversation is not None

    def _store_context(self, context: Context, connection: Connection, taken: Append) -> bool:
        if not event_log.append(connection, self._run.worker or "", [taken]):
            return False
        queries.set_context(connection, self._run.id, context)
        return True
