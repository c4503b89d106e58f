"""A transcript as one document of blocks: the same for every kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import wording
from .blocks import Block, Heading, Items, Paragraph, Quote, Span, parse, plain
from .cleaning import clean
from .transcript import Answer, Question, Transcript

QUESTION_LEVEL, ANSWER_LEVEL, PART_LEVEL = 2, 3, 4  # the title is level 1; an answer's own headings stand below


def document(transcript: Transcript) -> tuple[Block, ...]:
    """Its headings above level 4 are ours alone, and nothing that was said can add one.

    It holds no character that a file cannot.
    """
    return tuple(_document(transcript))


def _document(transcript: Transcript) -> Iterator[Block]:
    yield Heading(1, (Span(title_of(transcript)),))
    yield _line(wording.dates(transcript.begun_at, transcript.made_at))
    yield _line(wording.NOT_ADVICE, italic=True)
    asked = 0
    for said in transcript.said:
        if isinstance(said, Question):
            asked += 1
            yield Heading(QUESTION_LEVEL, (Span(f"{wording.QUESTION} {asked}"),))
            yield Quote(plain(clean(said.text)))
        else:
            yield from _answer(said)
    if not transcript.said:
        yield _line(wording.EMPTY)


def _answer(answer: Answer) -> Iterator[Block]:
    yield Heading(ANSWER_LEVEL, (Span(wording.ANSWER),))
    yield from (_below(block) for block in parse(clean(answer.text)))
    if not answer.text and not answer.ending:
        yield _line(wording.NO_WORDS)
    if answer.ending:
        yield _line(answer.ending, italic=True)
    for notice in answer.notices:
        yield Paragraph((Span(wording.NOTICE, bold=True), Span(clean(notice))))
    if answer.sources:
        yield Heading(PART_LEVEL, (Span(wording.SOURCES),))
        yield Items(tuple((_line(line),) for line in answer.sources))


def _below(block: Block) -> Block:
    """Headings in a list or a quotation too: there they would stand in the table of contents all the same."""
    if isinstance(block, Heading):
        return replace(block, level=min(6, block.level + PART_LEVEL - 1))
    if isinstance(block, Quote):
        return Quote(tuple(map(_below, block.blocks)))
    if isinstance(block, Items):
        return replace(block, items=tuple(tuple(map(_below, item)) for item in block.items))
    return block


def _line(text: str, *, italic: bool = False) -> Paragraph:
    return Paragraph((Span(clean(text), italic=italic),))


def title_of(transcript: Transcript) -> str:
    """One line, never empty."""
    return " ".join(clean(transcript.title).split()) or wording.UNTITLED
