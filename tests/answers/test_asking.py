"""Storing a question: once, in its place, within the limits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from advakod.answers import conversations
from advakod.answers.asking import Asked, Asking, check_question, owned
from advakod.answers.conversations import Message
from advakod.answers.model import Request, Run, Status
from advakod.errors import IdempotencyError, LimitError, NotFoundError, OverloadedError, QuestionError
from advakod.settings import Settings
from advakod.storage import Database
from advakod.storage.schema import conversation, event, message, run
from tests.answers.room import events, set_columns, stored, types_in

Quick = Callable[..., Settings]


@pytest.fixture
def ask(database: Database, quick: Quick) -> Callable[..., Asked]:
    settings = quick(queue_limit=5, runs_per_key=3)

    def ask(
        question: str = "вопрос",
        *,
        owner: str = "local",
        key: str | None = None,
        detached: bool = True,
        **facts: object,
    ) -> Asked:
        request = Request(question, **facts)  # type: ignore[arg-type]
        asking = Asking(owner, request, settings, idempotency_key=key, detached=detached)
        return database.write_sync(asking.store)

    return ask


Ask = Callable[..., Asked]


def end(database: Database, made: Run) -> None:
    set_columns(database, made.id, status=Status.COMPLETED)


def path_of(database: Database, made: Run) -> list[Message]:
    with database.reading() as connection:
        return conversations.path(connection, made.answer_message)


def leaf_of(database: Database, made: Run) -> str | None:
    with database.reading() as connection:
        return connection.scalar(select(conversation.c.leaf).where(conversation.c.id == made.conversation))


def counts(database: Database) -> list[int]:
    with database.reading() as connection:
        tables = (run, event, message, conversation)
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


# -- what is stored ------------------------------------------------------------------------------


def test_everything_of_a_question_is_there_at_once(database: Database, ask: Ask) -> None:
    made = ask("Можно ли вернуть товар?", instructions="Кратко", metadata={"k": "v"}).run
    assert stored(database, made.id) == made
    assert types_in(events(database, made.id)) == ["response.created", "response.queued"]
    assert [(m.role, m.text, m.run) for m in path_of(database, made)] == [
        ("user", "Можно ли вернуть товар?", None),
        ("assistant", "", made.id),
    ]
    assert leaf_of(database, made) == made.answer_message


def test_a_stateless_question_has_no_conversation(database: Database, ask: Ask) -> None:
    made = ask(stateless=True, detached=False).run
    assert (made.conversation, made.question_message, made.detached) == (None, None, False)
    assert counts(database) == [1, 2, 0, 0]


# -- idempotency ---------------------------------------------------------------------------------


def test_the_same_key_finds_the_same_run(database: Database, ask: Ask) -> None:
    first, second = ask(key="k"), ask(key="k")
    assert (first.new, second.new, first.run.id) == (True, False, second.run.id)
    assert counts(database) == [1, 2, 2, 1]
    assert ask(key="k", owner="другой").new
    assert ask(key="other").new
    with pytest.raises(IdempotencyError):
        ask("иное", key="k")
    with pytest.raises(IdempotencyError):
        ask(key="k", instructions="Кратко")


def test_a_repeated_question_is_not_refused_for_a_full_queue(ask: Ask) -> None:
    first = ask(key="k")
    for _ in range(4):
        ask()
    with pytest.raises(OverloadedError):
        ask()
    assert ask(key="k").run.id == first.run.id


def test_many_processes_with_one_key_store_one_run(database: Database, quick: Quick) -> None:
    others = [Database(database.url) for _ in range(6)]
    barrier = Barrier(len(others))

    def store(other: Database) -> str:
        asking = Asking("local", Request("вопрос"), quick(), idempotency_key="k")
        barrier.wait()
        try:
            return other.write_sync(asking.store).run.id
        except IntegrityError:  # as the service does
            return other.write_sync(asking.store).run.id

    with ThreadPoolExecutor(len(others)) as pool:
        assert len(set(pool.map(store, others))) == 1
    assert counts(database) == [1, 2, 2, 1]
    for other in others:
        other.close()


# -- limits --------------------------------------------------------------------------------------


def test_a_key_has_its_share_and_local_use_all(database: Database, ask: Ask) -> None:
    asked = [ask(owner="ключ") for _ in range(3)]
    before = counts(database)
    with pytest.raises(LimitError) as refused:
        ask(owner="ключ")
    assert refused.value.facts["retry_after"] > 0  # type: ignore[operator]
    assert counts(database) == before  # nothing of it is stored
    end(database, asked[0].run)
    ask(owner="ключ")
    ask()


def test_the_queue_is_bounded(database: Database, ask: Ask) -> None:
    asked = [ask() for _ in range(5)]
    with pytest.raises(OverloadedError) as refused:
        ask()
    assert "Повторите через" in refused.value.message
    set_columns(database, asked[0].run.id, status=Status.IN_PROGRESS)
    ask()


@pytest.mark.parametrize("question", ["", " \n\t", "я" * 21, "а\0б", "\ud83d"])
def test_questions_that_are_none(quick: Quick, question: str) -> None:
    with pytest.raises(QuestionError):
        check_question(question, quick(max_question=20))


@pytest.mark.parametrize("question", ["?", "я" * 20, "hello", "😀"])
def test_questions_that_are(quick: Quick, question: str) -> None:
    check_question(question, quick(max_question=20))


# -- places --------------------------------------------------------------------------------------


def test_a_follow_up_hangs_below_the_answer_it_names(database: Database, ask: Ask) -> None:
    first = ask("первый").run
    second = ask("второй", previous_response_id=first.id).run
    branch = ask("ветвь", previous_response_id=first.id).run
    assert first.conversation == second.conversation == branch.conversation
    for made, question in ((second, "второй"), (branch, "ветвь")):
        assert [m.text for m in path_of(database, made) if m.role == "user"] == ["первый", question]
    assert leaf_of(database, first) == branch.answer_message


def test_a_conversation_goes_on_from_its_leaf(database: Database, ask: Ask) -> None:
    first = ask("первый").run
    second = ask("второй", conversation=first.conversation).run
    assert [m.text for m in path_of(database, second) if m.role == "user"] == ["первый", "второй"]


def test_an_empty_conversation_gets_its_title(database: Database, ask: Ask) -> None:
    empty = database.write_sync(lambda connection: conversations.create(connection, "local"))
    ask("О чём это?", conversation=empty.id)
    ask("А это?", conversation=empty.id)
    with database.reading() as connection:
        found = conversations.get(connection, "local", empty.id)
    assert found is not None
    assert found.title == "О чём это?"


def test_what_is_not_there_or_not_ones_own(database: Database, ask: Ask) -> None:
    first = ask(owner="ключ").run
    alone = ask(owner="ключ", stateless=True).run
    before = counts(database)
    for facts, param in (
        ({"previous_response_id": "resp_none"}, "previous_response_id"),
        ({"previous_response_id": first.id}, "previous_response_id"),
        ({"previous_response_id": alone.id, "owner": "ключ"}, "previous_response_id"),
        ({"conversation": first.conversation}, "conversation"),
        ({"conversation": "conv_none"}, "conversation"),
    ):
        with pytest.raises(NotFoundError) as refused:
            ask(**facts)
        assert refused.value.param == param
    assert counts(database) == before
    with database.reading() as connection, pytest.raises(NotFoundError):
        owned(connection, "local", first.id)
