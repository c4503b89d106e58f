"""Plain text: hard-wrapped or not, with mixed line ends, into lines that are whole paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .labels import heading_of, label_of
from .paragraphs import NOTE_START

_HEADING = re.compile(r"\s*(?:Статья|Глава|ГЛАВА|Раздел|РАЗДЕЛ|§)\s*[\dIVXLC]")
_WRAP_LIMIT = 100  # characters; hard-wrapped texts are 60–80 wide, paragraphs on one line are longer
_FULL = 0.75  # of the longest lines' length; most lines of a hard-wrapped text reach it
_NOTE_LINES = 200  # a header's list of changes may run over this many lines, an unclosed bracket must not eat more


def lines_of(text: str, *, wrapped: bool | None = None) -> list[str]:
    """Paragraphs in reading order, each on one line; empty lines stay. CRLF, CR and LF may be mixed.

    `wrapped` says whether lines are broken at a width; by default that is seen from their lengths.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    lines = [line.rstrip().expandtabs(4) for line in lines]
    wrapped = _is_wrapped(lines) if wrapped is None else wrapped
    return list(_unwrapped(lines) if wrapped else _notes_joined(lines))


def _is_wrapped(lines: list[str]) -> bool:
    written = sorted(len(line) for line in lines if line.strip())
    if len(written) <= 20 or sum(n > _WRAP_LIMIT for n in written) * 50 >= len(written):
        return False
    longest = written[len(written) * 95 // 100]  # short paragraphs of many lengths are not a wrapped text
    return sum(n >= _FULL * longest for n in written) * 2 > len(written)


def _notes_joined(lines: list[str]) -> Iterator[str]:
    """A line is a paragraph, but a note's bracket may close, and a chapter's name in capitals end, on a later line."""
    paragraph, joined = "", 0
    for line in lines:
        goes_on = bool(line) and (_unclosed(paragraph) or _heading_goes_on(paragraph, line))
        if goes_on and joined < _NOTE_LINES:
            paragraph, joined = join(paragraph, line.strip()), joined + 1
        else:
            yield paragraph
            paragraph, joined = line.strip(), 0
    yield paragraph


def _unclosed(paragraph: str) -> bool:
    return paragraph.startswith("(") and bool(NOTE_START.match(paragraph)) and _open(paragraph)


def _heading_goes_on(heading: str, line: str) -> bool:
    return line.isupper() and line[0] != " " and heading.startswith(("Глава ", "Раздел ", "ГЛАВА ", "РАЗДЕЛ "))


def _unwrapped(lines: list[str]) -> Iterator[str]:
    """Joins hard-wrapped lines. An indented line starts a paragraph where the text uses indents at all."""
    indented = sum(line.startswith(" ") for line in lines if line)
    uses_indents = indented * 20 > sum(1 for line in lines if line)
    paragraph, indent = "", 0
    for line in lines:
        if not line or _starts(line, paragraph, indent, uses_indents=uses_indents):
            yield paragraph
            paragraph, indent = line.strip(), _indent(line)
        else:
            paragraph = join(paragraph, line.strip())
    yield paragraph


def _starts(line: str, paragraph: str, indent: int, *, uses_indents: bool) -> bool:
    if NOTE_START.match(line) or (NOTE_START.match(paragraph) and not _open(paragraph)):
        return True
    if _unclosed(paragraph):
        return False
    if not uses_indents:
        return heading_of(line) is not None or label_of(line) is not None
    if not line.startswith(" "):
        return False
    # The second line of an article's heading is indented further than the first.
    return not (_HEADING.match(paragraph) and (_indent(line) > indent or _heading_goes_on(paragraph, line.strip())))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def join(before: str, after: str) -> str:
    """Two lines of one paragraph. A hyphen at the end belongs to the word: «250-» and «ФЗ» are «250-ФЗ»."""
    if not before or not after:
        return before or after
    glue = "" if before[-1] == "-" and before[-2:-1].isalnum() else " "
    return f"{before}{glue}{after}"


def _open(text: str) -> bool:
    return text.count("(") > text.count(")")
