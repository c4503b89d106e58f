"""What people say of answers, and what an administrator sees of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from advakod.answers import Answers, feedback
from advakod.answers.feedback import EXCERPT, Ground, Rating, Totals
from advakod.answers.model import Request, Run
from advakod.errors import ConflictError, NotFoundError
from advakod.settings import Settings
from advakod.storage import Database
from advakod.storage.schema import feedback as table
from tests.answers.room import Puppet, ended, room

pytestmark = pytest.mark.anyio
Quick = Callable[..., Settings]
UP, DOWN = Rating.UP, Rating.DOWN


async def answered(answers: Answers, engine: Puppet, question: str, owner: str = "local", **facts: object) -> Run:
    engine.voice(question).say(f"Ответ: {question}").end()
    return await ended(answers, await answers.ask(owner, Request(question, **facts)))  # type: ignore[arg-type]


def kept(database: Database, run_id: str) -> feedback.Feedback | None:
    with database.reading() as connection:
        return feedback.get(connection, run_id)


async def test_given_changed_withdrawn(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answered(answers, engine, "вопрос")
        given = await answers.feedback.give("local", run.id, DOWN, Ground.OUTDATED, "  статья изменилась ")
        assert kept(database, run.id) == given
        assert (given.rating, given.reason, given.comment) == (DOWN, Ground.OUTDATED, "статья изменилась")
        changed = await answers.feedback.give("local", run.id, UP, None, "")
        assert kept(database, run.id) == changed
        for owner, run_id in (("anna", run.id), ("local", "resp_no")):
            with pytest.raises(NotFoundError):
                await answers.feedback.give(owner, run_id, UP, None, "")
            with pytest.raises(NotFoundError):
                await answers.feedback.withdraw(owner, run_id)
        for _ in range(2):
            await answers.feedback.withdraw("local", run.id)
        assert kept(database, run.id) is None


async def test_only_of_an_answer_that_has_ended(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        with pytest.raises(ConflictError):
            await answers.feedback.give("local", run.id, UP, None, "")
        engine.voice("вопрос").say("ответ").end()
        await ended(answers, run)
        await answers.feedback.give("local", run.id, UP, None, "")


async def test_erased_with_its_run(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        first, second = [await answered(answers, engine, question) for question in ("один", "два")]
        for run in (first, second):
            await answers.feedback.give("local", run.id, UP, None, "")
        await answers.erase("local", first.id)
        await answers.conversations.erase("local", second.conversation or "")
        with database.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(table)) == 0


async def test_the_administrators_list(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        long = await answered(answers, engine, "длинный " * 100)
        hers = await answered(answers, engine, "её вопрос", owner="anna", stateless=True)
        gone = await answered(answers, engine, "удалённый")
        for run, rating in ((long, UP), (hers, DOWN), (gone, DOWN)):
            await answers.feedback.give(run.owner, run.id, rating, None, "так")
        await answers.conversations.put_aside("local", gone.conversation or "")
        opinions, totals = await answers.feedback.listing(10)
        assert [(one.response_id, one.key) for one in opinions] == [(hers.id, "anna"), (long.id, "local")]
        assert totals == Totals(up=1, down=1)
        assert (opinions[0].question, opinions[0].answer) == ("её вопрос", "Ответ: её вопрос")
        assert (opinions[0].status, opinions[0].comment) == ("completed", "так")
        assert len(opinions[1].question) <= EXCERPT
        assert opinions[1].answer.endswith("…")
        assert [one.response_id for one in (await answers.feedback.listing(10, rating=UP))[0]] == [long.id]
        after = (opinions[0].created_at, opinions[0].response_id)
        assert [one.response_id for one in (await answers.feedback.listing(1, after))[0]] == [long.id]
