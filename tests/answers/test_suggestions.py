"""Questions to start from and to go on with."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from advakod.answers.model import Context, Request
from advakod.answers.suggestions import LONGEST, _same, _words, following, starting
from advakod.engine.interface import Message, Source
from advakod.law.guide import load_guide


def source(act: str, article: str, title: str = "", address: str | None = None) -> Source:
    known = {"zozpp": "Закон РФ «О защите прав потребителей»", "gk": "Гражданский кодекс Российской Федерации"}
    at = f"ru/{act}@2023-08-04/st{article}" if address is None else address
    return Source(1, act, known.get(act, act), article, title, at, "2023-08-04", "Текст.")


def test_examples_are_of_all_acts_and_others_each_time() -> None:
    acts = {entry.act for entry in load_guide().entries}
    assert len(acts) > 1
    choices = [starting(6, random.Random(n)) for n in range(5)]
    for chosen in choices:
        counts = [sum(one.act == act for one in chosen) for act in acts]
        assert len(chosen) == 6
        assert max(counts) - min(counts) <= 1
        assert all(len(one.question) <= LONGEST for one in chosen)
        assert len({(one.act, one.article) for one in chosen}) == 6
    assert len({tuple(one.question for one in chosen) for chosen in choices}) == 5
    assert starting(6, random.Random(1)) == starting(6, random.Random(1))


def test_each_provision_gives_one_before_any_gives_two() -> None:
    found = (source("zozpp", "18"), source("zozpp", "25"), source("zozpp", "18"))
    offered = following(Request("Как подать претензию?"), Context(sources=found), 4)
    assert [one.article for one in offered] == ["18", "25", "18", "25"]
    assert {one.act_title for one in offered} == {"Закон РФ «О защите прав потребителей»"}


def test_never_what_was_asked() -> None:
    """Nor a question of the guide in other forms of its words, nor what was asked before in the conversation."""
    for entry in load_guide().entries[:40]:
        for question in entry.questions:
            context = Context(sources=(source(entry.act, entry.article),), history=(Message("user", question),))
            for request in (Request(question), Request("Что дальше?")):
                offered = following(request, context, 5)
                assert question not in [one.question for one in offered]
                assert not any(_same(_words(one.question), _words(question)) for one in offered)
    reworded = Request("Кроссовки были малы, но они целые: обменяют ли их на больший размер?")
    offered = following(reworded, Context(sources=(source("zozpp", "25"),)), 5)
    assert "Кроссовки малы, но целые, обменяют на размер больше?" not in [one.question for one in offered]


def test_no_two_of_them_ask_the_same() -> None:
    everything = tuple(source(entry.act, entry.article) for entry in load_guide().entries[:20])
    offered = following(Request("Здравствуйте"), Context(sources=everything), 50)
    assert len(offered) == 50
    assert not any(_same(_words(a.question), _words(b.question)) for a, b in combinations(offered, 2))


@pytest.mark.parametrize(
    ("found", "question"),
    [
        (
            source("gk", "9450", "Основания изменения и расторжения договора"),
            "Что говорит статья 9450 ГК РФ «Основания изменения и расторжения договора»?",
        ),
        (source("zozpp", "999", "Новая статья."), "Что говорит статья 999 ЗоЗПП «Новая статья»?"),
    ],
)
def test_an_article_that_the_guide_does_not_know(found: Source, question: str) -> None:
    context = Context(sources=(found,))
    (one,) = following(Request("Как расторгнуть?"), context, 3)
    assert (one.question, one.act, one.article) == (question, found.act, found.article)
    assert following(Request(f"Что говорит статья {found.article} {question.split()[4]}?"), context, 3) == []


def test_what_has_no_heading_gives_none() -> None:
    nameless = (source("gk", "9450"), source("pdd", "12.2", "Остановка", "ru/pdd@2024-01-01/p12.2"), source("gk", ""))
    assert following(Request("Вопрос"), Context(sources=nameless), 3) == []
    assert following(Request("Вопрос"), Context(), 3) == []
