"""Acts that a text names: «Трудового кодекса», «ЗоЗПП», «Закон № 2300-1», «ФЗ-59». Pure, linear time."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from ..russian import fold, stem, tokens
from .acts import KNOWN

# What people say beside the names in the registry.
_NICKNAMES = {
    "zozpp": ("Закон о правах потребителя", "Закон о защите потребителей", "Закон о потребителях"),
    "koap": ("Административный кодекс", "Кодекс административных правонарушений"),
    "tk": ("Кодекс о труде",),
    "gpk": ("Гражданско-процессуальный кодекс",),
}
# Two letters that more often mean something else: управляющая компания, жилой комплекс, личный кабинет…
_AMBIGUOUS = frozenset(["ук", "жк", "вк", "лк", "бк", "зк", "ск"])
_STATE = frozenset(map(stem, ("РФ", "России", "Российской", "Федерации")))
_OTHER_STATES = frozenset(
    stem(word)
    for word in tokens(
        "Республики РБ РК Беларуси Белоруссии Казахстана Узбекистана Украины Армении Азербайджана Грузии Киргизии "
        "Кыргызстана Таджикистана Туркменистана Молдовы Латвии Литвы Эстонии Германии Франции США Китая Италии Испании"
    )
)
_TITLE_OPENERS = frozenset(map(stem, ("закон", "фз", "рф", "федерации")))  # «Закон РФ О защите…»

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s«»\"„“”()\-–]*")  # what may stand between the words of one name
_QUOTE = re.compile(r"[«\"„“]\s*$")
_NUMBER = re.compile(
    r"(?<![\w.-])(?:(?P<plain>\d{1,5})\s{0,2}[-–]?\s{0,2}(?P<kind>ф?кз|фз)|(?P<old>\d{3,5}-[1i])"
    r"|фз\s{0,2}[-–№n]{0,2}\s{0,2}(?P<after>\d{1,5}(?:-1)?))(?![\w-])",
    re.IGNORECASE,
)
_ARTICLE_BEFORE = re.compile(r"(?:ст|стать\w{1,3}|п|пункт\w{0,2}|ч|част\w{1,2})\.?\s{0,3}$", re.IGNORECASE)
_DAY = re.compile(r"(\d{1,2})[.\s](\d{1,2}|[а-я]+)[.\s](\d{4})", re.IGNORECASE)
_MONTHS = ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"]
_DATE_WINDOW = 45  # characters before a number in which its date stands: «от 31 июля 1998 г. № »


@dataclass(frozen=True, slots=True)
class Mention:
    """An act named at `text[start:end]`. `sure` is false for two letters that may mean another thing."""

    act: str
    start: int
    end: int
    sure: bool = True
    abbreviation: bool = False


@dataclass(slots=True)
class _Node:
    """A node of the tree of names; an edge is the stem of a word."""

    next: dict[str, _Node] = field(default_factory=dict)
    act: str = ""
    abbreviation: bool = False
    title: bool = False  # «О защите прав потребителей»: a name only after «Закон» or a quotation mark


def find_mentions(text: str) -> list[Mention]:
    """Acts in the order in which they are named; the longest name wins; other states' acts are left out."""
    words = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    found = sorted((*_by_name(text, words), *_by_number(text)), key=lambda m: (m.start, -m.end))
    return list(_merged(text, found))


def _by_name(text: str, words: list[tuple[int, int]]) -> Iterator[Mention]:
    position = 0
    while position < len(words):
        last, node = _longest(text, words, position)
        if node is not None:
            end, ours, state = _state_after(text, words, last)
            if ours:
                yield _mention(text, words[position][0], end, node, state)
            position = last
        position += 1


def _longest(text: str, words: list[tuple[int, int]], first: int) -> tuple[int, _Node | None]:
    """The longest name that begins at the word: index of its last word and its node."""
    node, best, last = _names(), None, first
    for index in range(first, len(words)):
        start, end = words[index]
        if index > first and not _BETWEEN.fullmatch(text, words[index - 1][1], start):
            break
        if end - start > 30 or (index == first and fold(text[start : min(start + 2, end)]) not in _openings()):
            break
        following = node.next.get(stem(text[start:end]))
        if following is None:
            break
        node = following
        if node.act and (not node.title or _opens_title(text, words, first)):
            best, last = node, index
    return last, best


def _opens_title(text: str, words: list[tuple[int, int]], first: int) -> bool:
    start = words[first][0]
    if _QUOTE.search(text, max(0, start - 3), start):
        return True
    return first > 0 and stem(text[slice(*words[first - 1])]) in _TITLE_OPENERS


def _state_after(text: str, words: list[tuple[int, int]], last: int) -> tuple[int, bool, bool]:
    """Where the name ends with its «РФ», whether it is this state's act, and whether the state was named."""
    end, named = words[last][1], False
    for start, stop in words[last + 1 : last + 3]:
        word = stem(text[start:stop])
        if not _BETWEEN.fullmatch(text, end, start):
            break
        if word in _OTHER_STATES:
            return end, False, True
        if word not in _STATE:
            break
        end, named = stop, True
    return end, True, named


def _mention(text: str, start: int, end: int, node: _Node, state: bool) -> Mention:
    sure = state or not node.abbreviation or fold(text[start:end]) not in _AMBIGUOUS
    return Mention(node.act, start, end, sure, node.abbreviation)


def _by_number(text: str) -> Iterator[Mention]:
    for match in numbers_in(text):
        act = _choose(_candidates(match), text[max(0, match.start() - _DATE_WINDOW) : match.start()])
        if act:
            yield Mention(act, match.start(), match.end())


def numbers_in(text: str) -> Iterator[re.Match[str]]:
    """Numbers of federal laws as they are printed; «ст. 15 ФЗ» is the number of an article."""
    for match in _NUMBER.finditer(text):
        joined = not match["plain"] or any(dash in match[0] for dash in "-–")
        if joined or not _ARTICLE_BEFORE.search(text, max(0, match.start() - 12), match.start()):
            yield match


def is_known_number(match: re.Match[str]) -> bool:
    """Whether any act of the registry has the number that `numbers_in` found."""
    return bool(_candidates(match))


def _candidates(match: re.Match[str]) -> dict[dt.date, str]:
    number = match["old"] or match["after"] or match["plain"]
    kind = (match["kind"] or "фз").upper()
    return _numbers().get(number.replace("i", "1").replace("I", "1")) or _numbers().get(f"{number}-{kind}") or {}


def _choose(candidates: dict[dt.date, str], before: str) -> str | None:
    """The act of this number: by its date where one is written, else only when no other act has the number."""
    for day in reversed(_DAY.findall(before)):
        return candidates.get(_date(*day) or dt.date.min)
    acts = set(candidates.values())
    return acts.pop() if len(acts) == 1 else None


def _date(day: str, month: str, year: str) -> dt.date | None:
    number = int(month) if month.isdigit() else next((i for i, m in enumerate(_MONTHS, 1) if fold(month)[:3] == m), 0)
    try:
        return dt.date(int(year), number, int(day))
    except ValueError:
        return None


def _merged(text: str, found: Iterable[Mention]) -> Iterator[Mention]:
    """«Закон № 2300-1 «О защите прав потребителей»» is one mention; what lies inside another is dropped."""
    previous: Mention | None = None
    for mention in found:
        if previous is None:
            previous = mention
        elif mention.start < previous.end:
            continue
        elif mention.act == previous.act and _BETWEEN.fullmatch(text, previous.end, mention.start):
            previous = replace(previous, end=mention.end, sure=True)
        else:
            yield previous
            previous = mention
    if previous is not None:
        yield previous


@cache
def _names() -> _Node:
    root = _Node()
    for act in KNOWN:
        for name in (act.short, act.title, *_NICKNAMES.get(act.id, ())):
            _add(root, name, act.id)
        for name in act.abbreviations:
            _add(root, name, act.id, abbreviation=True)
    return root


def _add(root: _Node, name: str, act: str, *, abbreviation: bool = False) -> None:
    node = root
    words = [stem(word) for word in _WORD.findall(name)]
    for word in words:
        node = node.next.setdefault(word, _Node())
    if not node.act:
        node.act, node.abbreviation, node.title = act, abbreviation, words[0] in {"о", "об"}


@cache
def _openings() -> frozenset[str]:
    """First two letters of all names: most words of a text are passed over without being stemmed."""
    return frozenset(word[:2] for word in _names().next)


@cache
def _numbers() -> dict[str, dict[dt.date, str]]:
    numbers: dict[str, dict[dt.date, str]] = defaultdict(dict)
    for act in KNOWN:
        for document in act.documents:
            if document.number:
                numbers[document.number][document.date] = act.id
    return numbers
