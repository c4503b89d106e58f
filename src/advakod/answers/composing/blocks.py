"""A provision's text in blocks that can stand alone: whole sentences, and lists with their lead-in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_CHARACTERS = 40_000  # of one article that are read; longer ones (НК) have their main rules before that
LEAST_WORDS = 3  # of a statement

_NOTE = re.compile(
    r"\s*\((?:[^()]{0,60}\s)?(?:в ред\.|в редакции|введен[аоы]?|дополнен[аоы]?|утратил)[^()]{0,600}\)", re.IGNORECASE
)
_GONE = re.compile(
    r"(?:[\d.]+[.)]\s*(?:[-–]\s*[\d.]+[.)]\s*)?|[а-я]\)\s*)?(?:(?:Абзац|Пункт|Часть|Подпункт)\w*[^.]{0,40})?(?:утратил[аио]?\s+силу|исключен[аоы]?\b)",
    re.IGNORECASE,
)
_NOTE_TITLE = re.compile(r"Примечани[ея](?:\s+к\s+стать\w+\s+[\d.]+)?\s*[.:]?\s*")
_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2}(?:-\d{1,2})?)\.\s+(?=\S)")
_ITEM_NUMBER = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){0,2}(?:-\d{1,2})?|[а-яё](?:\.\d)?)\)")
_OPEN = re.compile(r"[-–—]$")
_CLOSED = re.compile(r"[.;:!?][»\")]?$")
# Words that lean on what was said right before.
_LEANS = re.compile(
    r"(?:При (?:этом|таких|т[ео]м)|Указанн|Эт(?:и|от|о|а|ой|их|ому|им)\b|Данн(?:ый|ая|ое|ые|ого|ой|ых)\b|"
    r"Так(?:ие|ой|ое|ая|ого|их)\b|В (?:этом|таком|указанн\w+|этих|таких|данном|том)\b|Вместо|"
    r"По истечении (?:этого|указанн)|До (?:этого|наступления указанн)|Названн|Перечисленн|Он[аио]?\b|Их\b|Его\b|"
    r"[^.,;]{0,40}\bэт(?:ой|ого|ому|им|их)\s|Если (?:он[аио]?|эт\w+|указанн\w+|так\w+|данн\w+)\b|"
    r"Иное|Порядок и условия|Положения (?:настоящ|абзац|част|пункт)|Перечень|"
    r"влеч[её]т\b|влекут\b|наказыва[ею]тся\b|"
    r"Убытки возмещаются|Требования, (?:установленн|предусмотренн))"
)
# Refers to parts of the article by their place, which means nothing to who does not see the article.
_BY_PLACE = re.compile(
    r"(?:абзац\w*|част(?:ью|и|ях|ями))\s+(?:\d|перв|втор|трет|четв|пят|шест|седьм|восьм)[^.;]{0,40}настоящей статьи|"
    r"абзац\w*\s+(?:перв|втор|трет|четв|пят|шест|седьм|восьм)"
)
_WORDS = re.compile(r"[А-Яа-яЁё]{2,}")


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive text of one provision; `place` counts the blocks of the text.

    `items` are a list's, as printed, and `tail` is what is said of all of them: «наказывается …».
    """

    place: int
    number: str  # of the numbered part or point that it stands in, «1»; empty: none, or not known
    lead: str
    items: tuple[str, ...] = ()
    tail: str = ""
    note: bool = False  # of a note to the article, whose numbers are its own

    @property
    def text(self) -> str:
        return "\n".join(filter(None, (self.lead, *self.items, self.tail)))

    @property
    def leans(self) -> bool:
        """Whether it cannot be understood without the block before it."""
        return _LEANS.match(self.lead) is not None


def blocks_of(text: str) -> list[Block]:
    """Blocks in reading order; amendment notes and repealed parts are left out."""
    blocks: list[Block] = []
    number, note = "", False
    for lead, items, tail in _grouped(_joined(_lines(text[:MOST_CHARACTERS]))):
        if marker := _NOTE_TITLE.match(lead):
            number, note, lead = "", True, lead[marker.end() :]
        printed = _NUMBER.match(lead)
        if printed:
            number = printed[1]
            lead = lead[printed.end() :]
        items = tuple(item for item in items if _WORDS.search(item))  # a repealed one's number may be left
        if len(_WORDS.findall(lead)) >= LEAST_WORDS or items:
            blocks.append(Block(len(blocks), number, lead, items, tail, note))
    return blocks


def leans(sentence: str) -> bool:
    """Whether a sentence refers back to the one before it."""
    return _LEANS.match(sentence) is not None


def is_by_place(text: str) -> bool:
    """Whether a text cannot be followed without the article before one's eyes: «в абзаце втором пункта 1»."""
    return _BY_PLACE.search(text) is not None


def number_of(item: str) -> str:
    """«3) …» is 3; empty for an item without a number."""
    match = _ITEM_NUMBER.match(item)
    return match.group().rstrip(")") if match else ""


def _lines(text: str) -> Iterator[str]:
    for raw in text.splitlines():
        line = " ".join(_NOTE.sub("", raw).split())
        if line and not _GONE.match(line):
            yield line


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """«Управление … -» and «влечет …» on the next line are one sentence."""
    waiting = ""
    for line in lines:
        if waiting and not _is_one_sentence(waiting, line):
            yield waiting
            waiting = ""
        waiting = f"{waiting} {line}" if waiting else line
    if waiting:
        yield waiting


def _is_one_sentence(line: str, following: str) -> bool:
    opened = not _CLOSED.search(line) and not _ITEM_NUMBER.match(line)
    return opened and following[0].islower() and not _ITEM_NUMBER.match(following)


def _grouped(lines: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Lead-ins with the items that follow them, and their tail; a line alone has neither."""
    lead, items, tail = "", list[str](), ""
    for line in lines:
        if lead and not tail and items and _OPEN.search(items[-1]) and line[0].islower():
            tail = line
        elif lead and not tail and _goes_on(lead, items, line):
            items.append(line)
        else:
            if lead:
                yield lead, tuple(items), tail
            lead, items, tail = line, [], ""
    if lead:
        yield lead, tuple(items), tail


def _goes_on(lead: str, items: list[str], line: str) -> bool:
    if not lead.endswith(":") or _NOTE_TITLE.match(line):
        return False
    if _ITEM_NUMBER.match(line) or line[0].islower():
        return True
    previous = items[-1] if items else ""
    return _NUMBER.match(line) is None and (previous.endswith((";", ":")) or (not items and line.endswith(";")))
