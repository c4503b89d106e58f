"""Recognises what a paragraph begins with: a heading's word, a part's number, a note's title."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from ..model import Kind
from ..numbers import NUMBER, normalise, roman


class Level(IntEnum):
    """How deep a printed number stands."""

    NONE = 0
    NUMBER = 1  # «1.», «1.1.»
    BRACKET = 2  # «1)»
    LETTER = 3  # «а)»


@dataclass(frozen=True, slots=True)
class Label:
    """A printed number: «1.» is level NUMBER, number «1»."""

    level: Level
    number: str
    printed: str
    rest: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A container's or an article's heading. `number` is as printed («III.1»), `key` with Arabic digits."""

    kind: Kind
    number: str
    key: str
    title: str


_LABEL = re.compile(rf"(?:({NUMBER}(?:\(\d+\))?)\.|({NUMBER})\)|([а-яё](?:\.\d+)?)\))(?=\s|$|[А-ЯЁ(«\"])\s*")
_ROMAN_NUMBER = r"[IVXLC]+(?:\.\d+)?|\d+(?:\.\d+)*(?:-\d+)?"
_WORDS = {
    "раздел": Kind.SECTION,
    "подраздел": Kind.SUBSECTION,
    "глава": Kind.CHAPTER,
    "параграф": Kind.PARAGRAPH,
    "§": Kind.PARAGRAPH,
    "статья": Kind.ARTICLE,
    "приложение": Kind.APPENDIX,
}
_HEADING = re.compile(
    rf"(Раздел|Подраздел|Глава|Параграф|§)\s*({_ROMAN_NUMBER})(?=[\s.]|$)\s*\.?\s*(.*)", re.IGNORECASE | re.DOTALL
)
_ARTICLE = re.compile(
    rf"(?:Статья|СТАТЬЯ)\s+({NUMBER}|\d+(?:\.\d+)*(?:\s*[-–]\s*\d+)?)\s*(\.|$|\s(?=[А-ЯЁ«\"(]))\s*(.*)", re.DOTALL
)
_APPENDIX = re.compile(
    r"(Приложение|ПРИЛОЖЕНИЕ)(?:\s+(?:[N№]\s*)?(\d+(?:\.\d+)?))?(?:\s*[.:]\s*(.*)|$|\s+(к\s.*))", re.DOTALL
)
_PART_OF_CODE = re.compile(
    r"(?:ЧАСТЬ\s+(ПЕРВАЯ|ВТОРАЯ|ТРЕТЬЯ|ЧЕТВЕРТАЯ|ПЯТАЯ|ШЕСТАЯ)|(ОБЩАЯ|ОСОБЕННАЯ)\s+ЧАСТЬ)\.?", re.IGNORECASE
)
PART_NUMBERS = {
    "первая": 1,
    "вторая": 2,
    "третья": 3,
    "четвертая": 4,
    "пятая": 5,
    "шестая": 6,
    "общая": 1,
    "особенная": 2,
}
_NOTE = re.compile(r"(Примечани[ея])\s*(?:к статье\s*[\d.]+)?\s*([.:]|$|(?=\d))\s*")
_SENTENCE_END = re.compile(r"[.;:,]$")


def label_of(text: str) -> Label | None:
    """The number that a paragraph of an article begins with."""
    match = _LABEL.match(text)
    if match is None:
        return None
    level = Level(match.lastindex or 0)
    number = normalise(match.group(level)) or match.group(level)
    return Label(level, number, match.group().strip(), text[match.end() :])


def note_of(text: str) -> tuple[str, str] | None:
    """«Примечание.» and what follows it."""
    match = _NOTE.match(text)
    return None if match is None else (match.group().strip(), text[match.end() :])


def heading_of(text: str) -> Heading | None:
    """The heading of an article, a chapter, a section, a § or an appendix."""
    if text[:1] not in "СсРрПпГг§":
        return None
    if match := _ARTICLE.match(text):
        number = normalise(match.group(1)) or match.group(1)
        return Heading(Kind.ARTICLE, number, number, match.group(3).strip())
    if match := _HEADING.match(text):
        word, number, title = match.groups()
        return Heading(_WORDS[word.lower()], number, _arabic(number), title.strip())
    if match := _APPENDIX.fullmatch(text):
        number = match.group(2) or ""
        return Heading(Kind.APPENDIX, number, number, (match.group(3) or match.group(4) or "").strip())
    return None


def part_of_code(text: str) -> int:
    """«ЧАСТЬ ВТОРАЯ» is 2, «ОСОБЕННАЯ ЧАСТЬ» is 2; 0 for anything else."""
    match = _PART_OF_CODE.fullmatch(text)
    return PART_NUMBERS[(match.group(1) or match.group(2)).lower()] if match else 0


def looks_like_title(text: str) -> bool:
    """A line that may name what stands under it: short, starts with a capital, does not end as a sentence does."""
    return len(text) < 250 and text[:1].isupper() and not _SENTENCE_END.search(text)


def _arabic(number: str) -> str:
    whole, dot, rest = number.partition(".")
    return (roman(whole) or whole) + dot + rest
