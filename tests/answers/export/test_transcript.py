"""What an export tells of real runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from advakod.answers import Answers
from advakod.answers.export import Format
from advakod.answers.export.transcript import LONGEST, _lines
from advakod.answers.model import Request, Run
from advakod.engine.interface import FinishReason, Message, Source
from advakod.errors import ExportTooLongError, NotFoundError
from advakod.settings import Settings
from advakod.storage import Database
from tests.answers.room import Puppet, ended, events, room, text_in, until

pytestmark = pytest.mark.anyio
Quick = Callable[..., Settings]

SOURCE = Source(
    1,
    "zozpp",
    "Закон РФ «О защите прав потребителей»",
    "18",
    "Права потребителя",
    "ru/zozpp@2023-08-04/st18",
    "2023-08-04",
    "",
)


async def text_of(answers: Answers, run: Run, leaf: str | None = None) -> str:
    made = await answers.conversations.export("local", run.conversation or "", Format.MARKDOWN, leaf)
    return made.content.decode()


async def test_the_shown_path_or_another(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        engine.voice("Первый?").say("Ответ один.").end()
        first = await ended(answers, await answers.ask("local", Request("Первый?")))
        engine.voice("Первый?").say("Ответ два.").end(FinishReason.LENGTH)
        second = await ended(answers, await answers.again("local", first.id, None))
        shown = await text_of(answers, first)
        assert "Ответ два." in shown
        assert "наибольшей длины" in shown
        assert "Ответ один." not in shown
        other = await text_of(answers, first, first.answer_message)
        assert "Ответ один." in other
        assert "Ответ два." not in other
        assert "> Первый?" in other
        for owner, leaf in (("local", "msg_no"), ("anna", None)):
            with pytest.raises(NotFoundError):
                await answers.conversations.export(owner, first.conversation or "", Format.DOCX, leaf)
        await answers.erase("local", second.id)
        assert "Ответ удалён." in await text_of(answers, first)


async def test_a_running_answer_is_exported_so_far_and_says_so(database: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), database, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        engine.voice("вопрос").say("Слова до сих пор")
        await until(lambda: text_in(events(database, run.id)))
        shown = await text_of(answers, run)
        assert "Слова до сих пор" in shown
        assert "Ответ ещё пишется" in shown
        engine.voice("вопрос").end()
        await ended(answers, run)
        assert "Ответ ещё пишется" not in await text_of(answers, run)


async def test_a_conversation_without_a_word(database: Database, quick: Quick) -> None:
    async with room(quick(), database, Puppet()) as answers:
        new = (await answers.conversations.create("local")).conversation
        made = await answers.conversations.export("local", new.id, Format.MARKDOWN)
        assert made.name == "Беседа.md"
        assert "ещё нет сообщений" in made.content.decode()


async def test_a_file_has_an_end(database: Database, quick: Quick) -> None:
    half = Message("user", "а" * (LONGEST // 2))
    async with room(quick(), database, Puppet()) as answers:
        tree = await answers.conversations.create("local", [half, half, Message("assistant", "б")])
        with pytest.raises(ExportTooLongError):
            await answers.conversations.export("local", tree.conversation.id, Format.DOCX)
        before = tree.path[1].id
        assert (await answers.conversations.export("local", tree.conversation.id, Format.MARKDOWN, before)).content


def cited(verdict: str, source: int | None = 1, text: str = "[1]") -> dict[str, object]:
    return {"verdict": verdict, "source": source, "text": text, "edition_date": "" if source is None else "2023-08-04"}


def test_sources_are_told_in_plain_words() -> None:
    (line,) = _lines([SOURCE], [cited("verified"), cited("verified"), cited("no_such_provision")], written=True)
    assert line == (
        "[1] Статья 18 ЗоЗПП. Права потребителя — Закон РФ «О защите прав потребителей», редакция от 04.08.2023; "
        "норма найдена и прочитана; такой нормы в загруженной редакции нет"
    )
    assert _lines([SOURCE], [], written=True)[0].endswith("в ответе не упомянута")
    assert _lines([SOURCE], None, written=True)[0].endswith("ссылки ещё не проверены")
    besides = [cited("act_not_loaded", None, "ст. 450 ГК РФ")] * 2
    assert _lines([], besides, written=True) == (
        "Упомянуто в ответе: ст. 450 ГК РФ — этот акт не загружен, проверить нельзя",
    )
