"""The room's door: ask, follow, stop, continue, ask again, erase."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from .. import __version__
from ..engine.interface import Engine, EngineInfo
from ..errors import ConflictError, InputError
from ..search import Search
from ..settings import Settings
from ..storage import Database
from ..telemetry import Metrics
from . import conversations, event_log, queries, snapshot, wire
from .asking import Asked, Asking, Place, check_question, owned
from .chores import every
from .desk import Desk
from .expectation import Expectations
from .feedback import Opinions
from .hub import Hub
from .liveness import liveness
from .model import Context, Reason, Request, Run, Status
from .outcomes import cannot_continue, ended
from .recorder import Flusher
from .retrieval import Retrieval
from .shelf import Shelf
from .suggestions import Suggestion, following
from .waiting import WaitingRoom
from .worker import Worker

log = logging.getLogger(__name__)

PACK_EVERY = 30.0  # seconds between looks for runs whose retention is over
PACK_AT_ONCE = 20  # runs in one transaction: some milliseconds each
ENGINE_SAYS_WITHIN = 0.5  # seconds; a snapshot is for somebody who looks at an empty page
ERASE_EVERY = 30.0  # seconds between looks for conversations that were put aside long enough ago


class Answers:
    """Everything about runs. Methods take the owner's name first: nobody reaches another's runs."""

    def __init__(self, settings: Settings, database: Database, search: Search, engine: Engine) -> None:
        self.settings = settings
        self.database = database
        self.engine = engine
        self.hub = Hub(database)
        self.metrics = Metrics(__version__)
        self.conversations = Shelf(database)
        self.feedback = Opinions(database)
        self.worker_name = uuid.uuid4().hex
        self._search = search
        self._expectations = Expectations()
        self._waiting = WaitingRoom(
            database,
            self.hub,
            settings.time,
            self.metrics,
            lambda place: self._expectations.wait(place, self.concurrency),
        )
        self._flusher = Flusher(database, self.hub, self.worker_name, settings.time.budget, self.metrics)
        self._worker: Worker | None = None
        self._chores: list[asyncio.Task[None]] = []

    # -- life -------------------------------------------------------------------------------------

    async def start(self) -> EngineInfo:
        """Begin to write. Runs that an earlier process left are taken up at once."""
        await self.engine.start()
        info = await self.engine.info()
        desk = Desk(
            self.database,
            self.engine,
            Retrieval(self._search, self.settings.sources),
            self._flusher,
            self.settings,
            self._expectations,
            self._waiting.left,
        )
        await self.database.read(partial(self._expectations.load, fingerprint=info.fingerprint))
        lock = liveness(self.database, self.settings.data_dir, self.worker_name)
        concurrency = self.settings.max_concurrency or info.concurrency
        self._flusher.start()
        worker = Worker(self.worker_name, desk, self.hub, lock, concurrency)
        await worker.start()
        self._worker = worker
        budget = self.settings.time
        self._chores = [
            asyncio.create_task(every(budget.progress, self._waiting.tell_places), name="places"),
            asyncio.create_task(every(0.0, self._waiting.greet), name="greeting"),
            asyncio.create_task(every(budget.liveness, self._waiting.end_overdue), name="overdue"),
            asyncio.create_task(every(min(PACK_EVERY, self._retention), self._pack), name="packing"),
            asyncio.create_task(every(ERASE_EVERY, self.conversations.erase_aside), name="erasing"),
        ]
        return info

    async def stop(self) -> None:
        """Hand back what is being written and let go of the engine. Idempotent."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        if self._worker is not None:
            await self._worker.stop()
            self._worker = None
        await self._flusher.stop()
        await self.engine.stop()

    @property
    def running(self) -> int:
        """Runs being written here now."""
        return self._worker.running if self._worker else 0

    @property
    def concurrency(self) -> int:
        return self._worker.concurrency if self._worker else 0

    # -- asking -----------------------------------------------------------------------------------

    async def ask(
        self, owner: str, request: Request, *, idempotency_key: str | None = None, detached: bool = True
    ) -> Run:
        """Store a question; when this returns it cannot be lost, and its writing begins by itself."""
        check_question(request.question, self.settings)
        return await self._store(owner, request, idempotency_key=idempotency_key, detached=detached)

    async def continue_(self, owner: str, run_id: str, *, idempotency_key: str | None = None) -> Run:
        """Go on with an incomplete or stopped answer in a run of its own, with a budget of its own."""
        before, text = await self.database.read(partial(_with_text, owner=owner, run_id=run_id))
        if before.status not in (Status.INCOMPLETE, Status.CANCELLED):
            raise ConflictError("not incomplete", message="Продолжить можно только неоконченный ответ.")
        info = await self.engine.info()
        if text and cannot_continue(info):
            raise ConflictError(
                "continuation none", message="Эта модель не умеет продолжать начатый текст. Задайте вопрос ещё раз."
            )
        context = replace(before.context, written=text) if before.context else None
        return await self._store(
            owner,
            before.request,
            idempotency_key=idempotency_key,
            place=_answering(before),
            context=context,
            continues=before.id,
        )

    async def again(self, owner: str, run_id: str, question: str | None, *, idempotency_key: str | None = None) -> Run:
        """Ask the same question anew, or an edited one, beside the first."""
        before = await self.database.read(partial(owned, owner=owner, run_id=run_id))
        request = before.request if question is None else replace(before.request, question=question)
        check_question(request.question, self.settings)
        place = _answering(before) if question is None else _beside(before)
        return await self._store(owner, request, idempotency_key=idempotency_key, place=place, instead_of=before.id)

    async def _store(
        self,
        owner: str,
        request: Request,
        *,
        idempotency_key: str | None,
        detached: bool = True,
        place: Callable[[Connection], Place] | None = None,
        context: Context | None = None,
        continues: str | None = None,
        instead_of: str | None = None,
    ) -> Run:
        asking = Asking(
            owner,
            request,
            self.settings,
            idempotency_key=idempotency_key,
            detached=detached,
            place=place,
            context=context,
            continues=continues,
            instead_of=instead_of,
        )
        try:
            asked: Asked = await self.database.write(asking.store)
        except IntegrityError:  # another process stored the same key in between, and is found now
            asked = await self.database.write(asking.store)
        if asked.new and self._worker is not None:
            self.hub.announce(asked.run.id, asked.first)
            self._waiting.asked(asked.run)
            self._worker.wake()
        return asked.run

    # -- looking ----------------------------------------------------------------------------------

    async def get(self, owner: str, run_id: str) -> Run:
        """Raises NotFoundError."""
        return await self.database.read(partial(owned, owner=owner, run_id=run_id))

    async def response(self, owner: str, run_id: str) -> dict[str, Any]:
        """The response object as of now, words so far included."""
        return await self.database.read(partial(_response, owner=owner, run_id=run_id))

    async def snapshot(self, owner: str, run_id: str) -> dict[str, Any]:
        """The run as of `last_seq`: following it from there goes on from exactly what is told here."""
        taken = await self.database.read(partial(snapshot.read, owner=owner, run_id=run_id))
        can_continue = taken.can_continue and (not taken.view.text or await self._engine_may_continue())
        return taken.facts(time.time(), can_continue=can_continue)

    async def _engine_may_continue(self) -> bool:
        """Whether nothing is known that forbids it; a remote engine that is slow to say is not waited for."""
        try:
            async with asyncio.timeout(ENGINE_SAYS_WITHIN):
                return not cannot_continue(await self.engine.info())
        except TimeoutError:
            return True

    async def suggestions(self, owner: str, run_id: str, limit: int) -> list[Suggestion]:
        """What one may ask next, from the provisions found; none before they are. Raises NotFoundError."""
        run = await self.get(owner, run_id)
        return await asyncio.to_thread(following, run.request, run.context, limit) if run.context else []

    async def wait(self, owner: str, run_id: str, silence: float) -> AsyncGenerator[dict[str, Any] | None, None]:
        """The response object once the run has ended; before it a None at least every `silence` seconds.

        Words that are written meanwhile are not silence for the reader of a stream, but for this one they are.
        """
        run = await self.get(owner, run_id)
        loop = asyncio.get_running_loop()
        spoke = loop.time()
        after = run.last_seq if run.status.terminal else run.last_seq - 1
        async with aclosing(self.follow(run.id, after, silence / 2)) as batches:
            async for _ in batches:
                if loop.time() - spoke >= silence / 2:
                    yield None
                    spoke = loop.time()
        yield await self.response(owner, run_id)

    def follow(self, run_id: str, after: int, silence: float) -> AsyncGenerator[list[bytes], None]:
        """Server-sent events with a number above `after`, each once, in order, to the end of the run.

        An empty list is yielded when `silence` seconds have passed. The caller has checked the owner.
        """
        return self.hub.follow(run_id, after, silence)

    async def reader_seen(self, run_id: str) -> None:
        """A run that dies with its reader has one."""
        await self.database.write(partial(queries.reader_seen, run_id=run_id, now=time.time()))

    # -- ending -----------------------------------------------------------------------------------

    async def cancel(self, owner: str, run_id: str) -> Run:
        """Stop a run and with it the engine; every word so far is kept. Idempotent.

        Returns at once for a waiting run, else as soon as the stop is stored: the end is an event.
        """
        run = await self.get(owner, run_id)
        while run.status is Status.QUEUED:
            if await self._waiting.end(run, ended(Status.CANCELLED, Reason.CANCELLED)):
                return await self.get(owner, run_id)
            run = await self.get(owner, run_id)
        if not run.status.terminal:
            await self.database.write(partial(queries.request_cancel, run_id=run_id))
            if self._worker is not None:
                self._worker.cancel(run_id)
        return await self.get(owner, run_id)

    async def erase(self, owner: str, run_id: str) -> None:
        """Delete an ended run, its log and its words; its place in the conversation stays, empty."""
        run = await self.get(owner, run_id)
        if not run.status.terminal:
            raise ConflictError("still running", message="Ответ ещё пишется. Сначала остановите его, потом удаляйте.")
        await self.database.write(partial(_erase, run=run))

    # -- chores -----------------------------------------------------------------------------------

    @property
    def _retention(self) -> float:
        return max(1.0, self.settings.event_retention)

    async def _pack(self) -> None:
        before = time.time() - self.settings.event_retention
        while ids := await self.database.read(partial(event_log.packable, finished_before=before, limit=PACK_AT_ONCE)):
            for run_id in ids:
                await self.database.write(partial(event_log.pack, run_id=run_id))


def check_position(run: Run, after: int) -> None:
    """Raises InputError for a position that the log has not reached."""
    if after > run.last_seq:
        raise InputError(
            "position beyond the end",
            message=f"Событий пока {run.last_seq + 1}: читать после {after} нечего.",
            param="starting_after",
        )


def _answering(before: Run) -> Callable[[Connection], Place]:
    """A sibling of the answer, below the same question."""
    return lambda _: Place(before.conversation, question=before.question_message)


def _beside(before: Run) -> Callable[[Connection], Place]:
    """A sibling of the question."""

    def place(connection: Connection) -> Place:
        asked = conversations.get_message(connection, before.question_message or "")
        return Place(before.conversation, asked.parent if asked else None)

    return place


def _erase(connection: Connection, run: Run) -> None:
    conversations.answered(connection, run, "")
    queries.erase(connection, [run.id])


def _with_text(connection: Connection, owner: str, run_id: str) -> tuple[Run, str]:
    run = owned(connection, owner, run_id)
    return run, event_log.progress(event_log.read_all(connection, run_id)).text


def _response(connection: Connection, owner: str, run_id: str) -> dict[str, Any]:
    run = owned(connection, owner, run_id)
    if run.status.terminal and (last := event_log.last_event(connection, run)) is not None:
        ended_as: dict[str, Any] = orjson.loads(last)["response"]
        return ended_as
    text = event_log.progress(event_log.read_all(connection, run_id)).text
    output = [wire.message_item(run, "in_progress", [wire.text_part(text)])] if text else []
    return wire.response(run, run.status, output)
