"""Deleting a conversation and thinking better of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, func, select, update

from advakod.answers import Answers
from advakod.answers.model import Request, Run
from advakod.answers.shelf import ERASE_AT_ONCE, UNDO_SECONDS
from advakod.errors import ConflictError, NotFoundError
from advakod.settings import Settings
from advakod.storage import Database
from advakod.storage.schema import conversation, event, feedback, message, run
from tests.answers.room import Puppet, ended, room

pytestmark = pytest.mark.anyio
Quick = Callable[..., Settings]


async def answered(answers: Answers, engine: Puppet, question: str = "вопрос", **facts: object) -> Run:
    engine.voice(question).say("ответ").end()
    return await ended(answers, await answers.ask("local", Request(question, **facts)))  # type: ignore[arg-type]


def let_time_pass(database: Database, seconds: float) -> None:
    def change(connection: Connection) -> None:
        connection.execute(update(conversation).values(deleted_at=conversation.c.deleted_at - seconds))

    database.write_sync(change)


def rows(database: Database) -> int:
    with database.reading() as connection:
        tables = (conversation, message, run, event, feedback)
        return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


async def test_what_is_put_aside_is_found_nowhere(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        asked = await answered(answers, engine)
        shelf, aside = answers.conversations, asked.conversation or ""
        until = await shelf.put_aside("local", aside)
        assert until == pytest.approx(time.time() + UNDO_SECONDS, abs=60)
        attempts = (
            lambda: shelf.tree("local", aside),
            lambda: shelf.change("local", aside, title="x"),
            lambda: shelf.add("local", aside, []),
            lambda: shelf.put_aside("local", aside),
            lambda: shelf.erase("local", aside),
            lambda: shelf.named("local", aside),
            lambda: answers.ask("local", Request("ещё", conversation=aside)),
            lambda: answers.ask("local", Request("ещё", previous_response_id=asked.id)),
            lambda: answers.again("local", asked.id, None),
            lambda: answers.continue_("local", asked.id),
            lambda: answers.response("local", asked.id),
            lambda: answers.get("local", asked.id),
            lambda: shelf.restore("anna", aside),
        )
        for attempt in attempts:
            with pytest.raises(NotFoundError):
                await attempt()
        assert await shelf.listing("local", 10) == await shelf.listing("local", 10, None, "вопрос") == []
        restored = await shelf.restore("local", aside)
        assert restored.updated_at == (await shelf.tree("local", aside)).conversation.updated_at
        assert (await answers.get("local", asked.id)).id == asked.id
        assert (await shelf.restore("local", aside)).id == aside


async def test_a_repeated_question_of_what_is_put_aside(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        engine.voice("вопрос").say("ответ").end()
        asked = await ended(answers, await answers.ask("local", Request("вопрос"), idempotency_key="k"))
        await answers.conversations.put_aside("local", asked.conversation or "")
        with pytest.raises(NotFoundError):
            await answers.ask("local", Request("вопрос"), idempotency_key="k")


async def test_the_chore_erases_in_time_and_nothing_else(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        kept = await answered(answers, engine, "оставить")
        before = rows(database)
        gone = [await answered(answers, engine, f"убрать {n}") for n in range(ERASE_AT_ONCE + 1)]
        for one in gone:
            await answers.conversations.put_aside("local", one.conversation or "")
        await answers.conversations.erase_aside()
        assert rows(database) > before
        let_time_pass(database, UNDO_SECONDS)
        with pytest.raises(NotFoundError):
            await answers.conversations.restore("local", gone[0].conversation or "")
        await answers.conversations.erase_aside()
        assert rows(database) == before
        assert (await answers.get("local", kept.id)).id == kept.id


async def test_while_an_answer_is_written_it_stays(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        engine.voice("вопрос").say("ответ")
        asked = await answers.ask("local", Request("вопрос"))
        (listed,) = await answers.conversations.listing("local", 10)
        assert listed.running
        with pytest.raises(ConflictError):
            await answers.conversations.put_aside("local", asked.conversation or "")
        engine.voice("вопрос").end()
        await ended(answers, asked)
        (listed,) = await answers.conversations.listing("local", 10)
        assert not listed.running
        await answers.conversations.put_aside("local", asked.conversation or "")


async def test_a_client_of_old_begins_anew_under_a_deleted_name(database: Database, quick: Quick) -> None:
    async with room(quick(), database, Puppet()) as answers:
        shelf = answers.conversations
        named = await shelf.named("local", "сессия")
        await shelf.change("local", named, title="прежняя")
        await shelf.put_aside("local", named)
        assert await shelf.named("local", "сессия") == named
        assert (await shelf.tree("local", named)).conversation.title == ""
