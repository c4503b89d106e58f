"""Blocks as Markdown (CommonMark with tables). Every sign that was said stands for itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .blocks import Block, Code, Heading, Items, Paragraph, Quote, Rule, Span, Table

# Alone in its brackets a number is a mark of ours, which readers see often; it is a link only before these signs.
_SIGNS = re.compile(
    r"[\\`*<>#|~]"
    r"|\[(?![0-9]{1,3}\](?![:(\[]))"
    r"|&(?=#?\w+;)"
    r"|(?<![^\W_])_|_(?![^\W_])"
)
_LINE_START = re.compile(r"^[ \t]*(?:([-+=:])|([0-9]{1,9})([.)])(?=[ \t]|$))", re.MULTILINE)
_LINE_BREAK = re.compile(r"(?<![ \t])[ \t]*\n[ \t]*")  # a run of spaces is tried once, not from each of them
BREAK = "\\\n"
_HIGHEST = 999_999_999  # number of a list item


def write(blocks: Sequence[Block]) -> str:
    """One text that ends with a line break; read as Markdown it has these blocks and no others."""
    return "\n".join(_lines(blocks)) + "\n"


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    other = False
    for index, block in enumerate(blocks):
        before = blocks[index - 1] if index else None
        if before is not None:
            yield ""
        other = not other and _is_next_list(before, block)
        yield from _block(block, other)


def _is_next_list(before: Block | None, block: Block) -> bool:
    """Whether only another sign keeps two lists apart."""
    if not isinstance(before, Items) or not isinstance(block, Items):
        return False
    return (before.start is None) == (block.start is None)


def _block(block: Block, other: bool) -> Iterator[str]:
    match block:
        case Heading(level, spans):
            yield f"{'#' * level} {_inline(spans).replace(BREAK, ' ')}".rstrip()
        case Paragraph(spans):
            yield from _paragraph(spans)
        case Code(text):
            yield from _code(text)
        case Rule():
            yield "___"  # the one kind that no list's sign before it changes
        case Quote(inner):
            yield from (f"> {line}".rstrip() for line in _lines(inner))
        case Items():
            yield from _items(block, other)
        case Table(rows):
            yield from _table(rows)


def _paragraph(spans: Sequence[Span]) -> list[str]:
    return _LINE_START.sub(_escaped_start, _inline(spans).strip()).split("\n")


def _escaped_start(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}"


def _inline(spans: Sequence[Span]) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    if span.code:
        return _code_span(span.text)
    bare = span.text.strip()  # marks stand at words, or they are no marks
    if not bare:
        return _broken(span.text)
    marks = "**" * span.bold + "*" * span.italic + "~~" * span.struck
    before, _, after = span.text.partition(bare)
    return f"{_broken(before)}{marks}{_broken(_escape(bare))}{marks[::-1]}{_broken(after)}"


def _broken(text: str) -> str:
    """With line breaks that are meant."""
    return _LINE_BREAK.sub(lambda _: BREAK, text)


def _escape(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", text)


def _code_span(text: str) -> str:
    fence = "`" * (_longest_run(text) + 1)
    return f"{fence} {text} {fence}" if text.strip() else text


def _code(text: str) -> Iterator[str]:
    fence = "`" * max(3, _longest_run(text) + 1)
    yield fence
    yield from text.split("\n")
    yield fence


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _items(block: Items, other: bool) -> Iterator[str]:
    loose = any(len(item) > 1 for item in block.items)
    for index, item in enumerate(block.items):
        if index and loose:
            yield ""
        mark = _mark(block.start, index, other)
        lines = list(_lines(item)) or [""]
        yield f"{mark} {lines[0]}".rstrip()
        yield from (f"{' ' * (len(mark) + 1)}{line}".rstrip() for line in lines[1:])


def _mark(start: int | None, index: int, other: bool) -> str:
    if start is None:
        return "*" if other else "-"
    return f"{min(start + index, _HIGHEST)}{')' if other else '.'}"


def _table(rows: Sequence[Sequence[Sequence[Span]]]) -> Iterator[str]:
    for index, row in enumerate(rows):
        cells = (_escape("".join(span.text for span in cell)).replace("\n", " ") for cell in row)
        yield f"| {' | '.join(cells)} |"
        if index == 0:
            yield f"|{' --- |' * len(row)}"
