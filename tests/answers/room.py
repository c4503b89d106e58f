"""What the tests of this room share: an engine that a test plays by hand, runs in a database, a whole room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from advakod.answers import Answers, event_log, queries, wire
from advakod.answers.event_log import Append
from advakod.answers.model import Request, Run, Status, new_id
from advakod.engine.interface import (
    Continuation,
    Engine,
    EngineInfo,
    FinishReason,
    Piece,
    Reading,
    Uncounted,
    WritingTask,
)
from advakod.search import Search
from advakod.settings import Settings
from advakod.storage import Database
from advakod.storage.schema import run as run_table

PATIENCE = 60.0  # seconds for anything awaited here: a busy machine is slow, a broken one is never


class Voice:
    """How one question is answered: what the test says is what is written, when it is said."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[Piece | BaseException | None] = asyncio.Queue()
        self.tasks: list[WritingTask] = []
        self.writing = 0  # writings under way
        self.closed = 0  # writings that have let go

    def say(self, *texts: str) -> Voice:
        for text in texts:
            self.lines.put_nowait(Piece(text))
        return self

    def read(self, done: int, total: int) -> Voice:
        self.lines.put_nowait(Piece("", 0, reading=Reading(done, total)))
        return self

    def end(self, finish: FinishReason = FinishReason.STOP) -> Voice:
        self.lines.put_nowait(Piece("", 0, finish, prompt_tokens=7))
        return self

    def fail(self, error: BaseException | None) -> Voice:
        """Raise an error, or end without a finish reason."""
        self.lines.put_nowait(error)
        return self


class Puppet(Uncounted):
    """An engine whose every word comes from the test; each question has a voice of its own."""

    def __init__(
        self, continuation: Continuation = Continuation.EXACT, concurrency: int = 64, cleanup: float = 0.0
    ) -> None:
        self.continuation = continuation
        self.concurrency = concurrency
        self.reachable = True
        self.tells_reading = False
        self._cleanup = cleanup  # seconds that letting go takes
        self._voices: dict[str, Voice] = {}

    def voice(self, question: str) -> Voice:
        return self._voices.setdefault(question, Voice())

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def info(self) -> EngineInfo:
        return EngineInfo(
            "puppet",
            "puppet",
            self.continuation,
            "1",
            self.concurrency,
            reachable=self.reachable,
            uses_sources=False,
            tells_reading=self.tells_reading,
        )

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        voice = self.voice(task.question)
        voice.tasks.append(task)
        voice.writing += 1
        try:
            while True:
                line = await voice.lines.get()
                if line is None:
                    return
                if isinstance(line, BaseException):
                    raise line
                yield line
        finally:
            await asyncio.sleep(self._cleanup)
            voice.writing -= 1
            voice.closed += 1


@asynccontextmanager
async def room(settings: Settings, database: Database, engine: Engine) -> AsyncIterator[Answers]:
    """A process's worth of answers on a database; several may share one."""
    search = Search(database, settings.data_dir, background=True)
    answers = Answers(settings, database, search, engine)
    try:
        await answers.start()
        yield answers
    finally:
        answers.hub.close()
        await answers.stop()
        search.close()


@asynccontextmanager
async def rooms(settings: Settings, database: Database, *engines: Engine) -> AsyncIterator[list[Answers]]:
    """Several processes on one database, each with a writer of its own."""
    async with AsyncExitStack() as stack:
        opened: list[Answers] = []
        for engine in engines:
            own = Database(database.url).open()
            stack.callback(own.close)
            opened.append(await stack.enter_async_context(room(settings, own, engine)))
        yield opened


async def until(condition: Callable[[], Any], what: str = "") -> None:
    """For what no event of this process tells of."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what or condition
        await asyncio.sleep(0.005)


async def ended(answers: Answers, run: Run) -> Run:
    """The run once it has ended."""
    async with asyncio.timeout(PATIENCE):
        async for _ in answers.follow(run.id, -1, 1.0):
            pass
    return await answers.get(run.owner, run.id)


def events(database: Database, run_id: str) -> list[dict[str, Any]]:
    """The log, parsed, and checked for what holds for every log at every time."""
    with database.reading() as connection:
        bodies = event_log.read_all(connection, run_id)
    return check_log(bodies)


def check_log(bodies: list[bytes]) -> list[dict[str, Any]]:
    parsed = [orjson.loads(body) for body in bodies]
    assert [event["sequence_number"] for event in parsed] == list(range(len(parsed)))
    assert not any(wire.is_terminal(body) for body in bodies[:-1])
    return parsed


def text_in(log: list[dict[str, Any]]) -> str:
    return "".join(event["delta"] for event in log if event["type"] == "response.output_text.delta")


def types_in(log: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in log]


def stored(database: Database, run_id: str) -> Run:
    with database.reading() as connection:
        found = queries.get(connection, run_id)
    assert found is not None
    return found


def column(database: Database, run_id: str, name: str) -> Any:
    """A column of a run that its model does not show."""
    with database.reading() as connection:
        return connection.scalar(select(run_table.c[name]).where(run_table.c.id == run_id))


def set_columns(database: Database, run_id: str, **values: Any) -> None:
    def change(connection: Connection) -> None:
        connection.execute(update(run_table).where(run_table.c.id == run_id).values(values))

    database.write_sync(change)


def add_run(database: Database, question: str = "Можно ли вернуть товар?", **facts: Any) -> Run:
    """A waiting run with its first two events."""
    made = Run(
        **{
            "id": new_id("resp"),
            "owner": "local",
            "status": Status.QUEUED,
            "request": Request(question),
            "created_at": time.time(),
            "last_seq": 1,
            **facts,
        }
    )

    def change(connection: Connection) -> None:
        queries.add(connection, made, idempotency_key=None, request_hash="")
        snapshot = wire.response(made, Status.QUEUED)
        kinds = ("response.created", "response.queued")
        bodies = [wire.event(kind, seq, response=snapshot) for seq, kind in enumerate(kinds)]
        event_log.add_first(connection, made.id, 0, bodies)

    database.write_sync(change)
    return made


def claim(database: Database, worker: str, limit: int = 1, lease: float = 60.0) -> list[Run]:
    until_when = time.time() + lease
    return database.write_sync(lambda connection: queries.claim(connection, worker, limit, until_when))


def words(held: Run, first_seq: int, *texts: str) -> Append:
    """Deltas of an attempt."""
    bodies = [wire.delta(held.item_id, seq, text) for seq, text in enumerate(texts, first_seq)]
    return Append(held.id, held.attempt, first_seq, bodies)
