"""The event log: append under a fence, read from any position, pack what is finished.

Invariants, which the tests hold against any interleaving of append, take-over and read:
numbers of a run's events start at 0 and have no gap; an event once committed never changes;
only the holder of the current attempt appends; nothing follows a terminal event.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from ..storage.schema import event, event_block, run, run_token
from . import wire
from .model import Outcome, Run, Status

PAGE = 2_000  # events a read returns at most: bounds a reader's memory
PACK_LEVEL = 9  # zlib; 1,000 deltas: 218 KB → 9 KB


@dataclass(frozen=True, slots=True)
class TokenIds:
    """The model's own tokens of the beginning of an answer."""

    ids: tuple[int, ...] = ()
    characters: int = 0  # that they stand for


@dataclass(slots=True)
class Append:
    """Events of one run that go to the log together, and the counters that go with them."""

    run: str
    attempt: int
    first_seq: int
    bodies: list[bytes]
    spent: float = 0.0
    output_tokens: int = 0
    first_text_at: float | None = None
    tokens: TokenIds | None = None  # of the text in `bodies`, when all that came before is stored too

    @property
    def last_seq(self) -> int:
        return self.first_seq + len(self.bodies) - 1


_SQLITE_FENCE = """
UPDATE run SET last_seq = j.last_seq, spent = max(run.spent, j.spent), output_tokens = j.tokens,
       first_text_at = coalesce(run.first_text_at, j.first_text)
FROM (SELECT value->>0 AS id, value->>1 AS attempt, value->>2 AS first_seq, value->>3 AS last_seq,
             value->>4 AS spent, value->>5 AS tokens, value->>6 AS first_text FROM json_each(?)) AS j
WHERE run.id = j.id AND run.attempt = j.attempt AND run.worker = ? AND run.status = 'in_progress'
      AND run.last_seq = j.first_seq - 1
RETURNING run.id, run.attempt
"""
_SQLITE_INSERT = "INSERT INTO event (run, seq, body) VALUES (?, ?, ?)"
_SQLITE_TOKENS = "INSERT INTO run_token (run, seq, characters, ids) VALUES (?, ?, ?, ?)"

_ADD = insert(event)
_READ = (
    select(event.c.seq, event.c.body)
    .where(event.c.run == bindparam("run_id"), event.c.seq > bindparam("after"))
    .order_by(event.c.seq)
    .limit(bindparam("most"))
)
_END = (
    update(run)
    .where(run.c.id == bindparam("run_id"))
    .values(
        status=bindparam("ended_as"),
        reason=bindparam("because"),
        error_message=bindparam("told"),
        finished_at=bindparam("at"),
        input_tokens=bindparam("read_tokens"),
        lease_until=None,
    )
)

# One round trip: the fence and the insert are one statement.
_POSTGRES_APPEND = text("""
WITH j AS (
    SELECT * FROM json_to_recordset(CAST(:appends AS json)) AS j(
        id text, attempt int, first_seq int, last_seq int, spent float8, tokens int, first_text float8, bodies json,
        characters int, ids text)
), fenced AS (
    UPDATE run SET last_seq = j.last_seq, spent = greatest(run.spent, j.spent), output_tokens = j.tokens,
           first_text_at = coalesce(run.first_text_at, j.first_text)
    FROM j WHERE run.id = j.id AND run.attempt = j.attempt AND run.worker = :worker
      AND run.status = 'in_progress' AND run.last_seq = j.first_seq - 1
    RETURNING run.id, j.first_seq, j.bodies, j.characters, j.ids
), stored AS (
    INSERT INTO event (run, seq, body)
    SELECT fenced.id, fenced.first_seq + e.n - 1, decode(e.body, 'base64')
    FROM fenced, json_array_elements_text(fenced.bodies) WITH ORDINALITY AS e(body, n)
), known AS (
    INSERT INTO run_token (run, seq, characters, ids)
    SELECT id, first_seq, characters, decode(ids, 'base64') FROM fenced WHERE ids IS NOT NULL
)
SELECT id FROM fenced
""")


def append(connection: Connection, worker: str, appends: Sequence[Append]) -> set[str]:
    """Append for many runs with a fixed number of statements.

    Returns the runs whose events were stored. A run that is missing has lost its fence (another
    attempt, another worker, ended) and is dropped alone.
    """
    if connection.dialect.name == "postgresql":
        return _append_postgres(connection, worker, appends)
    raw: Any = connection.connection.driver_connection
    rows = [(a.run, a.attempt, a.first_seq, a.last_seq, a.spent, a.output_tokens, a.first_text_at) for a in appends]
    kept = set(raw.execute(_SQLITE_FENCE, (orjson.dumps(rows).decode(), worker)).fetchall())
    stored = [a for a in appends if (a.run, a.attempt) in kept]
    raw.executemany(_SQLITE_INSERT, [(a.run, a.first_seq + i, body) for a in stored for i, body in enumerate(a.bodies)])
    known = [(a.run, a.first_seq, a.tokens.characters, packed_ids(a.tokens)) for a in stored if a.tokens]
    if known:
        raw.executemany(_SQLITE_TOKENS, known)
    return {a.run for a in stored}


def _append_postgres(connection: Connection, worker: str, appends: Sequence[Append]) -> set[str]:
    rows = [
        {
            "id": a.run,
            "attempt": a.attempt,
            "first_seq": a.first_seq,
            "last_seq": a.last_seq,
            "spent": a.spent,
            "tokens": a.output_tokens,
            "first_text": a.first_text_at,
            "bodies": [base64.b64encode(body).decode() for body in a.bodies],
            "characters": a.tokens.characters if a.tokens else None,
            "ids": base64.b64encode(packed_ids(a.tokens)).decode() if a.tokens else None,
        }
        for a in appends
    ]
    parameters = {"appends": orjson.dumps(rows).decode(), "worker": worker}
    return set(connection.scalars(_POSTGRES_APPEND, parameters))


def finish(connection: Connection, worker: str, last: Append, outcome: Outcome, run_facts: Run) -> bool:
    """Append a run's last events and end it, in one go. False when the fence is lost."""
    if not append(connection, worker, [last]):
        return False
    _end(connection, last.run, outcome, run_facts)
    return True


def _end(connection: Connection, run_id: str, outcome: Outcome, facts: Run) -> None:
    connection.execute(
        _END,
        {
            "run_id": run_id,
            "ended_as": outcome.status,
            "because": outcome.reason,
            "told": outcome.message,
            "at": facts.finished_at,
            "read_tokens": facts.input_tokens,
        },
    )


def append_waiting(
    connection: Connection, waiting: Run, bodies: Sequence[bytes], outcome: Outcome | None = None
) -> bool:
    """Append to a run that nobody holds: its place in the queue, or its end there.

    False when it has been claimed or written to since `waiting` was read.
    """
    still = (run.c.id == waiting.id, run.c.status == Status.QUEUED, run.c.last_seq == waiting.last_seq)
    moved = connection.execute(update(run).where(*still).values(last_seq=waiting.last_seq + len(bodies)))
    if not moved.rowcount:
        return False
    add_first(connection, waiting.id, waiting.last_seq + 1, bodies)
    if outcome is not None:
        _end(connection, waiting.id, outcome, waiting)
    return True


def add_first(connection: Connection, run_id: str, first_seq: int, bodies: Sequence[bytes]) -> None:
    """Store events without a fence; for a run that is being created or that the caller holds otherwise."""
    rows = [{"run": run_id, "seq": first_seq + i, "body": body} for i, body in enumerate(bodies)]
    connection.execute(_ADD, rows)


def read(connection: Connection, run_id: str, after: int, limit: int = PAGE) -> list[tuple[int, bytes]]:
    """Events with a number above `after`, in order; the same bytes before and after packing.

    `limit` rows at most; of a packed run all that is left, since a page costs unpacking all of it.
    """
    rows = connection.execute(_READ, {"run_id": run_id, "after": after, "most": limit}).all()
    if rows:
        return [(row.seq, bytes(row.body)) for row in rows]
    block = connection.scalar(select(event_block.c.body).where(event_block.c.run == run_id))
    if block is None:
        return []
    first = max(0, after + 1)
    return list(enumerate(unpack(block)[first:], first))


def read_all(connection: Connection, run_id: str) -> list[bytes]:
    """Every event of a run."""
    bodies: list[bytes] = []
    while page := read(connection, run_id, len(bodies) - 1):
        bodies += [body for _, body in page]
    return bodies


def last_event(connection: Connection, stored: Run) -> bytes | None:
    page = read(connection, stored.id, stored.last_seq - 1, 1)
    return page[0][1] if page else None


def packed_ids(tokens: TokenIds) -> bytes:
    return struct.pack(f"<{len(tokens.ids)}I", *tokens.ids)


def token_ids(connection: Connection, run_id: str) -> TokenIds:
    """The tokens of the beginning of a run's text, as far as they are known; none once it is packed."""
    where = run_token.c.run == run_id
    rows = connection.execute(select(run_token.c.characters, run_token.c.ids).where(where).order_by(run_token.c.seq))
    ids, characters = list[int](), 0
    for row in rows:
        ids += struct.unpack(f"<{len(row.ids) // 4}I", row.ids)
        characters += row.characters
    return TokenIds(tuple(ids), characters)


def pack(connection: Connection, run_id: str) -> None:
    """Replace a finished run's rows by one compressed block. Idempotent, also among processes."""
    ready = (run.c.id == run_id, run.c.packed.is_(False), run.c.finished_at.is_not(None))
    if not connection.execute(update(run).where(*ready).values(packed=True)).rowcount:
        return  # another process did it, or the run has been erased
    bodies = read_all(connection, run_id)
    connection.execute(insert(event_block).values(run=run_id, body=zlib.compress(b"\n".join(bodies), PACK_LEVEL)))
    connection.execute(delete(event).where(event.c.run == run_id))
    connection.execute(delete(run_token).where(run_token.c.run == run_id))


def unpack(block: bytes) -> list[bytes]:
    """Bodies of a block; JSON has no bare newline, so it separates them."""
    return zlib.decompress(block).split(b"\n")


def packable(connection: Connection, finished_before: float, limit: int) -> list[str]:
    """Finished runs whose retention is over."""
    query = select(run.c.id).where(run.c.finished_at < finished_before, run.c.packed.is_(False)).limit(limit)
    return list(connection.scalars(query))


@dataclass(slots=True)
class Progress:
    """What a run's log says has already been written; how a later attempt goes on."""

    next_seq: int = 0
    text: str = ""
    types: set[bytes] = field(default_factory=set)
    terminal: bytes | None = None

    def has(self, kind: str) -> bool:
        return kind.encode() in self.types


def progress(bodies: Sequence[bytes]) -> Progress:
    """Fold a whole log, from event 0 on."""
    state = Progress(next_seq=len(bodies))
    words: list[str] = []
    for body in bodies:
        kind = wire.event_type(body)
        state.types.add(kind)
        if kind == b"response.output_text.delta":
            words.append(wire.delta_text(body))
        elif kind in wire.TERMINAL_TYPES:
            state.terminal = body
    state.text = "".join(words)
    return state
