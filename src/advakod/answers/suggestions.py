"""Questions to start from and to go on with, out of the everyday guide and the provisions found. Pure."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..engine.interface import Source
from ..law.acts import by_id
from ..law.guide import Entry, load_guide
from ..russian import lemma, tokens
from .composing.names import cited, is_article
from .composing.wording import STOP_WORDS
from .model import Context, Request

# Share of the shorter question's words that the other one has: from here on both ask the same. Of the guide's own
# questions, written to differ, 2 % of the pairs within an article reach it.
SAME = 0.6
LONGEST = 110  # characters of an example: a button, not a letter

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question and the article that answers it."""

    question: str
    act: str
    act_title: str
    article: str


def starting(limit: int, chance: random.Random) -> list[Suggestion]:
    """Examples from the guide, as many of each act as of any other; another choice for another `chance`."""
    by_act: dict[str, list[Entry]] = {}
    for entry in load_guide().entries:
        by_act.setdefault(entry.act, []).append(entry)
    acts = list(by_act.values())
    chance.shuffle(acts)
    return _in_turn([_examples(chance.sample(entries, len(entries)), chance) for entries in acts], limit, ())


def following(request: Request, context: Context, limit: int) -> list[Suggestion]:
    """What one may ask next: of each provision one question, the best provision's first, then their second ones.

    Never what has just been asked, or was in this conversation, and no two that ask the same.
    """
    asked = [request.question, *(turn.content for turn in context.history if turn.role == "user")]
    articles: dict[tuple[str, str], Source] = {}
    for source in context.sources:
        articles.setdefault((source.act, source.article), source)
    return _in_turn([_questions(source) for source in articles.values()], limit, asked)


def _examples(entries: Sequence[Entry], chance: random.Random) -> Iterator[Suggestion]:
    for entry in entries:
        act = by_id(entry.act)
        short = [question for question in entry.questions if len(question) <= LONGEST]
        if short:
            title = act.short if act else entry.act
            yield Suggestion(chance.choice(short), entry.act, title, entry.article)


def _questions(source: Source) -> Iterator[Suggestion]:
    """Of the guide; of an article that it does not know, one made of the heading."""
    entry = load_guide().find(source.act, source.article)
    for question in entry.questions if entry else _made(source):
        yield Suggestion(question, source.act, source.act_title, source.article)


def _made(source: Source) -> Iterator[str]:
    title = source.title.strip().rstrip(".")
    if is_article(source) and title and title != source.article:
        place = cited(source).replace("ст. ", "статья ", 1)
        yield f"Что говорит {place} «{title}»?"


def _in_turn(queues: Sequence[Iterator[Suggestion]], limit: int, asked: Collection[str]) -> list[Suggestion]:
    """One of each queue, then another of each: those that ask neither what was asked nor what one before them does."""
    known = [_words(question) for question in asked]
    chosen: list[Suggestion] = []
    waiting = list(queues)
    while waiting and len(chosen) < limit:
        queue = waiting.pop(0)
        if (suggestion := _next_new(queue, known)) is not None:
            chosen.append(suggestion)
            waiting.append(queue)
    return chosen


def _next_new(queue: Iterator[Suggestion], known: list[Words]) -> Suggestion | None:
    """The queue's next question that differs from the known ones, and is one of them from now on."""
    for suggestion in queue:
        words = _words(suggestion.question)
        if words and not any(_same(words, other) for other in known):
            known.append(words)
            return suggestion
    return None


def _words(question: str) -> Words:
    """Lemmas of the words that say what is asked."""
    return frozenset(lemma(word) for word in tokens(question) if word not in STOP_WORDS)


def _same(one: Words, other: Words) -> bool:
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) / shorter >= SAME
