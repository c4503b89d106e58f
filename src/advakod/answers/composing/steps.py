"""What a person can do next, where the found text itself says so. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...russian import sentences
from .blocks import Block, is_by_place, leans
from .relevance import is_about_person, score
from .selection import Reading, Statement

MOST_STEPS = 3
FOLLOWED_SHARE = 0.6  # of the best article's value; what only touches the question gives no steps
LONGEST = 420  # characters of a step; longer sentences are rules, not steps

_ACT = (
    r"обратиться|обращаться|обжаловать|обжалован\w*|подать|подавать|предъявить|предъявлять|заявить|оспорить|направить|"
    r"потребовать|требовать|отказаться|расторгнуть|возвратить|обменять"
)
_MAY = re.compile(rf"(?:вправе|мо(?:жет|гут)|име(?:ет|ют) право)\s+(?:[\w,«»()-]+\s+){{0,6}}?(?:{_ACT})\b")
_IS_BROUGHT = re.compile(
    r"(?:иски?|жалоб[аы]|заявлени[ея]|претензи[яи]|требовани[ея]|обращени[ея])\b[^.;]{0,120}?"
    r"(?:предъявля\w+|подает?ся|подаются|мо(?:жет|гут) быть (?:предъявлен|подан|направлен|обжалован|заявлен)\w*)",
    re.IGNORECASE,
)


def steps(reading: Reading, shown: Sequence[Sequence[Statement]]) -> list[Statement]:
    """Sentences that say where and with what a person can turn, none of them shown already."""
    said = "\n".join(s.block.text for group in shown for s in group)
    least = FOLLOWED_SHARE * max(_value(group) for group in shown)
    sources = {group[0].source.n for group in shown if _value(group) >= least}
    found = [s for s in _candidates(reading) if s.source.n in sources and s.block.lead not in said]
    ranked = sorted(found, key=lambda s: (-s.value, s.source.n, s.block.place))
    unique = list({s.block.lead: s for s in reversed(ranked)}.values())[::-1]
    return sorted(unique[:MOST_STEPS], key=lambda s: (s.source.n, s.block.place))


def _candidates(reading: Reading) -> Iterator[Statement]:
    for statement in (s for found in reading.statements for s in found):
        if statement.block.items:
            continue
        for sentence in sentences(statement.block.lead):
            if len(sentence) > LONGEST or leans(sentence) or not is_step(sentence):
                continue
            value = score(reading.question, reading.rarity, sentence)
            if value > 0:
                yield replace(statement, block=_alone(statement.block, sentence), value=value)


def is_step(sentence: str) -> bool:
    """Whether a sentence lets a person, not the other side, do something."""
    if is_by_place(sentence):
        return False
    match = _MAY.search(sentence)
    if match is None:
        return _IS_BROUGHT.search(sentence) is not None
    return is_about_person(sentence, match.start())


def _value(group: Sequence[Statement]) -> float:
    return max(s.value for s in group)


def _alone(block: Block, sentence: str) -> Block:
    return replace(block, lead=sentence)
