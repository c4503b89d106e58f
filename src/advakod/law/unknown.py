"""Acts that a text names and the registry does not know: «ФЗ о связи», «126-ФЗ». Pure, linear time."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..russian import fold, stem, tokens
from .mentions import Mention, is_known_number, numbers_in

MOST_WORDS = 5  # of a subject: «о связи», «об основах охраны здоровья граждан»

_LAW = r"(?:федеральн\w{2,3}\s{1,3}закон\w{0,3}|закон\w{0,3}|фз)"
_OPENS = re.compile(
    rf"(?<!\w){_LAW}(?:\s{{1,3}}(?:рф|россии|российской\s{{1,3}}федерации))?\s{{1,3}}[«\"„“]?об?(?=\s)", re.I
)
_SUBJECT = re.compile(r"(?:\s{1,3}|-)([^\W\d_]+)(?![\w.-]*\d)")
_TITLE_BELOW = re.compile(r"\s{0,3}[«\"„“]об?\s[^«»\"„“”\n]{2,120}[»\"”]", re.I)
# What a name's words do not go on with: a question, an article, what an article does.
_ENDS = frozenset(
    "ст статья статьи статье статью ч часть п пункт что как сколько какой какая какое какие когда где если ли кто "
    "почему можно нельзя должен должна должны говорит гласит сказано написано мне меня у я мы по для".split()
)
_NO_NAME = frozenset("том этом чем нем ней них котором которой которых таком своем моем вашем любом каком".split())
_JOINS: frozenset[str] = frozenset(["и", "в", "на", "с", "о", "об", "от"])  # stand inside a name, never at its end
_SHAPELESS = frozenset(map(stem, ("федеральный", "закон", "фз", "рф", "россии", "российской", "федерации")))


@dataclass(frozen=True, slots=True)
class Stranger:
    """An act named at `text[start:end]` that is not in the registry."""

    name: str  # as printed
    number: str  # «126-ФЗ»; empty when it is named by its subject
    start: int
    end: int

    @property
    def subject(self) -> frozenset[str]:
        """Stems of the words that say what it is about."""
        return frozenset(map(stem, tokens(self.name))) - _SHAPELESS - _JOINS


def find_strangers(text: str, mentions: Sequence[Mention]) -> list[Stranger]:
    """Unknown acts in the order in which they are named. `mentions` are the text's known ones."""
    found: list[Stranger] = []
    for stranger in sorted((*_by_number(text), *_by_subject(text)), key=lambda s: (s.start, -s.end)):
        if not _overlaps(mentions, stranger) and (not found or stranger.start >= found[-1].end):
            found.append(stranger)
    return found


def _overlaps(mentions: Sequence[Mention], stranger: Stranger) -> bool:
    before = bisect_left(mentions, stranger.end, key=lambda m: m.start) - 1
    return before >= 0 and mentions[before].end > stranger.start


def _by_number(text: str) -> Iterator[Stranger]:
    for match in numbers_in(text):
        number = match["after"] or match["plain"]
        if number is None or is_known_number(match):  # a known number without an act is one of several
            continue
        kind = (match["kind"] or "фз").upper()
        title = _TITLE_BELOW.match(text, match.end())
        end = title.end() if title else match.end()
        yield Stranger(text[match.start() : end], f"{number}-{kind}", match.start(), end)


def _by_subject(text: str) -> Iterator[Stranger]:
    for opening in _OPENS.finditer(text):
        end = _subject_end(text, opening.end())
        if end > opening.end():
            end += text[end : end + 1] in {"»", '"', "”"}
            yield Stranger(text[opening.start() : end], "", opening.start(), end)


def _subject_end(text: str, start: int) -> int:
    """Where the subject's words end; `start` when there is none."""
    position = end = start
    for _ in range(MOST_WORDS):
        word = _SUBJECT.match(text, position)
        folded = fold(word[1]) if word else ""
        if word is None or folded in _ENDS or (position == start and folded in _NO_NAME):
            break
        position = word.end()
        end = end if folded in _JOINS else position
    return end
