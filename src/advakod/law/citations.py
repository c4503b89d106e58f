"""References to articles in free text: «п. 1 ст. 18 ЗоЗПП», «ТК РФ, статья 81», «158 ук». Pure, linear time.

A first grammar: it finds what people type. Structural addresses («абзац второй пункта 6») and
references from one article to another are read by the grammar that replaces it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from ..russian import fold, stem, tokens
from .acts import in_points
from .mentions import Mention, find_mentions
from .unknown import Stranger, find_strangers

MOST_STRANGERS = 20  # acts; a text that names more unknown ones is rubbish, and is read in linear time
LONGEST_RANGE = 30  # articles; «ст. 1-1551» is named by its ends alone

# Every repetition is bounded, so that no text makes matching more than linear.
_W = r"\s{0,3}"
_N = r"\d{1,5}(?:\.\d{1,5}){0,4}[¹²³⁰⁴-⁹]{0,3}(?:-\d{1,4}(?!\d))?"
_NOT_COUNTED = rf"(?!{_W}(?:%|дн|раз|лет|год|мес|руб|час|тыс|млн|процент|человек|недел|(?:ч|п|пп)\.))"
_ITEM = rf"{_W}(?:,|;|и|или|либо|до|по|-|–|—){_W}(?:ст\.{_W})?{_N}(?![\w.]?\d){_NOT_COUNTED}"
_ARTICLE = r"(?:стать(?:я|и|е|ю|ей|ёй|ям|ями|ях)|статей|ст\.?\s?ст|ст)(?!\w)\.?"
_UNIT = re.compile(
    rf"(?<!\w)(?:"
    rf"{_ARTICLE}{_W}(?:№{_W})?(?P<article>{_N}(?:{_ITEM})*)"
    rf"|(?<!\.)(?P<ordinal>{_N})(?:{_W}-?{_W}(?:ая|ой|ую|я|й|ю))?\s{{1,3}}{_ARTICLE}"
    rf"|(?:част(?:ь|и|ью|ей|ям|ями)|ч)(?!\w)\.?{_W}(?P<part>{_N}(?:{_ITEM})*)"
    rf"|(?:подпункт\w{{0,3}}|пп|подп)(?!\w)\.?{_W}(?P<subpoint>{_N}|[«\"“]?[а-я][»\"”]?(?!\w))"
    rf"|(?:пункт\w{{0,3}}|п)(?!\w)\.?{_W}(?P<point>{_N}(?:{_ITEM})*|[«\"“]?[а-я][»\"”]?(?!\w))"
    rf")",
    re.IGNORECASE,
)
_LIST_ITEM = re.compile(rf"(?P<dash>[-–—]|до|по)?{_W}(?:ст\.{_W})?(?P<number>{_N})")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SPACE = re.compile(r"[\s,(]*")
_JOIN = re.compile(r"[\s,;]*(?:(?:и|или|либо|а также)\s+)?(?:по\s+)?(?:в\s+)?", re.IGNORECASE)
_BARE_BEFORE = re.compile(rf"(?<![\w.,№-])({_N})(?:{_W}-?{_W}(?:ая|ой|ую|я|й|ю))?\s+$", re.IGNORECASE)
_BARE_AFTER = re.compile(rf"[\s,]{{1,3}}({_N})(?![\w.]*[\w%])")
_WORD = re.compile(r"[^\W_]+")
# Between an article and its act: «ст. 18 Закона РФ от 07.02.1992 № 2300-1».
_FILLERS = frozenset(
    stem(word)
    for word in tokens(
        "фз закон закона федеральный федерального рф российской федерации от г года n кодекса постановления "
        "правительства января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
    )
)
_LONGEST_GAP = 80  # characters between an article and its act
_BARE_WINDOW = 16


@dataclass(frozen=True, slots=True)
class Reference:
    """One article referred to at `text[start:end]`; `act` is None where the text does not tell it.

    For an act without articles («п. 2.7 ПДД») `article` is the number of the point.
    """

    act: str | None
    article: str
    part: str | None
    point: str | None
    start: int
    end: int
    stranger: Stranger | None = None  # the act where the registry does not know it: «ст. 15 ФЗ о связи»


@dataclass(slots=True)
class _Unit:
    """A structural unit as it stands in the text."""

    kind: str  # article | part | point | subpoint
    numbers: list[str]
    start: int
    end: int


@dataclass(slots=True)
class _Found:
    """An article with the units that belong to it, before its act is known."""

    numbers: list[str]
    start: int
    end: int
    part: str | None = None
    point: str | None = None
    act: str | None = None
    stranger: Stranger | None = None


def find_references(text: str, mentions: list[Mention] | None = None) -> list[Reference]:
    """Articles in the order in which they are named; a list or a range gives one reference an article.

    `mentions` are the text's own, for a caller that has them already.
    """
    mentions = find_mentions(text) if mentions is None else mentions
    units = list(_units(text))
    found = _attach(text, units)
    _bind_strangers(text, found, find_strangers(text, mentions))
    _bind(text, [f for f in found if f.stranger is None], mentions)
    found += _points(text, units, found, mentions)
    found += _bare(text, found, mentions)
    found.sort(key=lambda f: f.start)
    return [Reference(f.act, n, f.part, f.point, f.start, f.end, f.stranger) for f in found for n in f.numbers]


def _units(text: str) -> Iterator[_Unit]:
    for match in _UNIT.finditer(text):
        kind = match.lastgroup or ""
        numbers = _numbers(match[kind])
        if numbers:
            yield _Unit("article" if kind == "ordinal" else kind, numbers, match.start(), match.end())


def _numbers(written: str) -> list[str]:
    """«18, 20-22» → 18, 20, 21, 22; «348.11-1» stays one number; «312¹» is 312.1; «"в"» is в."""
    if not written[0].isdigit():
        return [fold(written.strip('«»"“”'))]
    numbers: list[str] = []
    for item in _LIST_ITEM.finditer(written):
        first, dash, last = item["number"].partition("-")
        if dash and not _is_range(first, last):
            first, dash, last = _normal(item["number"]), "", ""
        first = _normal(first)
        numbers += _range(numbers[-1], first)[1:] if item["dash"] and numbers else [first]
        numbers += _range(first, last)[1:] if dash else []
    return numbers


def _is_range(first: str, last: str) -> bool:
    """«18-20» is a range, «348.11-1» and «14-1» are single articles."""
    return "." not in first and first.isdigit() and int(last) > int(first)


def _range(first: str, last: str) -> list[str]:
    head, _, low = first.rpartition(".")
    last_head, _, high = last.rpartition(".")
    if head != last_head or not (low.isdigit() and high.isdigit()) or not 0 < int(high) - int(low) < LONGEST_RANGE:
        return [first, last]
    prefix = f"{head}." if head else ""
    return [f"{prefix}{number}" for number in range(int(low), int(high) + 1)]


def _normal(number: str) -> str:
    plain = number.rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹")
    raised = number[len(plain) :].translate(_SUPERSCRIPT)
    return f"{plain}.{raised}" if raised else plain


def _attach(text: str, units: list[_Unit]) -> list[_Found]:
    """Give each article its parts and points, which stand before it («п. 1 ст. 18») or after («ст. 158 ч. 2»)."""
    found: list[_Found] = []
    waiting: list[_Unit] = []
    for unit in units:
        previous = waiting[-1].end if waiting else found[-1].end if found else 0
        adjacent = _SPACE.fullmatch(text, previous, unit.start) is not None
        if unit.kind == "article":
            own = waiting if waiting and adjacent else []
            if waiting and not own and found:
                _trail(text, found[-1], waiting)
            found.append(_with_units(unit, own))
            waiting = []
        elif adjacent or not waiting:
            waiting.append(unit)
        else:
            if found:
                _trail(text, found[-1], waiting)
            waiting = [unit]
    if waiting and found:
        _trail(text, found[-1], waiting)
    return found


def _trail(text: str, article: _Found, units: list[_Unit]) -> None:
    named = article.part or article.point
    if units and not named and _SPACE.fullmatch(text, article.end, units[0].start):
        _take(article, units)
        article.end = units[-1].end


def _with_units(article: _Unit, units: list[_Unit]) -> _Found:
    found = _Found(article.numbers, units[0].start if units else article.start, article.end)
    _take(found, units)
    return found


def _take(article: _Found, units: list[_Unit]) -> None:
    for unit in units:
        if unit.kind == "part":
            article.part = unit.numbers[0]
        elif unit.kind == "point" or article.point is None:
            article.point = unit.numbers[0]


def _bind_strangers(text: str, found: list[_Found], strangers: list[Stranger]) -> None:
    """«ст. 15 ФЗ о связи», «ФЗ о связи, ст. 15»: an act nobody knows, so that no known one is taken for it."""
    for article, stranger in product(found, strangers) if len(strangers) <= MOST_STRANGERS else ():
        if _fills(text, article.end, stranger.start) or _fills(text, stranger.end, article.start):
            article.stranger = article.stranger or stranger


def _bind(text: str, found: list[_Found], mentions: list[Mention]) -> None:
    """Find each article's act."""
    _bind_beside(text, found, mentions)
    # CASE 3: «ст. 80 и ст. 81 ТК РФ», then «ЗоЗПП ст. 18, ст. 19»
    for here, following in reversed(list(pairwise(found))):
        if here.act is None and _JOIN.fullmatch(text, here.end, following.start):
            here.act = following.act
    for previous, here in pairwise(found):
        if here.act is None and _JOIN.fullmatch(text, previous.end, here.start):
            here.act = previous.act
    # CASE 4: «По ТК… а что со статьёй 81?»: the only act with articles that the text names
    acts = {mention.act for mention in mentions if mention.sure and not in_points(mention.act)}
    if len(acts) == 1:
        for article in found:
            article.act = article.act or next(iter(acts))


def _bind_beside(text: str, found: Iterable[_Found], mentions: list[Mention]) -> None:
    starts = [mention.start for mention in mentions]
    for article in found:
        index = bisect_left(starts, article.end)
        # CASE 1: «ст. 18 ЗоЗПП»
        if index < len(mentions) and _fills(text, article.end, mentions[index].start):
            article.act = mentions[index].act
        # CASE 2: «ТК РФ, статья 81»; the act before must not be taken by the article before it
        elif index and _fills(text, mentions[index - 1].end, article.start):
            article.act = mentions[index - 1].act


def _fills(text: str, start: int, end: int) -> bool:
    """Nothing but «Закона РФ от 07.02.1992 №» stands between, on one line."""
    if not 0 <= end - start <= _LONGEST_GAP:
        return False
    gap = text[start:end]
    if "\n" in gap:
        return False
    if any(mark in gap for mark in ".!?;") and not any(c.isdigit() for c in gap) and " г." not in gap:
        return gap.strip() in {".", ""}
    return all(word.isdigit() or stem(word) in _FILLERS for word in _WORD.findall(gap))


def _points(text: str, units: list[_Unit], found: list[_Found], mentions: list[Mention]) -> list[_Found]:
    """«п. 2.7 Правил дорожного движения»: the points of acts that have no articles."""
    acts = [mention for mention in mentions if in_points(mention.act)]
    points = [_Found(u.numbers, u.start, u.end) for u in units if acts and u.kind == "point" and u.numbers[0].isascii()]
    _bind_beside(text, points, acts)
    taken = sorted((f.start, f.end) for f in found)
    return [p for p in points if p.act and not _inside(taken, p.start)]


def _bare(text: str, found: list[_Found], mentions: list[Mention]) -> list[_Found]:
    """«81 тк», «ТК РФ 81»: a number right beside an abbreviation, where no article is named in words."""
    taken = sorted((f.start, f.end) for f in found)
    bare: list[_Found] = []
    for mention in mentions:
        if not mention.abbreviation:
            continue
        before = _BARE_BEFORE.search(text, max(0, mention.start - _BARE_WINDOW), mention.start)
        match = before or _BARE_AFTER.match(text, mention.end)
        if match is None or _inside(taken, match.start(1)):
            continue
        bare.append(_Found(_numbers(match[1]), match.start(1), match.end(1), act=mention.act))
    return bare


def _inside(spans: list[tuple[int, int]], position: int) -> bool:
    """Whether one of the spans, sorted and apart from each other, covers the position."""
    index = bisect_left(spans, (position + 1,)) - 1
    return index >= 0 and position < spans[index][1]
