"""Conversations found by their words."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Connection

from advakod.answers import conversations, finding
from advakod.answers.conversations import Message
from advakod.answers.finding import MOST_WORDS, SNIPPET, excerpt, words_of
from advakod.answers.model import new_id
from advakod.answers.shelf import Listed, Shelf
from advakod.storage import Database

pytestmark = pytest.mark.anyio


def made(database: Database, title: str, *texts: str, owner: str = "local") -> str:
    """A conversation in which this was said."""

    def create(connection: Connection) -> str:
        new = conversations.create(connection, owner, title=title)
        said = [
            Message(new_id("msg"), new.id, None, "user", text, None, time.time() + n) for n, text in enumerate(texts)
        ]
        if said:
            conversations.add_messages(connection, said)
        return new.id

    return database.write_sync(create)


async def search(database: Database, sought: str, owner: str = "local") -> list[Listed]:
    return await Shelf(database).listing(owner, 50, None, sought)


async def found(database: Database, sought: str, owner: str = "local") -> list[str]:
    return [one.conversation.id for one in await search(database, sought, owner)]


async def test_all_words_in_title_or_messages(database: Database) -> None:
    first = made(database, "Возврат Чайника", "Купил его вчера", "Ещё не поздно: 14 дней")
    second = made(database, "Отпуск", "Сколько дней отпуска?")
    made(database, "Возврат чайника", "дней", owner="anna")
    assert await found(database, "ДНЕЙ") == [second, first]
    assert await found(database, "чайник дней еще") == [first]
    assert await found(database, "ЕЩЁ") == [first]
    assert await found(database, "чайник отпуск") == []
    assert await found(database, "  ") == [second, first]
    assert await found(database, "чайник", owner="boris") == []


async def test_the_snippet_is_where_it_is_said(database: Database) -> None:
    made(database, "Возврат", "Здравствуйте", f"{'до ' * 100}найденное СЛОВО здесь{' после' * 100}")
    (one,) = await search(database, "слово")
    assert one.snippet is not None
    assert "найденное СЛОВО здесь" in one.snippet
    assert len(one.snippet) <= SNIPPET
    assert (one.snippet[0], one.snippet[-1]) == ("…", "…")
    (by_title,) = await search(database, "возврат")
    assert by_title.snippet == "Возврат"
    (unsought,) = await search(database, "")
    assert unsought.snippet is None


async def test_pages_of_what_is_found(database: Database) -> None:
    made_here = [made(database, f"нужное {n}") for n in range(5)]
    made(database, "другое")
    shelf = Shelf(database)
    first = await shelf.listing("local", 3, None, "нужное")
    last = first[-1].conversation
    rest = await shelf.listing("local", 3, (last.updated_at, last.id), "нужное")
    assert [one.conversation.id for one in first + rest] == made_here[::-1]


def test_words_and_excerpts() -> None:
    assert words_of("Я я ёлка Ёлка ЕЛКА") == ["елка", "я"]
    assert len(words_of(" ".join(map(str, range(100))))) == MOST_WORDS
    assert excerpt("коротко\n и ясно", ["ясно"]) == "коротко и ясно"
    assert excerpt("", ["нет"]) == ""
    long = "а" * 300 + "конец"
    assert excerpt(long, ["конец"]).endswith("конец")
    assert excerpt(long, ["нет"]) == "а" * (SNIPPET - 1) + "…"


def test_a_search_without_words_is_the_list(database: Database) -> None:
    one = made(database, "беседа")
    with database.reading() as connection:
        assert [c.id for c in finding.find(connection, "local", [], 10)] == [one]
