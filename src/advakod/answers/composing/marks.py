"""How a block's text is set in Markdown: its marks, its references, its hyphens. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Block

_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2}(?:-\d{1,2})?)\)\s*")
_LETTER = re.compile(r"[а-яё](?:\.\d)?\)")
_SANCTION = re.compile(r"\s+[-–—]\s+(?=(?:влеч[её]т|влекут|наказыва[ею]тся)\b)")
_OPEN_END = re.compile(r"[\s,;]*[-–—]$")
UNDER_NUMBER = "   "  # what Markdown wants before an item below «1) »


def with_reference(sentence: str, reference: str) -> str:
    """«… вправе (п. 1 ст. 18 ЗоЗПП) [1]:»: the reference belongs to its sentence."""
    stop = sentence[-1:] if sentence[-1:] in ".:;" else ""
    return f"{sentence[: len(sentence) - len(stop)]} {reference}{stop}"


def without_hyphen(sentence: str) -> str:
    """«…, - влечет наложение штрафа» with a dash, as it is read."""
    return _OPEN_END.sub("", _SANCTION.sub(" — ", sentence))


def items_of(block: Block) -> Iterator[str]:
    """Lines of a list, each with one mark: its number where these run on without a gap, else a dash.

    Markdown counts by itself from the first number on, so that numbers with gaps would come out wrong.
    """
    found = [_NUMBER.match(item) for item in block.items]
    counted = [match[1] for match in found if match]
    in_order = bool(counted) and counted == [str(n) for n in range(1, len(counted) + 1)]
    for item, match in zip(block.items, found, strict=True):
        text = without_hyphen(item)
        if _LETTER.match(item):
            yield f"{UNDER_NUMBER if counted else ''}- {text}"
        elif match:
            yield text if in_order else f"- {text[match.end() :]}"
        else:
            yield f"{UNDER_NUMBER if in_order else ''}- {text}"
