"""The bus: what was committed last, for readers in this process. A hint and a cache, never the truth.

A reader keeps a position, not a queue: a slow one costs its position and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from functools import partial

from ..errors import StorageError
from ..storage import Database
from . import event_log, wire

log = logging.getLogger(__name__)

TAIL_BYTES = 256 * 1024  # kept per run for readers that are nearly up to date; the others read the log
ANNOUNCED_SECONDS = 10.0  # a new run's first events wait this long for their reader
POLL_SECONDS = 0.25  # a run written by another process is looked at this often, once for all its readers
LOOK_SECONDS = 1.0  # a reader that could not be told whether there is more looks again after this long


class Tail:
    """The last committed events of one run and the readers that wait for more."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.first = 0  # number of frames[0]
        self.known = False  # whether `first` means anything yet
        self.ended = False
        self.local = False  # written by this process: hints can be relied on
        self.readers = 0
        self._bytes = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def next(self) -> int:
        return self.first + len(self.frames)

    def extend(self, first_seq: int, bodies: Sequence[bytes]) -> None:
        """Take committed events."""
        if bodies:
            self.take(first_seq, _frames(first_seq, bodies), ended=wire.is_terminal(bodies[-1]))

    def take(self, first_seq: int, frames: Sequence[bytes], *, ended: bool) -> None:
        """Take their frames; what is already known is skipped, and a gap starts the tail anew."""
        if not self.known or first_seq > self.next:
            self.frames, self.first, self._bytes, self.known = [], first_seq, 0, True
        old = len(self.frames)
        new = frames[max(0, self.next - first_seq) :]
        self.frames += new
        self._bytes += sum(map(len, new))
        self.ended = self.ended or ended
        self._trim(old)
        self.wake()

    def _trim(self, old: int) -> None:
        """Drop from the first `old` frames: those after them nobody has read yet, and a thousand readers that
        had to fetch them from the log would each hold a copy."""
        if self._bytes <= TAIL_BYTES:
            return
        drop = 0
        while self._bytes > TAIL_BYTES // 2 and drop < min(old, len(self.frames) - 1):
            self._bytes -= len(self.frames[drop])
            drop += 1
        del self.frames[:drop]
        self.first += drop

    def after(self, position: int) -> list[bytes] | None:
        """Frames that follow `position`; None when they are no longer, or not yet, here."""
        if not self.known or position + 1 < self.first:
            return None
        return self.frames[position + 1 - self.first :]

    def forget(self) -> None:
        """What is here may be behind the log: the next reader looks there."""
        self.frames, self.first, self._bytes, self.known = [], 0, 0, False
        self.wake()

    def wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def wait(self, seconds: float) -> None:
        """Until a hint, `seconds` at most."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        self._waiting.add(waiting)
        timer = loop.call_later(seconds, _resolve, waiting)
        try:
            await waiting
        finally:
            timer.cancel()
            self._waiting.discard(waiting)


def _frames(first_seq: int, bodies: Sequence[bytes]) -> list[bytes]:
    return [wire.sse_frame(seq, body) for seq, body in enumerate(bodies, first_seq)]


def _resolve(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class Hub:
    """Tails of the runs that are written or read in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tails: dict[str, Tail] = {}
        self._pollers: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def close(self) -> None:
        """End every stream: the server stops, and readers come back with their positions."""
        self._closed = True
        for tail in self._tails.values():
            tail.wake()

    @property
    def readers(self) -> int:
        """Readers of all runs, connected to this process."""
        return sum(tail.readers for tail in self._tails.values())

    def announce(self, run_id: str, first: Sequence[bytes]) -> None:
        """A new run's first events were committed: its reader, who is about to come, need not look them up."""
        tail = self._tail(run_id)
        tail.extend(0, first)
        asyncio.get_running_loop().call_later(ANNOUNCED_SECONDS, self._drop_unused, run_id, tail)

    def publish(self, run_id: str, first_seq: int, bodies: Sequence[bytes]) -> None:
        """Tell readers what has just been committed."""
        tail = self._tails.get(run_id)
        if tail is not None:
            tail.extend(first_seq, bodies)

    def written_here(self, run_id: str, next_seq: int) -> None:
        """This process writes the run from `next_seq` on: its readers need not ask the database."""
        tail = self._tail(run_id)
        tail.local = True
        if tail.known and tail.next != next_seq:
            tail.forget()  # whoever wrote it before has committed what was not seen here

    def not_written_here(self, run_id: str) -> None:
        """It has ended, or another process goes on with it."""
        if (tail := self._tails.get(run_id)) is not None:
            tail.local = False
            tail.wake()
            self._drop_unused(run_id, tail)

    def _tail(self, run_id: str) -> Tail:
        return self._tails.setdefault(run_id, Tail())

    def _drop_unused(self, run_id: str, tail: Tail) -> None:
        if tail.readers == 0 and not tail.local and self._tails.get(run_id) is tail:
            self._tails.pop(run_id, None)
            if (poller := self._pollers.pop(run_id, None)) is not None:
                poller.cancel()

    async def follow(self, run_id: str, after: int, silence: float) -> AsyncGenerator[list[bytes], None]:
        """Frames with a number above `after`, each once, in order, until the run's end.

        An empty list is yielded whenever nothing came for `silence` seconds, be it because the
        database is away: a reader keeps its position until it is back.
        """
        tail = self._tail(run_id)
        tail.readers += 1
        loop = asyncio.get_running_loop()
        try:
            position = after
            spoke = loop.time()
            while not self._closed:
                frames = tail.after(position)
                if frames is None or (not frames and not tail.local and run_id not in self._pollers):
                    frames = await self._from_log(run_id, position, tail) or tail.after(position)
                if frames:
                    position += len(frames)
                    yield frames
                    spoke = loop.time()
                    continue
                if tail.ended and position + 1 >= tail.next:
                    return
                self._poll_when_remote(run_id, tail)
                left = max(0.0, spoke + silence - loop.time())
                await tail.wait(left if frames is not None else min(left, LOOK_SECONDS))
                if loop.time() - spoke >= silence and not tail.after(position):
                    yield []
                    spoke = loop.time()
        finally:
            tail.readers -= 1
            self._drop_unused(run_id, tail)

    async def _from_log(self, run_id: str, position: int, tail: Tail) -> list[bytes]:
        """The event at `position` is read too: it tells a reader of an ended run that nothing follows."""
        try:
            page = await self._database.read(partial(event_log.read, run_id=run_id, after=position - 1))
        except StorageError as error:
            log.warning("run %s cannot be read: %s", run_id, error.detail)
            return []
        if not page:
            return []
        first = page[0][0]
        frames = _frames(first, [body for _, body in page])
        if not tail.known or page[-1][0] >= tail.next:
            tail.take(first, frames, ended=wire.is_terminal(page[-1][1]))
        return frames[position + 1 - first :]

    def _poll_when_remote(self, run_id: str, tail: Tail) -> None:
        if run_id not in self._pollers and not tail.local:
            poller = asyncio.create_task(self._poll(run_id, tail), name=f"poll {run_id}")
            self._pollers[run_id] = poller

    async def _poll(self, run_id: str, tail: Tail) -> None:
        """Read on for all readers of a run, until its end, its last reader's, or until it is written here."""
        try:
            while not tail.ended and not tail.local and tail.readers:
                await asyncio.sleep(POLL_SECONDS)
                position = tail.next - 1 if tail.known else -1
                await self._read_on(run_id, position, tail)
        finally:
            if self._pollers.get(run_id) is asyncio.current_task():
                del self._pollers[run_id]

    async def _read_on(self, run_id: str, position: int, tail: Tail) -> None:
        try:
            page = await self._database.read(partial(event_log.read, run_id=run_id, after=position))
        except StorageError as error:  # readers keep their positions until the database is back
            log.warning("run %s cannot be read: %s", run_id, error.detail)
            return
        if page:
            tail.extend(page[0][0], [body for _, body in page])
