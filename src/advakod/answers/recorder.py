"""From an engine's words to committed events: the recorder numbers, the flusher commits and publishes.

Commit before publish: nothing reaches a reader that is not on disk. The log of a run is written by
one flush at a time, in order; a run that has lost its fence is dropped alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from ..errors import StorageError
from ..storage import Database
from ..telemetry import Metrics
from . import event_log, stats, wire
from .event_log import Append, Progress, TokenIds
from .hub import Hub
from .model import Outcome, Run

T = TypeVar("T")
log = logging.getLogger(__name__)

SHORTEST_WINDOW = 0.025  # seconds between two flushes of one run: below the eye's notice
LONGEST_WINDOW = 0.250  # under load; a person still sees a text that flows
WINDOW_PER_RUN = 0.00125  # keeps flushes to about 800 events/s however many runs there are
FIRST_RETRY = 0.1  # seconds; doubles up to LAST_RETRY while the database cannot be written
LAST_RETRY = 2.0


class LostFenceError(Exception):
    """Another attempt holds the run; this one must write nothing more."""


class Recorder:
    """One attempt's pen: turns words and facts into numbered events."""

    def __init__(self, held: Run, state: Progress, flusher: Flusher, on_lost: Callable[[], None]) -> None:
        self.run = held
        self.text = state.text
        self.output_tokens = held.output_tokens
        self.ids: list[int] = []  # the model's tokens of the beginning of `text`
        self.ids_length = 0  # characters that they stand for
        self.keeps_ids = True  # false: they would be another model's than those that are, or will be, stored
        self.lost = False  # another attempt holds the run
        self._on_lost = on_lost
        self.due: float | None = None  # loop time at which what is unwritten must be on its way
        self._next_seq = state.next_seq
        self._bodies: list[bytes] = []
        self._words: list[str] = []
        self._ids = _NewIds()
        self._flusher = flusher
        self.first_text_at: float | None = None
        self._began = asyncio.get_running_loop().time()
        self._rests_since: float | None = None
        self.idle = asyncio.Event()  # set while no flush of this run is under way
        self.idle.set()

    @property
    def spent(self) -> float:
        """Seconds of the budget used, earlier attempts included."""
        now = asyncio.get_running_loop().time() if self._rests_since is None else self._rests_since
        return self.run.spent + now - self._began

    @contextmanager
    def resting(self) -> Iterator[None]:
        """What passes meanwhile is no time of the budget's."""
        loop = asyncio.get_running_loop()
        self._rests_since = loop.time()
        try:
            yield
        finally:
            self._began += loop.time() - self._rests_since
            self._rests_since = None

    def know(self, tokens: TokenIds, *, stored: bool) -> None:
        """The model's tokens of the beginning of the text; to be stored unless they are."""
        if 0 < tokens.characters <= len(self.text):
            self.ids, self.ids_length = list(tokens.ids), tokens.characters
            if not stored:
                self._ids.add(tokens.ids, tokens.characters)

    def words(self, text: str, tokens: int, ids: Sequence[int] = ()) -> None:
        """Add to the answer. The first words are flushed at once.

        `ids` are kept as long as there is no gap in them: what follows one cannot be used.
        """
        if not text:
            self.output_tokens += tokens
            return
        sound = _sound(text)
        if ids and self.keeps_ids and sound == text and self.ids_length == len(self.text):
            self.ids += ids
            self.ids_length += len(text)
            self._ids.add(ids, len(text))
        text = sound
        first = not self.text
        self.text += text
        self.output_tokens += tokens
        self._words.append(text)
        if first:
            self.first_text_at = time.time()
        self._flusher.touch(self, at_once=first)

    def event(self, kind: str, **fields: Any) -> None:
        """Add an event after the words so far. It waits for its window: a stage that is over sooner
        goes out together with the next one, which is a flush and a write to each reader less."""
        self._close_delta()
        self._bodies.append(wire.event(kind, self._next_seq, **fields))
        self._next_seq += 1
        self._flusher.touch(self, at_once=False)

    def _close_delta(self) -> None:
        if self._words:
            self._bodies.append(wire.delta(self.run.item_id, self._next_seq, "".join(self._words)))
            self._next_seq += 1
            self._words = []

    def lose(self) -> None:
        """Note that nothing more may be written."""
        if not self.lost:
            self.lost = True
            self._on_lost()

    def take(self) -> Append:
        """What is unwritten, numbered; the caller must commit it before it takes again."""
        self._close_delta()
        bodies, self._bodies = self._bodies, []
        return Append(
            run=self.run.id,
            attempt=self.run.attempt,
            first_seq=self._next_seq - len(bodies),
            bodies=bodies,
            spent=self.spent,
            output_tokens=self.output_tokens,
            first_text_at=self.first_text_at,
            tokens=self._ids.take(),
        )


class _NewIds:
    """Tokens that no flush has taken."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._characters = 0

    def add(self, ids: Sequence[int], characters: int) -> None:
        self._ids += ids
        self._characters += characters

    def take(self) -> TokenIds | None:
        if not self._ids:
            return None
        taken = TokenIds(tuple(self._ids), self._characters)
        self._ids, self._characters = [], 0
        return taken


class Flusher:
    """Commits what recorders hold: a fixed number of statements for all runs that are due."""

    def __init__(self, database: Database, hub: Hub, worker: str, patience: float, metrics: Metrics) -> None:
        """`patience`: seconds for which a database that cannot be written is tried again."""
        self._database = database
        self._hub = hub
        self._worker = worker
        self._patience = patience
        self._metrics = metrics
        self._dirty: set[Recorder] = set()
        self._active = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name="flusher")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def open(self, held: Run, state: Progress, on_lost: Callable[[], None]) -> Recorder:
        """A pen for a run that this worker has claimed; `on_lost` is called should it lose the run."""
        self._active += 1
        return Recorder(held, state, self, on_lost)

    def close(self, recorder: Recorder) -> None:
        self._active -= 1
        self._dirty.discard(recorder)

    @property
    def window(self) -> float:
        return min(LONGEST_WINDOW, max(SHORTEST_WINDOW, self._active * WINDOW_PER_RUN))

    def touch(self, recorder: Recorder, *, at_once: bool) -> None:
        """Note that a recorder holds something unwritten."""
        now = asyncio.get_running_loop().time()
        due = now if at_once else now + self.window
        if recorder.due is None or due < recorder.due:
            recorder.due = due
            self._dirty.add(recorder)
            if at_once or len(self._dirty) == 1:
                self._wake.set()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._dirty:  # what woke this may have been committed by its own run meanwhile
                self._wake.clear()
                await self._wake.wait()
            now = loop.time()
            due = [r for r in self._dirty if r.due is not None and r.due <= now]
            if due:
                await self._flush(due)
            else:
                await self._until(min(r.due for r in self._dirty if r.due is not None))

    async def _until(self, due: float) -> None:
        self._wake.clear()
        loop = asyncio.get_running_loop()
        timer = loop.call_at(due, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def _flush(self, recorders: list[Recorder]) -> None:
        appends: list[tuple[Recorder, Append]] = []
        for recorder in recorders:
            self._dirty.discard(recorder)
            recorder.due = None
            taken = recorder.take()
            if taken.bodies and not recorder.lost:
                recorder.idle.clear()
                appends.append((recorder, taken))
        if not appends:
            return
        kept = await self._append([taken for _, taken in appends])
        for recorder, taken in appends:
            if taken.run in kept:
                self._hub.publish(taken.run, taken.first_seq, taken.bodies)
            else:
                recorder.lose()
            recorder.idle.set()

    async def _append(self, batch: list[Append]) -> set[str]:
        """The runs whose events are stored; nothing that is wrong with one of them stops the others."""
        began = time.perf_counter()
        try:
            kept = await self._persist(partial(event_log.append, worker=self._worker, appends=batch))
        except StorageError:
            log.exception("the database could not be written for %.0f s; %d runs let go", self._patience, len(batch))
            return set()
        # A driver's refusal of one run's events, or a bug: this task serves all runs and must go on.
        except Exception:
            log.exception("events of %d runs could not be stored", len(batch))
            return {run for one in batch for run in await self._append([one])} if len(batch) > 1 else set()
        self._metrics.flushed(sum(len(taken.bodies) for taken in batch), time.perf_counter() - began)
        return kept

    async def _persist(self, change: Callable[[Connection], T]) -> T:
        return await self.patiently(partial(self._database.write, change))

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Read what a writing cannot do without. Raises StorageError after `patience`."""
        return await self.patiently(partial(self._database.read, query))

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Again and again while the database is out of reach, `patience` at most."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._patience
        delay = FIRST_RETRY
        while True:
            try:
                return await attempt()
            except StorageError as error:
                if loop.time() + delay > give_up:
                    raise
                log.warning("the database is out of reach, trying again in %.1f s: %s", delay, error.detail)
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_RETRY)

    async def commit(
        self,
        recorder: Recorder,
        change: Callable[[Connection, Append], bool],
        last_words: Callable[[], None] = lambda: None,
    ) -> None:
        """Commit what is unwritten together with a change of the caller's, which gets it and tells
        whether the fence held; then publish. Raises LostFenceError, and StorageError after `patience`.

        What `last_words` records is in this very commit and cannot slip into a flush before it.
        """
        while not recorder.idle.is_set():  # a flush may begin again before this task is woken
            await recorder.idle.wait()
        if recorder.lost:
            raise LostFenceError(recorder.run.id)
        last_words()
        self._dirty.discard(recorder)
        recorder.due = None
        recorder.idle.clear()
        taken = recorder.take()
        try:
            if not await self._persist(partial(_call, change, taken)):
                recorder.lose()
                raise LostFenceError(recorder.run.id)
        except StorageError:
            recorder.lose()
            raise
        finally:
            recorder.idle.set()
        self._hub.publish(taken.run, taken.first_seq, taken.bodies)

    async def finish(
        self, recorder: Recorder, outcome: Outcome, end: Callable[[Connection], None], terminal: Callable[[], None]
    ) -> Run:
        """End the run: `terminal` records its last events, `end` writes what else belongs to that commit.

        Whoever sees the last event finds the run ended. Returns its facts.
        """
        facts = replace(
            recorder.run,
            finished_at=time.time(),
            output_tokens=recorder.output_tokens,
            first_text_at=recorder.run.first_text_at or recorder.first_text_at,
        )

        def change(connection: Connection, last: Append) -> bool:
            kept = event_log.finish(connection, self._worker, last, outcome, facts)
            if kept:
                end(connection)
            return kept

        await self.commit(recorder, change, terminal)
        stats.observe(self._metrics, facts, outcome)
        return facts


def _sound(text: str) -> str:
    """What every database and every client can hold: no half of a surrogate pair, no NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _call(change: Callable[[Connection, Append], bool], taken: Append, connection: Connection) -> bool:
    return change(connection, taken)
