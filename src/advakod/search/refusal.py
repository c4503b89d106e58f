"""Whether what was found answers the question: by profiles, of articles and of subjects that no loaded act answers.

A question is left unanswered when it asks about another state's law, when a subject that is not loaded is nearer than
any article, or when nothing is like it at all.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ..law.guide import Guide, Subject
from ..russian import fold
from .model import NoticeCode
from .snapshot import LEAST_LIKENESS, Matching, Snapshot

# Learnt from the development questions by logistic regression, cross-validated (docs/reference/retrieval.md); the base
# is such that three of a hundred answerable questions are refused.
BASE, LOADED, ABSENT = 3.5, 6.9, -11.8

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
_OURS = re.compile(r"\b(?:росси[а-я]*|рф|российск[а-я]*)\b")
_NOT_ABOUT = re.compile(r"из|от|до|для|с|со|у|к|граждан[а-я]*|уроженец|уроженк[а-я]*|паспорт[а-я]*|виза|виз[уыой]*")


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` is set when the question should be refused."""

    confidence: float
    reason: NoticeCode | None = None
    subject: Subject | None = None  # what would answer it


def is_foreign(text: str) -> bool:
    """Whether another state's law is asked about. Mentioning this state as well makes it ours."""
    folded = fold(text)
    if _OURS.search(folded):
        return False
    return any(not _NOT_ABOUT.fullmatch(m["before"] or "") for m in _FOREIGN.finditer(folded))


def judge(text: str, matching: Matching, guide: Guide, snapshot: Snapshot) -> Judgement:
    """By how like the question are what is loaded, articles and subjects, and the nearest subject that is not."""
    if is_foreign(text):
        return Judgement(0.0, NoticeCode.FOREIGN)
    loaded, absent, subject = matching.likeness, 0.0, None
    for likeness, nearest in _nearest(matching, guide, snapshot):
        if not _is_loaded(nearest, snapshot):
            absent, subject = likeness, nearest
            break
        loaded = max(loaded, likeness)  # an act without entries in the guide is known by its subject
    sure = confidence(loaded, absent)
    if sure >= 0.5:
        return Judgement(sure)
    if subject is None or max(loaded, absent) < LEAST_LIKENESS:
        return Judgement(sure, NoticeCode.NOT_FOUND)
    if not subject.law:
        return Judgement(sure, NoticeCode.NOT_LAW)
    return Judgement(sure, NoticeCode.ACT_NOT_LOADED, subject)


def confidence(loaded: float, absent: float) -> float:
    """Logistic, of the likenesses; none where nothing that is loaded is like the question."""
    return 1 / (1 + math.exp(-(BASE + LOADED * loaded + ABSENT * absent))) if loaded >= LEAST_LIKENESS else 0.0


def _nearest(matching: Matching, guide: Guide, snapshot: Snapshot) -> list[tuple[float, Subject]]:
    """Subjects, the most like the question first; none while an index of another guide serves."""
    if snapshot.manifest.source.guide != guide.fingerprint:
        return []
    return sorted(zip(matching.subjects, guide.subjects, strict=True), key=lambda pair: -pair[0])


def _is_loaded(subject: Subject, snapshot: Snapshot) -> bool:
    there = subject.act in snapshot.manifest.acts
    return there and (not subject.witness or snapshot.has(subject.act, subject.witness))
