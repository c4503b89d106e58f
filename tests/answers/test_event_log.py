"""The log against a model of it, under any interleaving of those who write, lose, end, pack and read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, delete, func, select

from advakod.answers import event_log, queries, wire
from advakod.answers.event_log import Append, TokenIds
from advakod.answers.model import Outcome, Run, Status
from advakod.storage import Database
from advakod.storage.schema import event, event_block, run
from tests.answers.room import add_run, check_log, claim, column, set_columns, stored, words

WORKERS = ("one", "two", "three")
TEXTS = st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4)
DONE = Outcome(Status.COMPLETED)


@dataclass(eq=False)
class Expected:
    """What the log of a run must be."""

    id: str
    bodies: list[bytes] = field(default_factory=list)
    holder: tuple[str, int] | None = None  # worker and attempt that may write
    ended: bool = False


@dataclass(eq=False)
class Pen:
    """Somebody who once held a run, and what he believes of it."""

    held: Run
    next_seq: int
    of: Expected

    @property
    def valid(self) -> bool:
        return self.of.holder == (self.held.worker, self.held.attempt) and not self.of.ended

    def append(self, texts: list[str], off: int = 0) -> Append:
        return words(self.held, self.next_seq + off, *texts)


class Logs(RuleBasedStateMachine):
    """The rules; the database comes with the subclass that the test makes."""

    database: Database
    pens = Bundle("pens")

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, Expected] = {}

    def teardown(self) -> None:
        def change(connection: Connection) -> None:
            for table in (event, event_block, run):
                connection.execute(delete(table))

        self.database.write_sync(change)

    def _pen(self, taken: Run) -> Pen:
        expected = self.runs[taken.id]
        expected.holder = (taken.worker or "", taken.attempt)
        assert taken.last_seq + 1 == len(expected.bodies)
        return Pen(taken, taken.last_seq + 1, expected)

    @rule()
    def ask(self) -> None:
        made = add_run(self.database)
        with self.database.reading() as connection:
            self.runs[made.id] = Expected(made.id, event_log.read_all(connection, made.id))
        assert len(self.runs[made.id].bodies) == 2

    @rule(target=pens, worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> Pen | None:
        taken = claim(self.database, worker)
        waiting = [expected for expected in self.runs.values() if expected.holder is None and not expected.ended]
        assert [r.id for r in taken] == [e.id for e in waiting[:1]]  # the oldest first
        return self._pen(taken[0]) if taken else None

    @rule(target=pens, pen=pens, worker=st.sampled_from(WORKERS))
    def take_over(self, pen: Pen | None, worker: str) -> Pen | None:
        """Whoever believes that an attempt is lost may take the run, once."""
        if pen is None:
            return None
        found = [(pen.held.id, pen.held.attempt)]
        taken = self.database.write_sync(
            lambda connection: queries.take_over(connection, found, worker, time.time() + 60)
        )
        current = pen.of.holder is not None and pen.of.holder[1] == pen.held.attempt and not pen.of.ended
        assert bool(taken) == current
        return self._pen(taken[0]) if taken else None

    @rule(worker=st.sampled_from(WORKERS))
    def hand_back(self, worker: str) -> None:
        self.database.write_sync(lambda connection: queries.hand_back(connection, worker, {}))
        for expected in self.runs.values():
            if expected.holder is not None and expected.holder[0] == worker:
                expected.holder = ("", expected.holder[1])

    @rule(
        chosen=st.lists(pens, min_size=1, max_size=6, unique_by=id),
        texts=TEXTS,
        guess=st.booleans(),
        off=st.sampled_from([0, 0, 0, 1, -1]),
    )
    def append(self, chosen: list[Pen | None], texts: list[str], *, guess: bool, off: int) -> None:
        """One flush for many, stale ones and several of one run among them; a stale one may know the number,
        and one that holds its run may be wrong about it."""
        for worker in WORKERS:
            mine = [pen for pen in chosen if pen is not None and pen.held.worker == worker]
            if guess:
                for pen in mine:
                    pen.next_seq = len(pen.of.bodies)
            appends = [(pen, pen.append(texts, off)) for pen in mine]
            batch = [one for _, one in appends]
            self.database.write_sync(partial(event_log.append, worker=worker, appends=batch))
            for pen, one in appends:
                if pen.valid and one.first_seq == len(pen.of.bodies):
                    pen.of.bodies += one.bodies
                    pen.next_seq += len(one.bodies)

    @rule(pen=consumes(pens), texts=TEXTS)
    def finish(self, pen: Pen | None, texts: list[str]) -> None:
        if pen is None:
            return
        last = pen.append(texts)
        last.bodies.append(wire.event("response.completed", last.last_seq + 1, response={}))
        facts = replace(pen.held, finished_at=time.time())
        kept = self.database.write_sync(
            lambda connection: event_log.finish(connection, pen.held.worker or "", last, DONE, facts)
        )
        assert kept == (pen.valid and last.first_seq == len(pen.of.bodies))
        if kept:
            pen.of.bodies += last.bodies
            pen.of.ended = True

    @rule(pen=pens)
    def pack(self, pen: Pen | None) -> None:
        """Also of what has not ended, or is packed already: then nothing happens."""
        if pen is not None:
            self.database.write_sync(lambda connection: event_log.pack(connection, pen.held.id))
            assert stored(self.database, pen.held.id).packed == pen.of.ended

    @rule(pen=pens, after=st.integers(-1, 30), limit=st.integers(1, 5))
    def read(self, pen: Pen | None, after: int, limit: int) -> None:
        if pen is not None:
            with self.database.reading() as connection:
                page = event_log.read(connection, pen.held.id, after, limit)
            rest = list(enumerate(pen.of.bodies))[after + 1 :]
            assert page in (rest[:limit], rest)  # a packed run is one page

    @invariant()
    def every_log_is_what_was_committed(self) -> None:
        for expected in self.runs.values():
            with self.database.reading() as connection:
                assert event_log.read_all(connection, expected.id) == expected.bodies
            check_log(expected.bodies)


def test_any_interleaving(database: Database) -> None:
    class Here(Logs):
        pass

    Here.database = database
    few = settings(
        max_examples=40 if database.is_sqlite else 10,
        stateful_step_count=25 if database.is_sqlite else 15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Here, settings=few)


def test_a_lost_run_is_dropped_alone(database: Database) -> None:
    for n in range(3):
        add_run(database, f"вопрос {n}")
    held = claim(database, "one", 3)
    stolen = held[1]
    database.write_sync(
        lambda connection: queries.take_over(connection, [(stolen.id, stolen.attempt)], "two", time.time() + 9)
    )
    appends = [words(one, 2, "слово ", "за словом") for one in held]
    kept = database.write_sync(lambda connection: event_log.append(connection, "one", appends))
    assert kept == {held[0].id, held[2].id}
    assert [stored(database, one.id).last_seq for one in held] == [3, 1, 3]


def test_an_old_attempt_of_the_same_worker_is_old(database: Database) -> None:
    add_run(database)
    (old,) = claim(database, "one")
    take = partial(queries.take_over, found=[(old.id, 1)], worker="one", lease_until=time.time() + 9)
    (new,) = database.write_sync(take)
    alone = partial(event_log.append, worker="one", appends=[words(old, 2, "старое")])
    assert database.write_sync(alone) == set()
    both = [words(old, 2, "старое", "слово"), words(new, 2, "новое")]
    assert database.write_sync(partial(event_log.append, worker="one", appends=both)) == {new.id}
    with database.reading() as connection:
        assert event_log.progress(event_log.read_all(connection, new.id)).text == "новое"


def test_counters_go_with_the_words_and_never_back(database: Database) -> None:
    add_run(database)
    (held,) = claim(database, "one")
    for append in (
        Append(held.id, 1, 2, [b"{}"], spent=2.5, output_tokens=3, first_text_at=100.0),
        Append(held.id, 1, 3, [b"{}"], spent=1.0, output_tokens=5, first_text_at=200.0),
    ):
        assert database.write_sync(partial(event_log.append, worker="one", appends=[append]))
    now = stored(database, held.id)
    assert (now.spent, now.output_tokens, now.first_text_at) == (2.5, 5, 100.0)


def test_a_flush_of_many_runs_is_one_statement_each_way(database: Database) -> None:
    for _ in range(50):
        add_run(database)
    held = claim(database, "one", 50)
    assert len(held) == 50
    appends = [words(one, 2, "да") for one in held]
    assert database.write_sync(lambda c: event_log.append(c, "one", appends)) == {one.id for one in held}


def test_an_erased_run_cannot_be_packed_or_read(database: Database) -> None:
    made = add_run(database)
    set_columns(database, made.id, finished_at=1.0, status=Status.COMPLETED)
    database.write_sync(lambda connection: queries.erase(connection, [made.id]))
    database.write_sync(lambda connection: event_log.pack(connection, made.id))
    with database.reading() as connection:
        assert event_log.read(connection, made.id, -1) == []
        for table in (event, event_block):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_renewal_tells_who_has_lost_what(database: Database) -> None:
    for _ in range(2):
        add_run(database)
    mine, theirs = claim(database, "one", 2, lease=-5)  # both have run out
    database.write_sync(
        lambda connection: queries.take_over(connection, [(theirs.id, theirs.attempt)], "two", time.time() + 9)
    )
    held = {mine.id: (1, 4.0), theirs.id: (1, 4.0)}
    later = time.time() + 60
    assert database.write_sync(lambda c: queries.renew(c, "one", held, later)) == {mine.id}
    assert column(database, mine.id, "lease_until") == pytest.approx(later)
    assert (stored(database, mine.id).spent, stored(database, theirs.id).spent) == (4.0, 0.0)


@pytest.mark.parametrize(("lease", "found"), [(-1.0, True), (5.0, False), (1e6, True)])
def test_leases_that_are_over_or_from_another_time(database: Database, lease: float, found: bool) -> None:
    add_run(database)
    (held,) = claim(database, "one", lease=lease)
    with database.reading() as connection:
        over = queries.expired(connection, now=time.time(), horizon=10.0, limit=10)
    assert over == ([(held.id, 1)] if found else [])


def test_a_second_question_waits_even_when_both_come_at_one_moment(database: Database) -> None:
    now = time.time()
    asked = [add_run(database, conversation="conv_a", created_at=now, id=f"resp_{n}") for n in (2, 1)]
    assert [one.id for one in claim(database, "one", 5)] == ["resp_1"]
    assert claim(database, "one", 5) == []
    set_columns(database, asked[1].id, status=Status.COMPLETED)
    assert [one.id for one in claim(database, "one", 5)] == ["resp_2"]


def test_tokens_go_with_their_text_and_only_with_it(database: Database) -> None:
    add_run(database)
    (held,) = claim(database, "one")
    first, second = words(held, 2, "Раз, "), words(held, 3, "два")
    first.tokens, second.tokens = TokenIds((1, 70_000), 5), TokenIds((3,), 3)
    lost = replace(words(held, 3, "чужое"), tokens=TokenIds((9,), 5))
    for batch, worker in (([first], "one"), ([lost], "two"), ([second], "one"), ([words(held, 4, "!")], "one")):
        database.write_sync(partial(event_log.append, worker=worker, appends=batch))
    with database.reading() as connection:
        assert event_log.token_ids(connection, held.id) == TokenIds((1, 70_000, 3), 8)
        assert event_log.token_ids(connection, "resp_none") == TokenIds()
