"""The part of a long article that bears on a question, for engines that cannot read all of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .blocks import Block, blocks_of
from .relevance import Rarity, read, score, stems

LEFT_OUT = "[…]"


def excerpt(question: str, text: str, most: int) -> str:
    """At most `most` characters of whole blocks in the order of the law, gaps marked; a text that fits stays as it is.

    When not even one block fits, its beginning is given, cut between words.
    """
    if len(text) <= most:
        return text
    blocks = blocks_of(text)
    lines = list(printed(blocks))
    kept = _best(question, blocks, [len(p) + len(LEFT_OUT) + 2 for p in lines], most)
    return joined(lines, kept) if kept else cut(lines[0] if lines else text, most)


def cut(text: str, most: int) -> str:
    """At most `most` characters, cut between words; says that something is missing."""
    if len(text) <= most:
        return text
    head = text[: max(0, most - 1)]
    words, _, _ = head.rpartition(" ")
    return (words or head).rstrip() + "…"


def printed(blocks: Sequence[Block]) -> Iterator[str]:
    """Each block with the number that it had in the article."""
    number = ""
    for block in blocks:
        yield block.text if block.number in ("", number) else f"{block.number}. {block.text}"
        number = block.number


def _best(question: str, blocks: Sequence[Block], sizes: Sequence[int], most: int) -> set[int]:
    asked = read(question)
    rarity = Rarity([[stems(block.text) for block in blocks]])
    values = [score(asked, rarity, block.text) for block in blocks]
    kept = set[int]()
    for place in sorted(range(len(blocks)), key=lambda p: (-values[p], p)):
        if sizes[place] <= most:
            kept.add(place)
            most -= sizes[place]
    return kept


def joined(printed: Sequence[str], kept: set[int]) -> str:
    """Those kept, in order; a sign stands for each gap."""
    lines: list[str] = []
    for place, text in enumerate(printed):
        if place in kept:
            lines.append(text)
        elif not lines or lines[-1] != LEFT_OUT:
            lines.append(LEFT_OUT)
    return "\n".join(lines)
