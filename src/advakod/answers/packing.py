"""Which parts, points and paragraphs of the provisions found a model is given. Pure.

A provision falls into blocks that can stand alone; each is worth what it has of the question, less in a provision
that search ranks lower. The best go in while there is room, and stand in the order of the law.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..engine.interface import Source
from .composing import cut, excerpt
from .composing.blocks import Block, blocks_of
from .composing.excerpt import joined, printed
from .composing.relevance import Rarity, read, score, stems

RANK_LOSS = 0.25  # a block of the second source is worth 1/1.25 of one in the first, of the third 1/1.5
LONG_LIST = 600  # characters; of a longer one single items are given, each with the words that lead to it
GAP = 4  # tokens of a line's end and a sign that something is left out

LEAST_SAID = 40  # characters of a text that say anything

# Where nothing is known of the engine's speed and context.
SOURCE_CHARACTERS = 1_800  # of one provision: a part of an article with its points usually fits
PROVISIONS_CHARACTERS = 12_000  # of all: about 4,000 tokens of a Russian text
# Where both are known, the most that is ever given: what is beyond helps nobody.
LONG_SOURCE_CHARACTERS = 6_000
LONG_PROVISIONS_CHARACTERS = 18_000


@dataclass(frozen=True, slots=True)
class Packed:
    """Sources numbered anew, what is given of each, and the tokens of all that, as far as they were counted."""

    sources: tuple[Source, ...]
    texts: tuple[str, ...]
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """A block of one source, as it is given."""

    source: int  # index
    place: int  # among the blocks of the source
    text: str
    value: float  # below 0: says nothing by itself
    needs: tuple[int, ...] = ()  # places without which it cannot be understood


def by_characters(question: str, sources: Sequence[Source], one: int, room: int) -> Packed:
    """At most `one` character of each source and `room` of all; what does not fit is no source."""
    kept: list[tuple[Source, str]] = []
    for source in sources:
        if room <= 0:
            break
        text = excerpt(question, source.text.strip(), min(one, room))
        room -= len(text)
        kept.append((source, text))
    return _numbered(kept)


def units_of(question: str, sources: Sequence[Source]) -> list[Unit]:
    """Every block of every source, with its worth."""
    asked = read(question)
    blocks = [blocks_of(source.text) or [Block(0, "", source.text.strip(), ())] for source in sources]
    rarity = Rarity([[stems(block.text) for block in found] for found in blocks])
    return [
        Unit(n, place, text, value if value < 0 else score(asked, rarity, weighed) / (1 + RANK_LOSS * n), needs)
        for n, found in enumerate(blocks)
        for place, (text, weighed, value, needs) in enumerate(_split(found))
    ]


def _split(blocks: Sequence[Block]) -> Iterator[tuple[str, str, float, tuple[int, ...]]]:
    """Text, what it is weighed by, whether it can be wanted by itself (else -1), and the places that it needs."""
    at, place = 0, 0  # of the block before, of the next unit
    for block, text in zip(blocks, printed(blocks), strict=True):
        needs = (at,) if block.leans and block.place else ()
        at = place
        if not block.items or len(text) <= LONG_LIST:
            yield text, block.text, 0.0, needs
            place += 1
            continue
        lead = text[: text.index(block.lead) + len(block.lead)]
        parts = [*block.items, *filter(None, [block.tail])]
        yield lead, lead, -1.0, needs
        yield from ((part, f"{block.lead}\n{part}", 0.0, (at,)) for part in parts)
        place += 1 + len(parts)


def by_tokens(
    sources: Sequence[Source], units: Sequence[Unit], headers: Sequence[int], sizes: Sequence[int], room: int
) -> Packed:
    """At most `room` tokens; `headers` and `sizes` are the tokens of each source's header and each unit.

    When not one block fits, the beginning of the best one is given, if there is room for a header and as much again.
    """
    kept, tokens = _best(units, headers, sizes, room)
    if kept:
        return _numbered(_given(sources, units, kept), tokens)
    best = max(range(len(units)), key=lambda i: (units[i].value, -i), default=None)
    if best is None:
        return _numbered([])
    source = sources[units[best].source]
    left = room - headers[units[best].source] - GAP
    text = units[best].text
    characters = left * len(text) // max(1, sizes[best])
    return _numbered([(source, cut(text, characters))], room) if left >= headers[units[best].source] else _numbered([])


def _best(units: Sequence[Unit], headers: Sequence[int], sizes: Sequence[int], room: int) -> tuple[set[int], int]:
    """Indices of the units that go in, the most valuable first, one worth nothing only as its source's first;
    and their tokens.
    """
    at = {(unit.source, unit.place): i for i, unit in enumerate(units)}
    kept, opened, left = set[int](), set[int](), room
    for i in sorted(range(len(units)), key=lambda i: (-units[i].value, i)):
        unit = units[i]
        if i in kept or unit.value < 0 or (unit.value == 0 and unit.source in opened):
            continue
        wanted = _with_needs(i, units, at) - kept
        cost = sum(sizes[w] + GAP for w in wanted) + (0 if unit.source in opened else headers[unit.source] + GAP)
        if cost <= left:
            left -= cost
            kept |= wanted
            opened.add(unit.source)
    return kept, room - left


def _with_needs(i: int, units: Sequence[Unit], at: Mapping[tuple[int, int], int]) -> set[int]:
    """A unit and what it cannot be understood without; of that too its lead, but no more than that."""
    needed = {at[units[i].source, place] for place in units[i].needs}
    return {i, *needed, *(at[units[n].source, place] for n in needed if units[n].value < 0 for place in units[n].needs)}


def _given(sources: Sequence[Source], units: Sequence[Unit], kept: Collection[int]) -> Iterable[tuple[Source, str]]:
    for n, source in enumerate(sources):
        own = [i for i, unit in enumerate(units) if unit.source == n]
        places = {units[i].place for i in own if i in kept}
        if places:
            yield source, joined([units[i].text for i in own], places)


def half(question: str, text: str) -> str:
    """The half of a text that bears on the question most; nothing of one of which half says nothing."""
    most = len(text) // 2
    return excerpt(question, text, most) if most >= LEAST_SAID else ""


def _numbered(kept: Iterable[tuple[Source, str]], tokens: int = 0) -> Packed:
    """Sources without a gap in their numbers: the model is given no others."""
    pairs = [(replace(source, n=n), text) for n, (source, text) in enumerate(kept, 1)]
    return Packed(tuple(source for source, _ in pairs), tuple(text for _, text in pairs), tokens)
