"""The tree of messages and what an engine sees of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from advakod.answers import conversations
from advakod.answers.conversations import HISTORY_CHARACTERS, HISTORY_TURNS, TITLE_LENGTH, Message, title_of
from advakod.answers.model import Request, Run, Status, new_id
from advakod.engine.interface import Message as Turn
from advakod.storage import Database


class Tree:
    """Messages made for a test, each below the one that it names."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.id = database.write_sync(lambda connection: conversations.create(connection, "local")).id

    def add(self, text: str, parent: str | None = None, role: str = "user") -> str:
        made = Message(new_id("msg"), self.id, parent, role, text, None, time.time())
        self._database.write_sync(lambda connection: conversations.add_messages(connection, [made]))
        return made.id

    def seen(self, question: str, *said_with_it: Turn) -> list[str]:
        """What the engine sees before a question."""
        request = Request("вопрос", history=said_with_it)
        asked = Run("resp_1", "local", Status.QUEUED, request, created_at=0.0, question_message=question)
        with self._database.reading() as connection:
            return [turn.content for turn in conversations.history(connection, asked)]


@pytest.fixture
def tree(database: Database) -> Tree:
    return Tree(database)


def test_only_the_path_is_seen(database: Database, tree: Tree) -> None:
    root = tree.add("первый")
    one = tree.add("ответ", root, "assistant")
    tree.add("другой ответ", root, "assistant")
    branch = tree.add("ветвь", one)
    question = tree.add("второй", one)
    assert tree.seen(root) == []
    assert tree.seen(question) == tree.seen(branch) == ["первый", "ответ"]
    with database.reading() as connection:
        assert [m.text for m in conversations.path(connection, question)] == ["первый", "ответ", "второй"]
        assert conversations.path(connection, None) == conversations.path(connection, "msg_none") == []
        assert len(conversations.messages(connection, tree.id)) == 5


def test_answers_without_a_word_are_passed_over(tree: Tree) -> None:
    root = tree.add("первый")
    assert tree.seen(tree.add("второй", tree.add("", root, "assistant"))) == ["первый"]


def test_turns_that_came_with_the_question_come_last(tree: Tree) -> None:
    question = tree.add("второй", tree.add("ответ", tree.add("первый"), "assistant"))
    assert tree.seen(question, Turn("user", "ещё")) == ["первый", "ответ", "ещё"]


def test_the_latest_turns_that_fit(tree: Tree) -> None:
    last: str | None = None
    for n in range(HISTORY_TURNS + 5):
        last = tree.add(f"{n}", last)
    assert tree.seen(tree.add("вопрос", last)) == [f"{n}" for n in range(5, HISTORY_TURNS + 5)]
    long = tree.add("я" * (HISTORY_CHARACTERS - 10), last)
    short = tree.add("коротко", long)
    assert tree.seen(tree.add("вопрос", short)) == [f"{HISTORY_TURNS + 4}", "я" * (HISTORY_CHARACTERS - 10), "коротко"]
    huge = tree.add("а" + "я" * HISTORY_CHARACTERS, short)
    assert tree.seen(tree.add("вопрос", huge)) == ["я" * HISTORY_CHARACTERS]


@pytest.mark.parametrize(
    ("question", "title"),
    [("Вопрос", "Вопрос"), (" много \n пробелов ", "много пробелов"), ("я" * 200, "я" * (TITLE_LENGTH - 1) + "…")],
)
def test_titles(question: str, title: str) -> None:
    assert title_of(question) == title


def test_the_list_goes_back_page_by_page(database: Database) -> None:
    def create(connection: Any) -> list[str]:
        return [conversations.create(connection, owner).id for owner in ("local", "local", "другой", "local")]

    made = database.write_sync(create)
    database.write_sync(lambda connection: conversations.change(connection, made[0], title="новый"))
    seen: list[str] = []
    after: tuple[float, str] | None = None
    with database.reading() as connection:
        while page := conversations.listing(connection, "local", 2, after):
            seen += [one.id for one in page]
            after = (page[-1].updated_at, page[-1].id)
        assert conversations.get(connection, "другой", made[0]) is None
    assert seen[0] == made[0]  # used last
    assert sorted(seen) == sorted([made[0], made[1], made[3]])
