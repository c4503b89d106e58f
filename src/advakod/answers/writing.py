"""One attempt at one run: search ▸ read ▸ write ▸ check, inside the budget, whatever happens.

Every way out of here ends the run or leaves it to another attempt; nothing leaves it hanging.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from ..engine.errors import EngineContextError
from ..engine.interface import EngineInfo, WritingTask
from ..errors import AdvakodError, EngineError
from . import conversations, drafting, event_log, grounding, planning, prompt, wire
from .ageing import old_editions
from .braking import Brake
from .desk import Desk
from .errors import EngineNotReadyError
from .event_log import Append, Progress, TokenIds
from .expectation import Expected
from .listening import Listening
from .model import Citation, Context, Outcome, Reason, Run, Status
from .outcomes import SHORTENED, UNCITED, cannot_continue, ended, given_up, lost
from .preparation import Preparation
from .recorder import LostFenceError, Recorder

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5  # before the second try; doubles
SHRINKINGS = 8  # of a prompt that the engine finds too long for its context: by half each time
A_MOMENT = 0.3  # seconds; an engine that gets ready sooner is not said to be loading


class _Stop(Exception):  # noqa: N818 - a decision, not an error
    """Writing ends now with this outcome."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class Writing:
    """Performs one claimed run. `stop` asks it to end as cancelled; cancelling its task hands it back."""

    def __init__(self, held: Run, desk: Desk) -> None:
        self.run = held
        self.desk = desk
        self.recorder: Recorder | None = None
        self._time = desk.settings.time
        self._writing: asyncio.Task[Outcome] | asyncio.Task[None] | None = None
        self._stopped = held.cancel_requested  # of an earlier attempt: not a word more
        self._hears = Listening(self._time.progress)
        self._searched = False  # provisions were looked for, so that the text should cite some
        self._loads = False  # it was told that the engine loads
        self._loading = 0.0  # seconds that it took
        self._known = TokenIds()  # of an earlier attempt

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
            bodies, self._known = await self.desk.flusher.read(partial(_so_far, run_id=self.run.id))
            state = event_log.progress(bodies)
        self.recorder = self.desk.flusher.open(self.run, state, self._halt)
        return state

    async def _perform(self, state: Progress) -> None:
        recorder = self._pen
        if not state.has("response.in_progress"):
            recorder.event("response.in_progress", response=wire.response(self.run, Status.IN_PROGRESS))
        try:
            await self._interruptible(self._ready())
        except EngineError as error:
            log.warning("run %s: the engine is not ready: %s", self.run.id, error.detail)
            await self._give_up(error, state)
            return
        info = await self.desk.engine.info()
        preparation = Preparation(self.run, self.desk, recorder, self._most_tokens)
        context = self.run.context or await preparation.prepare(info)
        if self.run.continues is not None and not state.has("advakod.sources"):
            context = await preparation.go_on(context, info)
        self.run = replace(self.run, context=context)
        self._begin_item(state, context, info)
        await self._take_up(state, context, info)
        outcome = await self._write_guarded(context, info, resumed=bool(state.text))
        await self._finish(outcome, context)

    async def _take_up(self, state: Progress, context: Context, info: EngineInfo) -> None:
        """The text so far, and its tokens if they are this engine's."""
        known, same = self._known, info.fingerprint == context.fingerprint
        fresh = bool(context.written) and not state.text
        if fresh:
            self._pen.words(context.written, 0)
            if same and self.run.continues is not None:
                known = await self.desk.flusher.read(partial(event_log.token_ids, run_id=self.run.continues))
        if same:
            self._pen.know(known, stored=not fresh)
        else:
            self._pen.keeps_ids = False

    # -- waiting for the engine -------------------------------------------------------------------

    async def _interruptible(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait until it is done or somebody stops the run: then what follows sees it."""
        task = self._writing = asyncio.create_task(waiting, name=f"wait {self.run.id}")
        try:
            await task
        except asyncio.CancelledError:
            if self._pen.lost and not _being_cancelled():
                raise LostFenceError(self.run.id) from None
            if _being_cancelled():
                raise
        finally:
            self._writing = None

    async def _ready(self) -> None:
        """The time that an engine takes to load is not the run's; but it has an end. Raises EngineError."""
        if self._stopped:
            return
        loop = asyncio.get_running_loop()
        begun = loop.time()
        told = loop.call_at(begun + A_MOMENT, self._tell_loading)
        try:
            with self._pen.resting():
                async with asyncio.timeout(self._time.queue_wait):
                    await self.desk.engine.ready()
        except TimeoutError:
            raise EngineNotReadyError(f"not ready within {self._time.queue_wait:.0f} s") from None
        finally:
            told.cancel()
        if self._loads:
            self._loads, self._loading = False, self._loading + loop.time() - begun
            if self.run.context is not None:  # else the search for provisions, which comes next, ends the stage
                self._pen.event("advakod.stage", stage="writing")

    def _tell_loading(self) -> None:
        self._loads = True
        self._pen.event("advakod.stage", stage="loading")

    async def _give_up(self, error: EngineError, state: Progress) -> None:
        outcome, context = given_up(error, begun=bool(state.text)), self.run.context
        if context is not None and state.text:
            await self._finish(outcome, context)
        else:
            await self._end(outcome, partial(self._terminal, outcome, []))

    @property
    def _pen(self) -> Recorder:
        assert self.recorder is not None
        return self.recorder

    # -- before the first word --------------------------------------------------------------------

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
        self._hears.expect(reading=info.tells_reading)
        self._searched = info.uses_sources

    def _plan(self, context: Context) -> dict[str, Any]:
        """How long and how much, as far as it can be known. Nobody knows how much of a broken-off text was left."""
        most, plan = self._most_tokens, context.plan
        expected = Expected()
        if self.run.continues is None or (plan is not None and plan.seconds is not None):
            expected = self.desk.expectations.of_writing(context.fingerprint, most, self._time.budget, plan)
            expected = expected.after(self._loading)
        return wire.plan_facts(plan, expected, self._time.budget, most, len(context.sources))

    @property
    def _most_tokens(self) -> int:
        return self.run.request.max_output_tokens or self.desk.settings.max_tokens

    def _planned_tokens(self, context: Context) -> int | None:
        """The answer's room where it is less than what was asked for."""
        room = context.plan.answer_tokens if context.plan else None
        return room if room is not None and room < self._most_tokens else None

    @staticmethod
    def _hurried(context: Context) -> bool:
        """Whether the end of the answer's room is a fair end: time bounds it, and something can be said in it."""
        plan = context.plan
        return plan is not None and plan.hurried and (plan.answer_tokens or 0) >= planning.LEAST_ANSWER

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
        writing = self._writing = asyncio.create_task(self._write_retrying(context, info), name=f"write {self.run.id}")
        try:
            return await writing  # CASE 5: finished, out of time, stalled, or the engine failed
        except asyncio.CancelledError:
            # The engine's generator is closed by now, and its slot free.
            if self._pen.lost and not _being_cancelled():
                raise LostFenceError(self.run.id) from None  # CASE 4
            if self._stopped and not _being_cancelled():
                return ended(Status.CANCELLED, Reason.CANCELLED)  # CASE 6
            raise  # CASE 7: this process stops and hands the run back
        finally:
            self._writing = None

    async def _write_retrying(self, context: Context, info: EngineInfo) -> Outcome:
        recorder = self._pen
        tries = shrunk = 0
        while True:
            before = len(recorder.text)
            try:
                return await self._write(context, info)
            except _Stop as stop:
                return stop.outcome
            except EngineError as error:
                if _being_cancelled():  # what an engine raises as it is stopped is no failure
                    raise asyncio.CancelledError from error
                if isinstance(error, EngineContextError) and context.plan is not None and shrunk < SHRINKINGS:
                    shrunk += 1
                    context = await self._shrink(context)
                    continue
                tries = 1 if len(recorder.text) > before else tries + 1
                outcome = lost(error, await self.desk.engine.info(), tries, begun=bool(recorder.text))
                then = "going on" if outcome is None else "given up"
                log.warning("run %s: engine failed (%s), %s: %s", self.run.id, error.code, then, error.detail)
                if outcome is not None:
                    return outcome
            await asyncio.sleep(RETRY_SECONDS * 2 ** (tries - 1))
            try:
                await self._ready()
            except EngineError as error:
                return given_up(error, begun=bool(recorder.text))

    async def _shrink(self, context: Context) -> Context:
        """The engine, which told nobody how much it can read, says that this is too much."""
        known = context.notices
        context = drafting.smaller(context)
        for notice in context.notices[len(known) :]:
            self._pen.event("advakod.notice", **notice)
        log.info("run %s: the prompt is too long for the engine, and is made shorter", self.run.id)
        await Preparation(self.run, self.desk, self._pen, self._most_tokens).freeze(context)
        return context

    def _task(self, context: Context) -> WritingTask:
        request, settings, recorder = self.run.request, self.desk.settings, self._pen
        most = self._planned_tokens(context) or self._most_tokens
        return WritingTask(
            question=request.question,
            messages=prompt.messages(request, context),
            sources=context.sources,
            prefix=recorder.text,
            prefix_ids=tuple(recorder.ids),
            prefix_ids_length=recorder.ids_length,
            max_tokens=max(1, most - recorder.output_tokens),
            temperature=settings.temperature if request.temperature is None else request.temperature,
            top_p=settings.top_p if request.top_p is None else request.top_p,
            seed=context.seed,
        )

    def _brake(self, context: Context, info: EngineInfo, end: float) -> Brake:
        last = min(planning.last_seconds(info.speed), self._time.budget / 2)
        planned = self._planned_tokens(context) if self._hurried(context) else None
        return Brake(end - last, None if planned is None else planned - planning.last_tokens(planned))

    async def _write(self, context: Context, info: EngineInfo) -> Outcome:
        """Move words from the engine to the log; silence and the budget end it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._time.budget - self._pen.spent
        brake, hurried = self._brake(context, info, end), self._hurried(context)
        self._hears.begin()
        try:
            async with (
                aclosing(self.desk.engine.write(self._task(context))) as pieces,
                asyncio.timeout_at(min(end, loop.time() + self._time.first_token)) as bound,
            ):
                async for piece in pieces:
                    outcome = self._hears.take(self._pen, piece, brake, hurried=hurried)
                    if outcome is not None:
                        return outcome
                    if piece.reading is None:  # reading is no word: it moves the end of the wait for one nowhere
                        bound.reschedule(min(end, loop.time() + self._time.stall))
        except TimeoutError:
            reason = Reason.TIMEOUT if loop.time() >= end else Reason.STALLED
            raise _Stop(ended(Status.INCOMPLETE, reason)) from None
        raise EngineError("the engine ended without a finish reason")

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
            for notice in self._last_notices(outcome, citations):
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

    def _last_notices(self, outcome: Outcome, citations: Sequence[Citation]) -> Iterator[dict[str, str]]:
        """What can be known of the text only when it is there."""
        yield from self._old_editions(citations)
        if self._hears.shortened:
            yield SHORTENED
        modelled = self.run.context is not None and self.run.context.plan is not None
        if not citations and modelled and self._searched and outcome.status is Status.COMPLETED:
            yield UNCITED

    def _old_editions(self, citations: Sequence[Citation]) -> list[dict[str, str]]:
        if self.run.request.as_of is not None or self.run.context is None:
            return []  # the law of that day is what was asked for
        oldest = dt.date.today() - dt.timedelta(self.desk.settings.edition_warn_days)  # noqa: DTZ011 - a day
        return old_editions(citations, self.run.context.sources, oldest)

    def _terminal(self, outcome: Outcome, output: Sequence[dict[str, object]]) -> None:
        recorder = self._pen
        facts = replace(recorder.run, output_tokens=recorder.output_tokens, finished_at=time.time())
        response = wire.response(facts, outcome.status, output, outcome, self._hears.usage)
        recorder.event(wire.TERMINAL[outcome.status], response=response)

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


def _so_far(connection: Connection, run_id: str) -> tuple[list[bytes], TokenIds]:
    return event_log.read_all(connection, run_id), event_log.token_ids(connection, run_id)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
