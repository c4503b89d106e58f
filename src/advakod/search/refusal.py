"""Whether what was found answers the question: a first measure, by the words they share.

A question is left unanswered when it asks about another state's law, when the best articles are
strangers to the words that carry it, or when they are half strangers and it is the very subject of
a known act that is not loaded. Thresholds are tuned on the development questions: of those that the
corpus answers one in ten is refused, of those that are not about law four in five.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from ..law.acts import KNOWN
from ..russian import fold, stem, tokens
from ..russian.morphology import terms
from .model import NoticeCode
from .query import Question
from .snapshot import Snapshot

JUDGED = 3  # best articles looked at
USUAL_COVERAGE = 0.2  # share of a question's weight that the best articles have; the middle of everyday questions
USUAL_LIKENESS = 0.38  # of the best profile; the same
LEAST = 1.7  # coverage and score together, in usual units, of a question that is answered
STEEPNESS = 2.0  # of confidence around LEAST
STRANGE = 0.1  # coverage below which a refused question may be not about law at all
FOREIGN_TO_LOADED = 0.45  # coverage below which the subject of an absent act is taken to be its own

# «в Грузии», «по закону Беларуси»; not «в Грузию», «из Китая»: those are about this state's law.
_STATES = (
    "австрии австралии азербайджан[ае] албании алжир[ае] англии аргентин[еы] армении афганистан[ае] "
    "бангладеш белоруссии беларуси бельгии болгарии бразилии британии великобритании венгрии вьетнам[ае] германии "
    "голландии греции грузии дании египт[ае] израил[яе] индии индонезии иордании ирак[ае] иран[ае] ирландии исландии "
    "испании италии казахстан[ае] канад[еы] кипр[ае] киргизии кыргызстан[ае] кита[ея] корее кореи латвии литв[еы] "
    "люксембург[ае] македонии малайзии мальт[еы] мексик[еи] молдавии молдов[еы] монголии нидерланд(?:ов|ах) норвегии "
    "оаэ эмират(?:ах|ов) пакистан[ае] польш[еи] португалии румынии сербии сингапур[ае] словакии словении сша "
    "таджикистан[ае] таиланд[ае] туниса туркменистан[ае] турции узбекистан[ае] украин[еы] финляндии "
    "франции хорватии черногории чехии чили швейцарии швеции эстонии японии рб рк"
)
_REPUBLIC = r"республик[аеи]\s+(?:беларусь|казахстан|узбекистан|армения|молдова|таджикистан|кыргызстан)"
_FOREIGN = re.compile(rf"(?:(?P<before>[а-я]+)\s+)?\b(?:{'|'.join(_STATES.split())}|{_REPUBLIC})\b")
_NOT_A_SUBJECT = frozenset("о об закон кодекс правила основы законодательства и в".split())
_OURS = re.compile(r"\b(?:росси[а-я]*|рф|российск[а-я]*)\b")
_NOT_ABOUT = re.compile(r"из|от|до|для|с|со|у|к|граждан[а-я]*|уроженец|уроженк[а-я]*|паспорт[а-я]*|виза|виз[уыой]*")
# To call somebody's trouble no matter of law is worse than to call small talk not found: these alone decide.
_SMALL_TALK = frozenset(
    stem(word)
    for word in tokens(
        "погода погоду прогноз рецепт борщ суп салат пирог стих стихи стихотворение анекдот шутка песня песню сказка "
        "гороскоп калория калорий похудеть переведи придумай сочини нарисуй промпт роутер вайфай смартфон футбол матч "
        "чемпионат фильм сериал игра юмор болит юбилей щенок щенка кличка двигатель планета столица привет приветик "
        "салют хай пока"
    )
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` is set when the question should be refused."""

    confidence: float
    reason: NoticeCode | None = None
    absent: tuple[str, ...] = ()  # acts that would answer it


def is_foreign(text: str) -> bool:
    """Whether another state's law is asked about. Mentioning this state as well makes it ours."""
    folded = fold(text)
    if _OURS.search(folded):
        return False
    return any(not _NOT_ABOUT.fullmatch(m["before"] or "") for m in _FOREIGN.finditer(folded))


def judge(text: str, question: Question, snapshot: Snapshot, likeness: float, texts: Iterable[str]) -> Judgement:
    """Judge a question by how like it the best profile is, and by the texts of the best articles."""
    if is_foreign(text):
        return Judgement(0.0, NoticeCode.FOREIGN)
    weights = _weights(question.words, snapshot)
    coverage = sum(_coverage(weights, candidate) for candidate in texts) / JUDGED  # fewer is a bad sign too
    score = likeness / USUAL_LIKENESS
    confidence = 1 / (1 + math.exp(STEEPNESS * (LEAST - coverage / USUAL_COVERAGE - score)))
    if confidence < 0.5:
        small_talk = coverage < STRANGE and not _SMALL_TALK.isdisjoint(map(stem, question.words))
        return Judgement(confidence, NoticeCode.NOT_LAW if small_talk else NoticeCode.NOT_FOUND)
    absent = subjects(question.words, snapshot.manifest.acts) if coverage < FOREIGN_TO_LOADED else []
    if absent:
        return Judgement(min(confidence, 0.49), NoticeCode.ACT_NOT_LOADED, tuple(absent))
    return Judgement(confidence)


def subjects(words: Iterable[str], loaded: set[str]) -> list[str]:
    """Known acts, not loaded, whose name is all in the question: «электронную подпись», «ветеран»."""
    asked = {term for word in words for term in terms(word)}
    return [act for act, name in _names().items() if act not in loaded and all(asked & word for word in name)]


@cache
def _names() -> dict[str, list[set[str]]]:
    names = {act.id: [set(terms(w)) for w in tokens(act.short) if w not in _NOT_A_SUBJECT] for act in KNOWN}
    return {act: name for act, name in names.items() if name}


def _weights(words: Iterable[str], snapshot: Snapshot) -> dict[str, float]:
    """What each word is worth: the rarer in the acts, the more; a word that no act has is worth most."""
    return {word: math.log(1 + snapshot.passages / (1 + snapshot.frequency(terms(word)))) for word in words}


def _coverage(weights: dict[str, float], text: str) -> float:
    """The share of the question's weight that the text has."""
    there = _terms_in(text)
    found = sum(weight for word, weight in weights.items() if not there.isdisjoint(terms(word)))
    return found / (sum(weights.values()) or 1.0)


@lru_cache(maxsize=512)  # the articles that people ask for are few; about 10 KB each
def _terms_in(text: str) -> frozenset[str]:
    return frozenset(term for word in set(tokens(text)) for term in terms(word))
