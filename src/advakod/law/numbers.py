"""Numbers of articles, parts and points, as they are printed and as they are stored.

Normalised numbers use a dot for what is printed as a superscript: 312¹ is 312.1, never 3121;
`348.11-1`, `5.61.1` and `19.7.5-1` stay. Letters are lower case without quotes: «а».
"""

from __future__ import annotations

import re

from .model import Kind

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUPERSCRIPT_RUN = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹][⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*")
_DASHES = re.compile(r"\s*[-‐‑‒–—−]\s*")
NUMBER = r"\d{1,4}(?:\.\d{1,3})*(?:-\d{1,3})*"
"""A normalised number with digits, for use inside other expressions."""

_INSERTED = re.compile(r"\((\d{1,3})\)")  # the Government's acts write «5(1)»
_NUMBER = re.compile(NUMBER)
_LETTER = re.compile(r"[а-яё]{1,2}(?:[.-]\d{1,2})?")
_ROMAN = re.compile(r"[IVXLCDM]+")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_QUOTES = str.maketrans("", "", "«»\"'“”„ \u00a0")
# Every letter that numbers a point has spelling of its own, so that an address names one point.
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a,b,v,g,d,e,jo,zh,z,i,j,k,l,m,n,o,p,r,s,t,u,f,h,c,ch,sh,shh,qh,y,qj,eh,ju,ja".split(","),
        strict=True,
    )
)


def dotted(text: str) -> str:
    """Superscript digits that follow a digit as a dotted number; others («м²») stay."""
    if not _SUPERSCRIPT_RUN.search(text):
        return text
    return _SUPERSCRIPT_RUN.sub(_dot, text)


def _dot(match: re.Match[str]) -> str:
    before = match.string[match.start() - 1] if match.start() else ""
    run = match.group()
    return "." + run.translate(_SUPERSCRIPTS) if before.isascii() and before.isdigit() else run


def normalise(written: str) -> str | None:
    """The stored form of a number as someone wrote it; None when it is not a number.

    Takes «312¹», «312.1», «ст. 312.1» without its word, «18–1», «348.11 - 1», «А», «"б"». Idempotent.
    """
    text = _DASHES.sub("-", _INSERTED.sub(r".\1", dotted(written.translate(_QUOTES)))).rstrip(".)").lower()
    if _NUMBER.fullmatch(text):
        pieces = re.split(r"([.-])", text)
        return "".join(p if p in ".-" else str(int(p)) for p in pieces)
    return text if _LETTER.fullmatch(text) else None


def sort_key(number: str) -> tuple[tuple[int, int | str], ...]:
    """Orders normalised numbers as codes print them: 18 < 18-1 < 18.1 < 18.2 < 18.10 < 19 < а < б."""
    if not number[:1].isdigit():
        return ((2, number),)
    pieces = re.split(r"([.-])", number)
    separators = [".", *pieces[1::2]]
    return tuple((int(sep == "."), int(n)) for sep, n in zip(separators, pieces[::2], strict=True))


def roman(written: str) -> str | None:
    """«IV» as «4»; None when it is not a Roman number."""
    if not _ROMAN.fullmatch(written):
        return None
    values = [_ROMAN_VALUES[c] for c in written]
    total = sum(-v if v < following else v for v, following in zip(values, [*values[1:], 0], strict=True))
    return str(total)


def segment(kind: Kind, number: str) -> str:
    """A segment of an address: `st312.1`, `ppa` for «а». Different numbers give different segments."""
    return kind.value + "".join(_LATIN.get(c, c) for c in number)
