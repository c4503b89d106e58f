"""Whether what was found answers the question: a first measure, by the words they share.

A question is left unanswered when it asks about another state's law, or when the words that carry
it are strangers to every article found. Thresholds are tuned on the development questions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..russian import fold, tokens
from ..russian.morphology import terms
from .fields import SEARCHED
from .model import NoticeCode
from .query import Question
from .snapshot import Snapshot

# Below this share of its weight found in the best article, a question is not a matter of what is loaded.
LEAST_COVERAGE = 0.3
JUDGED = 3  # best articles looked at

# «в Грузии», «по закону Беларуси»; not «в Грузию», «из Китая»: those are about this state's law.
_STATES = (
    "австрии австралии азербайджане? азербайджана албании алжир[ае] англии аргентин[еы] армении афганистан[ае] "
    "бангладеш[ае]? белоруссии беларуси бельгии болгарии бразилии британии великобритании венгрии вьетнам[ае] германии "
    "голландии греции грузии дании египт[ае] израил[яе] индии индонезии иордании ирак[ае] иран[ае] ирландии исландии "
    "испании италии казахстан[ае] канад[еы] кипр[ае] киргизии кыргызстан[ае] кита[ея] корее кореи латвии литв[еы] "
    "люксембург[ае] македонии малайзии мальт[еы] мексик[еи] молдавии молдов[еы] монголии нидерланд(?:ов|ах) норвегии "
    "оаэ эмират(?:ах|ов) пакистан[ае] польш[еи] португалии румынии сербии сингапур[ае] словакии словении сша "
    "таджикистан[ае] таиланд[ае] туниса туркменистан[ае] туркменистана турции узбекистан[ае] украин[еы] финляндии "
    "франции хорватии черногории чехии чили швейцарии швеции эстонии японии рб рк"
)
_FOREIGN = re.compile(rf"(?:(?P<before>[а-я]+)\s+)?\b(?:{'|'.join(_STATES.split())})\b")
_OURS = re.compile(r"\b(?:росси[а-я]*|рф|российск[а-я]*)\b")
_NOT_ABOUT = re.compile(r"из|от|до|для|с|со|у|к|граждан[а-я]*|уроженец|уроженк[а-я]*|паспорт[а-я]*|виза|виз[уыой]*")


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` is set when the question should be refused."""

    confidence: float
    reason: NoticeCode | None = None


def is_foreign(text: str) -> bool:
    """Whether another state's law is asked about. Mentioning this state as well makes it ours."""
    folded = fold(text)
    if _OURS.search(folded):
        return False
    return any(not _NOT_ABOUT.fullmatch(m["before"] or "") for m in _FOREIGN.finditer(folded))


def judge(text: str, question: Question, snapshot: Snapshot, texts: Iterable[str]) -> Judgement:
    """Judge a question by the texts of the best articles."""
    if is_foreign(text):
        return Judgement(0.0, NoticeCode.FOREIGN)
    weights = _weights(question.words, snapshot)
    best = max((_coverage(weights, candidate) for candidate in texts), default=0.0)
    return Judgement(best, None if best >= LEAST_COVERAGE else NoticeCode.NOT_FOUND)


def _weights(words: Iterable[str], snapshot: Snapshot) -> dict[str, float]:
    """What each word is worth: the rarer in the acts, the more; a word that no act has is worth most."""
    frequencies = {word: max(snapshot.frequency(SEARCHED, term) for term in terms(word)) for word in words}
    return {word: math.log(1 + snapshot.passages / (1 + n)) for word, n in frequencies.items()}


def _coverage(weights: dict[str, float], text: str) -> float:
    """The share of the question's weight that the text has."""
    there = {term for word in set(tokens(text)) for term in terms(word)}
    found = sum(weight for word, weight in weights.items() if not there.isdisjoint(terms(word)))
    return found / (sum(weights.values()) or 1.0)
