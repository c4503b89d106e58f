"""One attempt at one run: search ▸ read ▸ write ▸ check, inside the budget, whatever happens.

Every way out of here ends the run or leaves it to another attempt; nothing leaves it hanging.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from ..engine.interface import Continuation, Engine, EngineInfo, FinishReason, Message, Piece, Reading, WritingTask
from ..errors import AdvakodError, EngineError
from ..settings import Settings
from ..storage import Database
from . import conversations, event_log, grounding, prompt, queries, wire
from .ageing import old_editions
from .event_log import Append, Progress
from .expectation import Expectations, Expected
from .model import Citation, Context, Outcome, Reason, Run, Status
from .recorder import Flusher, LostFenceError, Recorder
from .retrieval import Retrieval

log = logging.getLogger(__name__)

ENGINE_TRIES = 5  # in a row without a word gained, 7.5 s: a server that restarts; then it counts as lost
RETRY_SECONDS = 0.5  # before the second try; doubles

SENTENCES = {
    Reason.TIMEOUT: "Время на ответ вышло. Всё написанное сохранено; ответ можно продолжить.",
    Reason.STALLED: "Модель перестала отвечать. Всё написанное сохранено; ответ можно продолжить.",
    Reason.ENGINE_LOST: "Связь с моделью потеряна. Всё написанное сохранено; задайте вопрос ещё раз.",
    Reason.MAX_OUTPUT_TOKENS: "Ответ достиг наибольшей длины. Его можно продолжить.",
    Reason.CANCELLED: "Ответ остановлен. Всё написанное сохранено; ответ можно продолжить.",
    Reason.QUEUE_TIMEOUT: "Вопрос слишком долго ждал своей очереди. Задайте его ещё раз позже.",
}


def ended(status: Status, reason: Reason) -> Outcome:
    return Outcome(status, reason, SENTENCES[reason])


class _Stop(Exception):  # noqa: N818 - a decision, not an error
    """Writing ends now with this outcome."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Desk:
    """What every writing needs."""

    database: Database
    engine: Engine
    retrieval: Retrieval
    flusher: Flusher
    settings: Settings
    expectations: Expectations = field(default_factory=Expectations)
    begun: Callable[[str], None] = lambda _: None  # told the id of each run whose writing begins


class Writing:
    """Performs one claimed run. `stop` asks it to end as cancelled; cancelling its task hands it back."""

    def __init__(self, held: Run, desk: Desk) -> None:
        self.run = held
        self.desk = desk
        self.recorder: Recorder | None = None
        self._time = desk.settings.time
        self._writing: asyncio.Task[Outcome] | None = None
        self._stopped = held.cancel_requested  # of an earlier attempt: not a word more
        self._reading = False  # the log's last stage is, or may be, reading
        self._last_reading: Reading | None = None
        self._next_reading = 0.0  # loop time before which no more of it is told

    @property
    def spent(self) -> float:
        return self.recorder.spent if self.recorder else self.run.spent

    def stop(self) -> None:
        """Somebody pressed stop, or the run's only reader has gone."""
        if not self._stopped:  # said once: a second time would disturb the engine as it lets go
            self._stopped = True
            self._halt()

    def lose(self) -> None:
        """Another attempt holds the run: write nothing more, and free the engine."""
        if self.recorder is not None:
            self.recorder.lose()

    def unwritten(self) -> Append | None:
        """What was written since the last flush, once this task has been cancelled."""
        if self.recorder is None or self.recorder.lost:
            return None
        taken = self.recorder.take()
        return taken if taken.bodies else None

    def _halt(self) -> None:
        """Interrupt the engine: stopped, or the fence is lost. Before the first word it is seen in time."""
        if self._writing is not None:
            self._writing.cancel()

    async def perform(self) -> None:
        """Raises nothing but cancellation."""
        run_id = self.run.id
        self.desk.begun(run_id)
        try:
            state = await self._restore()
            if state.terminal is None:
                await self._perform(state)
        except LostFenceError:
            log.info("run %s: another attempt holds it", run_id)
        # A run must end in an outcome whatever bug or broken part it meets.
        except Exception as error:
            log.exception("run %s failed", run_id)
            await self._fail(error)
        finally:
            if self.recorder is not None:
                self.desk.flusher.close(self.recorder)

    async def _restore(self) -> Progress:
        state = Progress(next_seq=self.run.last_seq + 1)
        if self.run.attempt > 1:  # a first attempt finds nothing but the run's beginning
            bodies = await self.desk.flusher.read(partial(event_log.read_all, run_id=self.run.id))
            state = event_log.progress(bodies)
        self.recorder = self.desk.flusher.open(self.run, state, self._halt)
        return state

    async def _perform(self, state: Progress) -> None:
        recorder = self._pen
        if not state.has("response.in_progress"):
            recorder.event("response.in_progress", response=wire.response(self.run, Status.IN_PROGRESS))
        info = await self.desk.engine.info()
        context = self.run.context or await self._prepare(info)
        self.run = replace(self.run, context=context)
        if self.run.continues is not None and not state.has("advakod.sources"):
            self._tell_context(context)  # frozen for the run before: told to the readers of this one too
        self._begin_item(state, context, info)
        if context.written and not state.text:
            recorder.words(context.written, 0)
        outcome = await self._write_guarded(context, info, resumed=bool(state.text))
        await self._finish(outcome, context)

    @property
    def _pen(self) -> Recorder:
        assert self.recorder is not None
        return self.recorder

    # -- before the first word --------------------------------------------------------------------

    async def _prepare(self, info: EngineInfo) -> Context:
        """Search once and freeze what was found, in the same commit as the events that tell of it."""
        recorder = self._pen
        context = Context(
            engine=info.name,
            fingerprint=info.fingerprint,
            prompt_version=prompt.VERSION,
            seed=random.getrandbits(31),
            history=await self._history(),
        )
        if info.uses_sources:
            recorder.event("advakod.stage", stage="searching")
            search = partial(self.desk.retrieval.find, self.run.request, context)
            context = await self.desk.flusher.patiently(search)
        store, tell = partial(self._store_context, context), partial(self._tell_context, context)
        await self.desk.flusher.commit(recorder, store, tell)
        return context

    def _tell_context(self, context: Context) -> None:
        sources = [wire.source_facts(source) for source in context.sources]
        self._pen.event("advakod.sources", sources=sources, summary=context.summary)
        for notice in context.notices:
            self._pen.event("advakod.notice", **notice)

    async def _history(self) -> tuple[Message, ...]:
        request = self.run.request
        if request.previous_response_id is None and request.conversation is None:
            return request.history  # the first question of its conversation
        return await self.desk.flusher.read(partial(conversations.history, run=self.run))

    def _store_context(self, context: Context, connection: Connection, taken: Append) -> bool:
        if not event_log.append(connection, self.run.worker or "", [taken]):
            return False
        queries.set_context(connection, self.run.id, context)
        return True

    def _begin_item(self, state: Progress, context: Context, info: EngineInfo) -> None:
        """All of it before the first text; not flushed for its own sake."""
        recorder = self._pen
        if not state.has("advakod.plan") and not state.text:
            recorder.event("advakod.plan", **self._plan(context))
        if not state.has("response.output_item.added"):
            item = wire.message_item(self.run, "in_progress", [])
            recorder.event("response.output_item.added", output_index=0, item=item)
        if not state.has("response.content_part.added"):
            recorder.event(
                "response.content_part.added",
                item_id=self.run.item_id,
                output_index=0,
                content_index=0,
                part=wire.text_part(""),
            )
            if not info.tells_reading:
                recorder.event("advakod.stage", stage="writing")
        self._reading = info.tells_reading

    def _plan(self, context: Context) -> dict[str, Any]:
        """How long and how much, as far as it can be known. Nobody knows how much of a broken-off text was left."""
        most = self._most_tokens
        expected = Expected()
        if self.run.continues is None:
            expected = self.desk.expectations.of_writing(context.fingerprint, most, self._time.budget)
        return wire.plan_facts(expected.seconds, expected.tokens, self._time.budget, most)

    @property
    def _most_tokens(self) -> int:
        return self.run.request.max_output_tokens or self.desk.settings.max_tokens

    # -- words ------------------------------------------------------------------------------------

    async def _write_guarded(self, context: Context, info: EngineInfo, *, resumed: bool) -> Outcome:
        """Write until an outcome; CASES are tried in this order."""
        if self._stopped:
            return ended(Status.CANCELLED, Reason.CANCELLED)  # CASE 1: stopped before the engine was asked
        if resumed and cannot_continue(info):
            return ended(Status.INCOMPLETE, Reason.ENGINE_LOST)  # CASE 2: the text cannot be gone on with
        if self._pen.spent >= self._time.budget:
            return ended(Status.INCOMPLETE, Reason.TIMEOUT)  # CASE 3: earlier attempts used the budget up
        if self._pen.lost:
            raise LostFenceError(self.run.id)  # CASE 4
        self._writing = asyncio.create_task(self._write_retrying(context), name=f"write {self.run.id}")
        try:
            return await self._writing  # CASE 5: finished, out of time, stalled, or the engine failed
        except asyncio.CancelledError:
            # The engine's generator is closed by now, and its slot free.
            if self._pen.lost and not _being_cancelled():
                raise LostFenceError(self.run.id) from None  # CASE 4
            if self._stopped and not _being_cancelled():
                return ended(Status.CANCELLED, Reason.CANCELLED)  # CASE 6
            raise  # CASE 7: this process stops and hands the run back
        finally:
            self._writing = None

    async def _write_retrying(self, context: Context) -> Outcome:
        recorder = self._pen
        tries = 0
        while True:
            before = len(recorder.text)
            try:
                return await self._write(self._task(context))
            except _Stop as stop:
                return stop.outcome
            except EngineError as error:
                if _being_cancelled():  # what an engine raises as it is stopped is no failure
                    raise asyncio.CancelledError from error
                tries = 1 if len(recorder.text) > before else tries + 1
                outcome = _lost(error, await self.desk.engine.info(), tries, begun=bool(recorder.text))
                if outcome is not None:
                    return outcome
                log.warning("run %s: engine failed (%s), going on: %s", self.run.id, error.code, error.detail)
            await asyncio.sleep(RETRY_SECONDS * 2 ** (tries - 1))

    def _task(self, context: Context) -> WritingTask:
        request, settings = self.run.request, self.desk.settings
        return WritingTask(
            question=request.question,
            messages=prompt.messages(request, context),
            sources=context.sources,
            prefix=self._pen.text,
            max_tokens=max(1, self._most_tokens - self._pen.output_tokens),
            temperature=settings.temperature if request.temperature is None else request.temperature,
            top_p=settings.top_p if request.top_p is None else request.top_p,
            seed=context.seed,
        )

    async def _write(self, task: WritingTask) -> Outcome:
        async with aclosing(self.desk.engine.write(task)) as pieces:
            return await self._record(pieces)

    async def _record(self, pieces: AsyncGenerator[Piece, None]) -> Outcome:
        """Move words from the engine to the log; silence and the budget end it.

        Reading is no word: it puts the end of the wait for the first one neither off nor forward.
        """
        recorder, loop = self._pen, asyncio.get_running_loop()
        end = loop.time() + self._time.budget - recorder.spent
        try:
            async with asyncio.timeout_at(min(end, loop.time() + self._time.first_token)) as bound:
                async for piece in pieces:
                    if piece.reading is not None:
                        self._tell_reading(piece.reading, loop.time())
                        continue
                    if self._reading and piece.text:
                        self._reading = False
                        recorder.event("advakod.stage", stage="writing")
                    recorder.words(piece.text, piece.tokens)
                    if piece.prompt_tokens is not None:
                        recorder.run = replace(recorder.run, input_tokens=piece.prompt_tokens)
                    if piece.finish is not None:
                        return _finished(piece.finish, empty=not recorder.text.strip())
                    bound.reschedule(min(end, loop.time() + self._time.stall))
        except TimeoutError:
            reason = Reason.TIMEOUT if loop.time() >= end else Reason.STALLED
            raise _Stop(ended(Status.INCOMPLETE, reason)) from None
        raise EngineError("the engine ended without a finish reason")

    def _tell_reading(self, reading: Reading, now: float) -> None:
        """The first at once, the others when it has gone on, at most every H/3."""
        if now >= self._next_reading and reading != self._last_reading:
            self._reading, self._next_reading, self._last_reading = True, now + self._time.progress, reading
            self._pen.event("advakod.stage", stage="reading", done=reading.done, total=reading.total)

    # -- the end ----------------------------------------------------------------------------------

    async def _finish(self, outcome: Outcome, context: Context) -> None:
        citations = await self._check(context)
        await self._end(outcome, partial(self._close_item, outcome, citations))

    async def _check(self, context: Context) -> Sequence[Citation]:
        recorder = self._pen
        if not recorder.text:
            return ()
        recorder.event("advakod.stage", stage="checking")
        check = partial(grounding.check, text=recorder.text, context=context, as_of=self.run.request.as_of)
        return await self.desk.flusher.read(check)

    def _close_item(self, outcome: Outcome, citations: Sequence[Citation]) -> None:
        """What follows the last word, the end included: all of it in one commit, so that no later attempt
        finds a text half closed."""
        recorder = self._pen
        if recorder.text:
            recorder.event("advakod.citations", citations=[wire.citation_facts(c) for c in citations])
            for notice in self._old_editions(citations):
                recorder.event("advakod.notice", **notice)
        where = {"item_id": self.run.item_id, "output_index": 0, "content_index": 0}
        annotations = [wire.annotation(citation) for citation in citations]
        for index, annotation in enumerate(annotations):
            recorder.event(
                "response.output_text.annotation.added", **where, annotation_index=index, annotation=annotation
            )
        part = wire.text_part(recorder.text, annotations)
        status = "completed" if outcome.status is Status.COMPLETED else "incomplete"
        item = wire.message_item(self.run, status, [part])
        recorder.event("response.output_text.done", **where, text=recorder.text, logprobs=[])
        recorder.event("response.content_part.done", **where, part=part)
        recorder.event("response.output_item.done", output_index=0, item=item)
        self._terminal(outcome, [item])

    def _old_editions(self, citations: Sequence[Citation]) -> list[dict[str, str]]:
        if self.run.request.as_of is not None or self.run.context is None:
            return []  # the law of that day is what was asked for
        oldest = dt.date.today() - dt.timedelta(self.desk.settings.edition_warn_days)  # noqa: DTZ011 - a day
        return old_editions(citations, self.run.context.sources, oldest)

    def _terminal(self, outcome: Outcome, output: Sequence[dict[str, object]]) -> None:
        recorder = self._pen
        facts = replace(recorder.run, output_tokens=recorder.output_tokens, finished_at=time.time())
        recorder.event(wire.TERMINAL[outcome.status], response=wire.response(facts, outcome.status, output, outcome))

    async def _end(self, outcome: Outcome, record: Callable[[], None]) -> None:
        text = self._pen.text

        def end(connection: Connection) -> None:
            conversations.answered(connection, self.run, text)

        ended_run = await self.desk.flusher.finish(self._pen, outcome, end, record)
        if outcome.status is Status.COMPLETED:
            self.desk.expectations.learn(replace(ended_run, context=self.run.context))

    async def _fail(self, error: Exception) -> None:
        known = error if isinstance(error, AdvakodError) else AdvakodError(str(error))
        outcome = Outcome(Status.FAILED, known.code, known.message)
        try:
            recorder = self._pen
            item = wire.message_item(self.run, "incomplete", [wire.text_part(recorder.text)])
            await self._end(outcome, partial(self._terminal, outcome, [item] if recorder.text else []))
        # Not even its failure could be stored: the worker finds that nobody writes the run and takes it again.
        except Exception:
            log.exception("run %s: its failure could not be stored", self.run.id)


def _finished(finish: FinishReason, *, empty: bool) -> Outcome:
    if empty:
        return Outcome(Status.FAILED, "engine_empty", "Модель ничего не написала. Задайте вопрос иначе или ещё раз.")
    if finish is FinishReason.LENGTH:
        return ended(Status.INCOMPLETE, Reason.MAX_OUTPUT_TOKENS)
    return Outcome(Status.COMPLETED)


def cannot_continue(info: EngineInfo) -> bool:
    """Whether it is known that this engine cannot go on with a text."""
    return info.reachable and info.continuation is Continuation.NONE


def _lost(error: EngineError, info: EngineInfo, tries: int, *, begun: bool) -> Outcome | None:
    """What an engine's failure means; None: try again."""
    if begun and cannot_continue(info):
        return ended(Status.INCOMPLETE, Reason.ENGINE_LOST)
    if tries < ENGINE_TRIES and (error.retryable or begun):
        return None
    if begun:
        return ended(Status.INCOMPLETE, Reason.ENGINE_LOST)
    return Outcome(Status.FAILED, error.code, error.message)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
