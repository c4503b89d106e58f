"""Sentences of legal Russian: «ст. 18», «т.е.», initials and «1.» at a line's start do not end one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"(?<![.!?…])[.!?…]++[»\")\]]*+(?=\s)|\n")
_WORD_BEFORE = re.compile(r"[^\W_]+$")
_LIST_NUMBER = re.compile(r"(?:\d+(?:\.\d+)*(?:-\d+)?|[а-яёa-z]|[IVXLC]+)")

# Never the last word of a sentence.
_ABBREVIATIONS = frozenset(
    "ст п пп подп ч гл разд абз е к см ср им ред ул пер просп пос дер обл корп стр оф эт тов гр проф "
    "тыс млн млрд прим примеч рис табл утв соотв т ф напр".split()
)
# May be the last one: a sentence ends there when the next begins with a capital Russian letter.
_EITHER = frozenset("д др пр руб коп гг".split())
_LONGEST_WORD = 16  # characters looked back at; abbreviations are shorter


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, without the white space around it. A line's end ends a sentence.

    Spans do not overlap and go up; every other character of `text` outside them is white space.
    """
    start = 0
    for mark in _END.finditer(text):
        if mark.group() == "\n" or _ends(text, start, mark.start(), mark.end()):
            yield from _trimmed(text, start, mark.end())
            start = mark.end()
    yield from _trimmed(text, start, len(text))


def sentences(text: str) -> list[str]:
    """The sentences themselves, each a verbatim piece of `text`."""
    return [text[start:end] for start, end in sentence_spans(text)]


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _ends(text: str, start: int, mark: int, end: int) -> bool:
    # CASE 1: «…, и т.п. товары»: a sentence does not begin with a small letter.
    following = _next_letter(text, end)
    if following.islower():
        return False
    # CASE 2: «Что это?»
    if text[mark] != ".":
        return True
    # CASE 3: «1. Потребитель вправе», «а. …»: the number of a list's item.
    if mark - start < _LONGEST_WORD and _LIST_NUMBER.fullmatch(text[start:mark].strip()):
        return False
    found = _WORD_BEFORE.search(text, max(start, mark - _LONGEST_WORD), mark)
    return found is None or _word_can_end(text, start, found, following)


def _word_can_end(text: str, start: int, found: re.Match[str], following: str) -> bool:
    word = found.group()
    before = text[max(start, found.start() - 3) : found.start()]
    # CASE 4: «А. С. Пушкин»
    if len(word) == 1 and word.isupper() and word.isalpha():
        return False
    # CASE 5: «2020 г. Закон» ends a sentence, «г. Москва» does not, «2020 г. № 5» neither.
    if word.lower() == "г":
        return before.rstrip()[-1:].isdigit() and following.isupper() and _is_russian(following)
    if word.lower() in _EITHER or (word == "п" and before.endswith("т.")):
        return following.isupper() and _is_russian(following)
    # CASE 6: «ст. 18», «т.е. Продавец»
    return word.lower() not in _ABBREVIATIONS


def _next_letter(text: str, position: int) -> str:
    while position < len(text) and (text[position].isspace() or text[position] in '«"(['):
        position += 1
    return text[position : position + 1]


def _is_russian(letter: str) -> bool:
    return "А" <= letter <= "я" or letter in "Ёё"
