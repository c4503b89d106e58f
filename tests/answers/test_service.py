"""The room's door, with everything behind it: ask, follow, wait, stop, continue, ask again, erase."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select

from advakod.answers import Answers, conversations, queries, wire
from advakod.answers.model import Request, Run, Status
from advakod.answers.service import check_position
from advakod.engine.interface import Continuation, FinishReason
from advakod.errors import ConflictError, IdempotencyError, InputError, NotFoundError, QuestionError
from advakod.settings import Settings
from advakod.storage import Database
from advakod.storage.schema import event, event_block, message, run
from tests.answers.room import PATIENCE, Puppet, ended, events, room, rooms, stored, text_in, types_in, until

pytestmark = pytest.mark.anyio
Quick = Callable[..., Settings]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def answered(answers: Answers, engine: Puppet, question: str, text: str, **facts: object) -> Run:
    """A question with its completed answer."""
    engine.voice(question).say(text).end()
    return await ended(answers, await answers.ask("local", Request(question, **facts)))  # type: ignore[arg-type]


async def cut_short(answers: Answers, engine: Puppet, question: str, text: str, **facts: object) -> Run:
    engine.voice(question).say(text).end(FinishReason.LENGTH)
    return await ended(answers, await answers.ask("local", Request(question, **facts)))  # type: ignore[arg-type]


async def follow(answers: Answers, run: Run, after: int = -1) -> list[bytes]:
    async with asyncio.timeout(PATIENCE):
        return [wire.body_of(frame) async for batch in answers.follow(run.id, after, 1.0) for frame in batch]


# -- asking and looking --------------------------------------------------------------------------


async def test_the_life_of_a_question(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        assert (await answers.response("local", run.id))["status"] in ("queued", "in_progress")
        live = asyncio.create_task(follow(answers, run))
        engine.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(database, run.id)))
        so_far = await answers.response("local", run.id)
        assert (so_far["status"], so_far["output"][0]["content"][0]["text"]) == ("in_progress", "Раз, ")
        engine.voice("вопрос").say("два.").end()
        bodies = await live
        done = await answers.get("local", run.id)
        assert (done.status, done.input_tokens, done.output_tokens) == (Status.COMPLETED, 7, 2)
        final = await answers.response("local", run.id)
        assert final["output"][0]["content"][0]["text"] == "Раз, два."
        for after in (-1, 0, 3, done.last_seq - 1, done.last_seq):
            assert await follow(answers, run, after) == bodies[after + 1 :]
        assert answers.running == 0
        with database.reading() as connection:
            written = conversations.get_message(connection, run.answer_message or "")
        assert written is not None
        assert written.text == "Раз, два."


async def test_the_reader_of_another_process(database: Database, quick: Quick) -> None:
    """It asks here, where nothing is written, and reads here what is written there."""
    silent, engine = Puppet(), Puppet()
    async with rooms(quick(), database, silent, engine) as (here, there):
        assert here._worker is not None
        here._worker.concurrency = 0
        run = await here.ask("local", Request("вопрос"))
        reading = asyncio.create_task(follow(here, run))
        for text in ("Раз, ", "два, ", "три."):
            engine.voice("вопрос").say(text)
        engine.voice("вопрос").end()
        assert await reading == await follow(there, run)
        assert (await here.response("local", run.id))["status"] == "completed"


@on_sqlite
async def test_waiting_for_the_whole_is_never_silent_for_long(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        results: list[object] = []
        async with asyncio.timeout(PATIENCE):
            async for result in answers.wait("local", run.id, 0.2):
                results.append(result)
                if len(results) in (4, 5, 6, 7):  # words put nothing off
                    engine.voice("вопрос").say("слово ")
                if len(results) == 11:
                    engine.voice("вопрос").end()
        assert results[:-1] == [None] * (len(results) - 1)
        assert len(results) >= 12
        assert results[-1] == await answers.response("local", run.id)


@on_sqlite
async def test_others_do_not_exist(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await cut_short(answers, engine, "вопрос", "Раз")
        for attempt in (
            answers.get("другой", run.id),
            answers.response("другой", run.id),
            answers.cancel("другой", run.id),
            answers.erase("другой", run.id),
            answers.continue_("другой", run.id),
            answers.again("другой", run.id, None),
            answers.get("local", "resp_none"),
        ):
            with pytest.raises(NotFoundError):
                await attempt
        with pytest.raises(NotFoundError):
            await anext(answers.wait("другой", run.id, 1.0))
        with pytest.raises(QuestionError):
            await answers.ask("local", Request(" "))


def test_positions() -> None:
    stored_run = Run("resp_1", "local", Status.QUEUED, Request("?"), created_at=0, last_seq=4)
    for after in (-1, 4):
        check_position(stored_run, after)
    with pytest.raises(InputError):
        check_position(stored_run, 5)


@on_sqlite
async def test_a_stop_of_the_server_ends_streams_and_loses_nothing(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        engine.voice("вопрос").say("Раз, ")
        await until(lambda: text_in(events(database, run.id)))
        reading = asyncio.create_task(follow(answers, run))
        await until(lambda: answers.hub.readers)
        answers.hub.close()
        seen = await reading
        assert not wire.is_terminal(seen[-1])
        await answers.stop()
        await answers.stop()
    async with room(quick(), database, second := Puppet()) as answers:
        second.voice("вопрос").say("два.").end()
        rest = await follow(answers, run, len(seen) - 1)
    assert [wire.event_type(body) for body in seen + rest].count(b"response.completed") == 1
    assert text_in(events(database, run.id)) == "Раз, два."


# -- continuing ----------------------------------------------------------------------------------


async def test_an_incomplete_answer_is_continued_by_a_new_run(database: Database, quick: Quick) -> None:
    """With a text of its own that begins with the old one, and a budget of its own."""
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        before = await cut_short(answers, engine, "вопрос", "Раз, ")
        engine.voice("вопрос").say("два.").end()
        run = await answers.continue_("local", before.id, idempotency_key="k")
        assert (await answers.continue_("local", before.id, idempotency_key="k")).id == run.id
        done = await ended(answers, run)
        first, second = engine.voice("вопрос").tasks
        assert (done.status, done.continues, done.conversation) == (Status.COMPLETED, before.id, before.conversation)
        assert (second.prefix, second.seed, second.messages) == ("Раз, ", first.seed, first.messages)
        assert text_in(events(database, run.id)) == "Раз, два."
        assert text_in(events(database, before.id)) == "Раз, "
        assert done.question_message == before.question_message
        tree = await answers.conversations.tree("local", run.conversation or "")
        assert [m.text for m in tree.path] == ["вопрос", "Раз, два."]
        with pytest.raises(ConflictError):
            await answers.continue_("local", done.id)


@on_sqlite
async def test_what_cannot_be_continued(database: Database, quick: Quick) -> None:
    engine = Puppet(Continuation.NONE)
    async with room(quick(), database, engine) as answers:
        before = await cut_short(answers, engine, "вопрос", "Раз")
        with pytest.raises(ConflictError):
            await answers.continue_("local", before.id)
        assert answers._worker is not None
        answers._worker.concurrency = 0
        waiting = await answers.ask("local", Request("ждёт"))
        with pytest.raises(ConflictError):
            await answers.continue_("local", waiting.id)
        await answers.cancel("local", waiting.id)
        answers._worker.concurrency = 4
        engine.voice("ждёт").say("Ответ.").end()
        done = await ended(answers, await answers.continue_("local", waiting.id))  # nothing was written yet
        assert (done.status, text_in(events(database, done.id))) == (Status.COMPLETED, "Ответ.")


# -- siblings ------------------------------------------------------------------------------------


@on_sqlite
async def test_again_and_edited_stand_beside_the_first(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        first = await answered(answers, engine, "первый", "Ответ 1.")
        second = await answered(answers, engine, "второй", "Ответ 2.", previous_response_id=first.id)
        engine.voice("второй").say("Ответ 3.").end()
        again = await ended(answers, await answers.again("local", second.id, None))
        engine.voice("правка").say("Ответ 4.").end()
        edited = await ended(answers, await answers.again("local", second.id, "правка"))
        assert again.question_message == second.question_message
        tree = await answers.conversations.tree("local", first.conversation or "")
        assert [m.text for m in tree.path] == ["первый", "Ответ 1.", "правка", "Ответ 4."]
        assert sorted(m.text for m in tree.messages if m.parent == first.answer_message) == ["второй", "правка"]
        answers_to = sorted(m.text for m in tree.messages if m.parent == second.question_message)
        assert answers_to == ["Ответ 2.", "Ответ 3."]
        for task in (*engine.voice("второй").tasks, *engine.voice("правка").tasks):
            said = [turn.content for turn in task.messages]
            assert any("Ответ 1." in turn for turn in said)
            assert not any("Ответ 2." in turn for turn in said)
        assert edited.request.question == "правка"


@on_sqlite
async def test_a_key_belongs_to_what_is_asked_again(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        one = await answered(answers, engine, "вопрос", "Раз.")
        two = await answered(answers, engine, "вопрос", "Два.")
        engine.voice("вопрос").say("Три.").end()
        again = await answers.again("local", one.id, None, idempotency_key="k")
        assert (await answers.again("local", one.id, None, idempotency_key="k")).id == again.id
        with pytest.raises(IdempotencyError):
            await answers.again("local", two.id, None, idempotency_key="k")
        await ended(answers, again)


@on_sqlite
async def test_instructions_do_not_carry_over(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        first = await answered(answers, engine, "первый", "Ответ.", instructions="Пиши стихами")
        await answered(answers, engine, "второй", "Ответ.", previous_response_id=first.id)
    one, two = (" ".join(t.content for t in engine.voice(q).tasks[0].messages) for q in ("первый", "второй"))
    assert "стихами" in one
    assert "стихами" not in two


# -- erasing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
async def test_erasing_leaves_none_of_its_words(database: Database, quick: Quick, packed: bool) -> None:
    engine = Puppet()
    async with room(quick(event_retention=0 if packed else 999), database, engine) as answers:
        first = await answered(answers, engine, "первый", "Тайный ответ.")
        second = await answered(answers, engine, "второй", "Ответ.", previous_response_id=first.id)
        if packed:
            await until(lambda: stored(database, first.id).packed)
        await answers.erase("local", first.id)
        with pytest.raises(NotFoundError):
            await answers.get("local", first.id)
        with pytest.raises(NotFoundError):
            await answers.erase("local", first.id)
        with database.reading() as connection:
            for column in (event.c.run, event_block.c.run, run.c.id):
                assert connection.scalar(select(func.count()).where(column == first.id)) == 0
            assert connection.scalar(select(func.count()).where(message.c.text.contains("Тайный"))) == 0
        assert (await answers.response("local", second.id))["status"] == "completed"
        third = await answered(answers, engine, "третий", "Да.", previous_response_id=second.id)
        assert third.status is Status.COMPLETED


@on_sqlite
async def test_what_is_being_written_cannot_be_erased(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        with pytest.raises(ConflictError):
            await answers.erase("local", run.id)
        with pytest.raises(ConflictError):
            await answers.conversations.erase("local", run.conversation or "")
        engine.voice("вопрос").say("да").end()
        await ended(answers, run)
        await answers.conversations.erase("local", run.conversation or "")
        with pytest.raises(NotFoundError):
            await answers.get("local", run.id)


# -- together ------------------------------------------------------------------------------------


async def test_a_hundred_questions_at_once(database: Database, quick: Quick) -> None:
    engine = Puppet(concurrency=16)
    async with room(quick(heartbeat=2), database, engine) as answers:
        for n in range(100):
            engine.voice(f"вопрос {n}").say(*(f"{n}-{m} " for m in range(20))).end()
        asked = await asyncio.gather(*(answers.ask("local", Request(f"вопрос {n}")) for n in range(100)))
        done = await asyncio.gather(*(ended(answers, one) for one in asked))
    assert {one.status for one in done} == {Status.COMPLETED}
    for n, one in enumerate(done):
        log = events(database, one.id)
        assert text_in(log) == "".join(f"{n}-{m} " for m in range(20))
        assert types_in(log)[-1] == "response.completed"
    with database.reading() as connection:
        assert partial(queries.count_unfinished, connection)("local") == 0
