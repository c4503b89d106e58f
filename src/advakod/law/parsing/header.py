"""What stands before an act's first provision and below its last: which act and which edition it is."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .. import acts
from ..acts import KNOWN, KnownAct
from ..model import ActIdentity, ActStatus
from .labels import heading_of, part_of_code
from .paragraphs import Paragraph

_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
_LONG_DATE = re.compile(rf"\b(\d{{1,2}})\s+({'|'.join(_MONTHS)})\s+(\d{{4}})", re.IGNORECASE)
_SHORT_DATE = re.compile(r"\b(\d{2})\.(\d{2})\.(\d{4})\b")
_NUMBER = re.compile(r"(?:^|\s)(?:№|N)\s*(\d+(?:[-–][\dА-ЯЁ]+)*)", re.IGNORECASE)
_CHANGE = re.compile(r"\bот\s+(\d{2})\.(\d{2})\.(\d{4})")
_FRONT = re.compile(
    r"(?:Принят|Одобрен|Государственной Думой|Советом Федерации|Список изменяющих|Утвержден|Введен в действие|"
    r"Москва|Президент|Председатель|\d{1,2} \w+ \d{4}|№|N )",
    re.IGNORECASE,
)
_NOT_A_TITLE = re.compile(
    r"РОССИЙСКАЯ ФЕДЕРАЦИЯ|РОССИЙСКОЙ СОВЕТСКОЙ|РСФСР|(?:ФЕДЕРАЛЬНЫЙ )?ЗАКОН|ПОСТАНОВЛЕНИЕ|УКАЗ|ПРАВИТЕЛЬСТВО.*"
)
_TYPES = (
    (re.compile(r"федеральн\w+ конституционн\w+ закон", re.IGNORECASE), "Федеральный конституционный закон"),
    (re.compile(r"конституция", re.IGNORECASE), acts.CONSTITUTION),
    (re.compile(r"кодекс", re.IGNORECASE), acts.CODE),
    (re.compile(r"федеральный закон", re.IGNORECASE), acts.LAW),
    (re.compile(r"постановлени", re.IGNORECASE), acts.DECREE),
    (re.compile(r"\bуказ\b", re.IGNORECASE), "Указ Президента РФ"),
    (re.compile(r"\bзакон\b", re.IGNORECASE), acts.RF_LAW),
)
_SIGNATURE = re.compile(
    r"(?:Президент|Председатель (?:Правительства|Президиума|Верховного))\b.{0,60}(?:Федерации|РСФСР|СССР)?"
)
_FOOT_LINES = 12  # the signature, the place, the date and the number stand within this many last paragraphs


@dataclass(frozen=True, slots=True)
class Frame:
    """A document's outer parts: `body` is the rest, `preamble` what is law before the first heading."""

    front: tuple[Paragraph, ...]
    preamble: tuple[Paragraph, ...]
    body: tuple[Paragraph, ...]
    foot: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the outer parts say. `act` is None when they do not name an act."""

    act: ActIdentity | None
    edition_date: dt.date | None
    changes: tuple[dt.date, ...]  # every date of the header's list of changes, in order of time


def frame(paragraphs: Sequence[Paragraph], first: int) -> Frame:
    """Cut a document whose first heading (or numbered point) is paragraph `first`."""
    end = foot_start(paragraphs, first)
    start = next((i for i in range(first) if _is_law(paragraphs[i])), first)
    # A note below the preamble's start belongs to it, the list of changes above it to the front.
    return Frame(
        tuple(paragraphs[:start]), tuple(paragraphs[start:first]), tuple(paragraphs[first:end]), tuple(paragraphs[end:])
    )


def recognise(cut: Frame) -> Recognised:
    """Which act and edition this is, from what the document itself says."""
    written = (_date(*m.groups()) for p in cut.front for note in p.notes for m in _CHANGE.finditer(note))
    changes = tuple(sorted({day for day in written if day}))
    act = _act(cut)
    titled = any(p.text for p in cut.front)
    # Without a list of changes a titled text is the original one, of the day it was signed.
    edition = changes[-1] if changes else (act.date if act and titled else None)
    return Recognised(act, edition, changes)


def _act(cut: Frame) -> ActIdentity | None:
    front = [p.text for p in cut.front if p.text]
    foot = [p.text for p in cut.foot]
    text = " ".join(front)
    type_ = next((name for pattern, name in _TYPES if pattern.search(text)), "")
    for lines in (front, foot):
        date, number = _signed(lines)
        known = acts.identify("", date, number)
        if known:
            return known
    named = _named(front) or _self_named(cut)
    if named:
        part = max((part_of_code(line) for line in front), default=0)
        return named.identity(named.document(part))
    date, number = _signed(front) if _signed(front)[1] else _signed(foot)
    title = _title(front)
    if not (number and date) and not (title and type_):
        return None
    status = ActStatus.FOREIGN if acts.FOREIGN_STATES.search(text) else ActStatus.IN_FORCE
    return ActIdentity(acts.slug(type_, date, number, title), type_, title, number, date, status=status)


def _signed(lines: Sequence[str]) -> tuple[dt.date | None, str]:
    """The date and the number that stand beside each other; a date of adoption («Принят …») has no number near it."""
    for i, line in enumerate(lines):
        match = _NUMBER.search(line)
        if match is None:
            continue
        near = [line[: match.start()], lines[i - 1] if i else "", line[match.end() :]]
        date = next((d for text in near if (d := _last_date(text))), None)
        if date is not None:
            return date, match.group(1).replace("–", "-").upper()
    return None, ""


def _last_date(text: str) -> dt.date | None:
    """The last date in words, else the last in figures."""
    long = [_date(day, str(_MONTHS.index(month.lower()) + 1), year) for day, month, year in _LONG_DATE.findall(text)]
    short = [_date(*found) for found in _SHORT_DATE.findall(text)]
    return next((day for days in (long, short) for day in reversed(days) if day), None)


def _named(front: Sequence[str]) -> KnownAct | None:
    """A known act whose title is a line, or two lines together, of the header."""
    lines = [_plain(line) for line in front]
    joined = {*lines, *(f"{a} {b}" for a, b in itertools.pairwise(lines))}
    return next((act for act in KNOWN if any(_plain(name) in joined for name in _titles(act))), None)


def _self_named(cut: Frame) -> KnownAct | None:
    """«Настоящие Правила дорожного движения устанавливают…» at the very beginning."""
    beginning = _plain(" ".join(p.text for p in (*cut.preamble, *cut.body)[:3])[:400])
    return next((act for act in KNOWN if re.search(rf"настоящ\w+ {re.escape(_plain(act.short))}\b", beginning)), None)


def _titles(act: KnownAct) -> tuple[str, ...]:
    return tuple(name for name in (act.title, *act.names) if " " in name)


def _title(front: Sequence[str]) -> str:
    lines = [t for t in front if not _FRONT.match(t) and not _NOT_A_TITLE.fullmatch(t) and not t.startswith("(")]
    title = " ".join(lines)[:500]
    return title[:1] + title[1:].lower() if title.isupper() else title


def _is_law(paragraph: Paragraph) -> bool:
    """A sentence of law, not a line of the header."""
    text = paragraph.text
    return len(text) > 60 and text[-1] in ".;:" and not (_FRONT.match(text) or paragraph.heading or text.isupper())


def foot_start(paragraphs: Sequence[Paragraph], first: int) -> int:
    """Where the signature stands; the end when there is none."""
    begin = max(first, len(paragraphs) - _FOOT_LINES)
    headings = (i for i in range(begin, len(paragraphs)) if heading_of(paragraphs[i].text))
    for i in range(max(headings, default=begin), len(paragraphs)):
        if _SIGNATURE.match(paragraphs[i].text) and len(paragraphs[i].text) < 120:
            return i
    return len(paragraphs)


def _date(day: str, month: str, year: str) -> dt.date | None:
    """None for «31.02.2020»: a slip in the text must not keep the act out."""
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("ё", "е").split())
