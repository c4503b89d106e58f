"""Which blocks bear on a question: shared words weighed by rarity, everyday words read as the law's. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...law.citations import Reference, find_references
from ...russian import fold, stem, tokens
from ...russian.morphology import terms
from .wording import LEGAL_WORDS, STOP_WORDS

SYNONYM_WORTH = 0.7  # of the word itself
ROOT = 6  # letters that words of one family share: «задерживает» and «задержка»
RELATED_WORTH = 0.6  # of the word itself
LONG_NEGATION = 9  # letters; statutes write «не пристегнутым» where people write «непристегнутый»
USUAL_LENGTH = 350  # characters of a block that is neither favoured nor held back for its length

_BROAD = re.compile(
    r"подробн|расскаж|рассказ|обзор|перечисл|все права|какие права|какими правами|опиши|что такое|в целом"
)
_ASKS_FIGURE = re.compile(
    r"сколько|срок|как долго|как быстро|когда|процент|размер|штраф|сумм|пен[яию]|неустойк|дней|какая ответственн"
)
_ABOUT_FIGURE = re.compile(r"\d|дней|дня|день|суток|недел|месяц|процент|срок|рубл|размер|лет\b|года?\b")
_FIGURE = re.compile(
    r"(?:\d|(?:одн|дв|тр|четыр|пят|шест|сем|восьм|девят|десят|одиннадцат|двенадцат|четырнадцат|пятнадцат|двадцат|тридцат|"
    r"сорок|пятьдес|сот|тысяч)\w*)\s+(?:(?:рабоч|календарн)\w+\s+)?(?:дн|процент|рубл|месяц|лет\b|год|час|сут|недел)"
)
_ASKS_RIGHT = re.compile(
    r"могу|можно|может|имею право|вправе|прав[ао]|требовать|что делать|обязан|должн|как быть|законно|верн"
)
_MAY = re.compile(r"вправе|име(?:ет|ют) право|мо(?:жет|гут)")
_HAS_RIGHT = re.compile(r"вправе|име(?:ет|ют) право|может|могут|обязан|должен|не допускается|запреща|подлежит|подлежат")

# In the nominative: «у потребителя», «продавцом» act nowhere. What stands first is tried first.
_WHO = re.compile(
    r"\b(?:(?P<other>продав(?:ец|цы)|исполнител[ьи]|изготовител[ьи]|работодател[ьи]|импорт[её]ры?|суды?|органы?|"
    r"организаци[яи]|объединени[ея]|подрядчики?|банки?|страховщики?|кредиторы?|прокурор|администрация|"
    r"залогодержател[ьи]|уполномоченн(?:ый|ая|ое|ые)|должностн(?:ое|ые) лиц[оа]|правительство|[её]го представител[ьи])|"
    r"(?P<person>потребител[ьи]|работник[и]?|граждан(?:ин|е)|покупател[ьи]|собственники?|нанимател[ьи]|арендаторы?|"
    r"заказчики?|пассажиры?|супруги?|родител[ьи]|наследники?|истцы|истец|заявител[ьи]|водител[ьи]|страховател[ьи]|"
    r"вкладчики?|потерпевш(?:ий|ая|ие)|лиц[оа]|члены?|женщин[аы]|инвалиды?|ребенок|дети|должник|каждый))\b",
    re.IGNORECASE,
)


@lru_cache(1_024)  # texts of some ten answers, about 6 MB
def stems(text: str) -> frozenset[str]:
    """Stems of a text's words and the beginnings of long ones («задерж*»); numbers as they are."""
    found = {stem(word) for word in tokens(text)}
    return frozenset(found | {_beginning(s) for s in found if len(s) >= ROOT})


def _beginning(long: str) -> str:
    return long[:ROOT] + "*"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the composer reads it: for each of its words the stems that answer to it, and what they count."""

    words: tuple[dict[str, float], ...]
    broad: bool
    asks_figure: bool
    asks_right: bool
    named: tuple[Reference, ...] = ()  # articles that it names by number


def read(question: str) -> Question:
    """Words without weight («можно», «расскажи») are left out."""
    folded = fold(question)
    words = dict.fromkeys(w for w in tokens(question) if w not in STOP_WORDS)
    return Question(
        words=tuple(_variants(word) for word in words),
        broad=_BROAD.search(folded) is not None,
        asks_figure=_ASKS_FIGURE.search(folded) is not None,
        asks_right=_ASKS_RIGHT.search(folded) is not None,
        named=tuple(find_references(question)),
    )


def _variants(word: str) -> dict[str, float]:
    own = terms(word)
    legal = {t: SYNONYM_WORTH for o in own for t in LEGAL_WORDS.get(o, ())}
    related = {_beginning(o): RELATED_WORTH for o in own if len(o) >= ROOT}
    related |= {o[2:]: RELATED_WORTH for o in own if o.startswith("не") and len(o) >= LONG_NEGATION}
    return legal | related | dict.fromkeys(own, 1.0)


class Rarity:
    """What a stem is worth among the texts that were found: rare blocks make it telling, rare articles more so."""

    def __init__(self, articles: Sequence[Sequence[frozenset[str]]]) -> None:
        """`articles`: the stems of the blocks of each."""
        self._articles = len(articles)
        self._blocks = sum(map(len, articles))
        self._in_articles = Counter(t for blocks in articles for t in frozenset().union(*blocks))
        self._in_blocks = Counter(t for blocks in articles for there in blocks for t in there)

    def worth(self, term: str) -> float:
        by_block = math.log(1 + self._blocks / (1 + self._in_blocks[term]))
        return by_block * (0.5 + math.log(1 + self._articles / (1 + self._in_articles[term])))


def score(question: Question, rarity: Rarity, text: str, guide: frozenset[str] = frozenset()) -> float:
    """How far a text bears on the question. `guide`: words of what the article gives people, a faint hint."""
    there = stems(text)
    points = sum(_best(word, rarity, there) for word in question.words)
    points += 0.05 * sum(rarity.worth(t) for t in there & guide)
    if question.asks_figure and _ABOUT_FIGURE.search(text):
        points *= 1.6 if _FIGURE.search(text) else 1.15
    if question.asks_right and _HAS_RIGHT.search(text):
        points *= 1.45 if gives_right(text) else 1.15
    return points / (0.6 + 0.4 * min(len(text), 4 * USUAL_LENGTH) / USUAL_LENGTH)


def coverage(question: Question, rarity: Rarity, text: str) -> float:
    """The share of the question's weight that a text has, 0 to 1."""
    there = stems(text)
    weights = [max(rarity.worth(term) for term in word) for word in question.words]
    found = sum(min(_best(word, rarity, there), weight) for word, weight in zip(question.words, weights, strict=True))
    return found / (sum(weights) or 1.0)


def reach(question: Question, text: str) -> float:
    """The share of the question's words that a text has, all of them equal, 0 to 1.

    Unlike `coverage` it is comparable between questions: search finds texts by the words that they
    have, which are therefore never rare among what it found.
    """
    there = stems(text)
    found = (max((share for term, share in word.items() if term in there), default=0.0) for word in question.words)
    return sum(found) / (len(question.words) or 1)


def share_known(question: Question, text: str) -> float:
    """The share of the question's words that a text has in any form, the law's included, 0 to 1."""
    there = stems(text)
    return sum(not there.isdisjoint(word) for word in question.words) / (len(question.words) or 1)


def _best(word: dict[str, float], rarity: Rarity, there: frozenset[str]) -> float:
    return max((share * rarity.worth(term) for term, share in word.items() if term in there), default=0.0)


def gives_right(text: str) -> bool:
    """Whether a text says what a person, not the other side, may do."""
    return any(is_about_person(text, match.start()) for match in _MAY.finditer(text))


def is_about_person(text: str, position: int) -> bool:
    """Whether the last one named before `position`, in the same sentence, is a person."""
    start = max(text.rfind(stop, 0, position) for stop in (". ", "; ", "\n")) + 1
    actors = list(_WHO.finditer(text, start, position))
    return bool(actors) and actors[-1]["person"] is not None


def best_window(question: Question, rarity: Rarity, pieces: Sequence[str], room: int) -> tuple[int, int]:
    """The run of neighbouring pieces that bears on the question most and has at most `room` characters."""
    best, found = -1.0, (0, 1)
    for first in range(len(pieces)):
        length, last = 0, first
        while last < len(pieces) and (last == first or length + len(pieces[last]) <= room):
            length += len(pieces[last]) + 1
            last += 1
        value = score(question, rarity, " ".join(pieces[first:last]))
        if value > best:
            best, found = value, (first, last)
    return found
