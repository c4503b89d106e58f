"""What every layout is first turned into: paragraphs with their amendment notes apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..numbers import dotted

_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\ufeff]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060]")

_UNIT = (
    r"(?:п|пп|ч|ст|гл|абзац|абз|стать[яи]|част[ьи]|пункт|подпункт|глава|раздел|подраздел|параграф|преамбула|"
    r"примечани[ея]|наименование|приложение|сноска|позиция|строка|таблица|название)"
)
_CHANGE = r"(?:в ред\.|в редакции|введен|дополнен|утратил|исключен|действует|вступает|признан)"
NOTE_START = re.compile(
    r"\((?:в ред\.|в редакции|с изм\.|с учетом|дополнени[ея] \w+\s*-|ред\. от|утратил|исключен|"
    rf"{_UNIT}\b[^()]{{0,80}}?{_CHANGE})",
    re.IGNORECASE,
)
_UNIT_HEADING = re.compile(r"(?:Статья|Глава|Раздел) [\dIVXLC]")
_GLUED = re.compile(r"(?<=[А-ЯЁ]{4})(?=Статья \d+(?:\.\d+)*\. [А-ЯЁ])")
EDITORIAL = re.compile(r"(?:КонсультантПлюс|ГАРАНТ)\s*:\s*(?:примечани[ея]|.{0,40}см\.)", re.IGNORECASE)
_SUPPLIER = re.compile(
    r"(?:Документ предоставлен КонсультантПлюс|КонсультантПлюс(?: надежная правовая поддержка)?|"
    r"www\.consultant\.ru|Страница \d+ из \d+|Дата сохранения: [\d.]+|Система ГАРАНТ)[.:]?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the source, its printed number still in `text`.

    Superscript digits are dotted (312.1). `heading` says that the source's own markup calls it a
    heading; `marked` that the source has such markup at all, so that other paragraphs are none.
    """

    text: str
    notes: tuple[str, ...] = ()
    heading: bool = False
    marked: bool = False


def clean(text: str) -> str:
    """One line, single spaces, no invisible characters, superscript numbers dotted; nothing of a ruled line."""
    text = _INVISIBLE.sub("", text) if not text.isascii() else text
    text = _SPACES.sub(" ", text.replace("\r", " ").replace("\n", " ")).strip()
    return dotted(text) if text.strip("_-—=─* ") else ""


def is_note(text: str) -> bool:
    """Whether the whole paragraph is an amendment note in brackets."""
    return text.startswith("(") and NOTE_START.match(text) is not None and text.rstrip(" .;").endswith(")")


def from_lines(lines: Sequence[str]) -> list[Paragraph]:
    """Paragraphs from plain text, one line each: notes set apart, the supplier's own lines dropped.

    An editor's note («КонсультантПлюс: примечание.») runs to the next empty line, or over one paragraph
    where the text has no empty lines.
    """
    found: list[Paragraph] = []
    editorial: list[str] = []
    has_gaps = "" in lines
    for text in map(clean, _unglued(lines)):
        if editorial and (not text or _UNIT_HEADING.match(text) or (len(editorial) > 1 and not has_gaps)):
            found.append(Paragraph("", (" ".join(editorial),)))
            editorial = []
        if not text or _SUPPLIER.fullmatch(text):
            continue
        if editorial or EDITORIAL.match(text):
            editorial.append(text)
        elif is_note(text):
            found.append(Paragraph("", (text,)))
        else:
            found.append(Paragraph(*_split_trailing_notes(text)))
    if editorial:
        found.append(Paragraph("", (" ".join(editorial),)))
    return found


def _unglued(lines: Iterable[str]) -> Iterator[str]:
    """«Раздел II. ОСОБЕННАЯ ЧАСТЬСтатья 5.1. Нарушение…» is two headings that lost the line end between them."""
    for line in lines:
        yield from _GLUED.split(line) if "Статья" in line else (line,)


def _split_trailing_notes(text: str) -> tuple[str, tuple[str, ...]]:
    """Amendment notes at the end of a paragraph, where a source has no markup for them."""
    notes: list[str] = []
    while text.rstrip(" .;").endswith(")"):
        start = _opening(text)
        if start <= 0 or not NOTE_START.match(text, start):
            break
        notes.insert(0, text[start:])
        text = text[:start].rstrip()
    return text, tuple(notes)


def _opening(text: str) -> int:
    """Where the bracket that closes the text was opened; -1 when it was not."""
    depth = 0
    for i in range(text.rindex(")"), -1, -1):
        depth += (text[i] == ")") - (text[i] == "(")
        if depth == 0:
            return i
    return -1
