"""A text as blocks of styled words, read from a model's Markdown. Whatever the Markdown is, nothing in it is active.

HTML is text, an image is its caption, a link is its words with the address behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .cleaning import clean

DEEPEST = 20  # levels of nesting; people do not read below, and what is deeper is shown as it was written
SHOWN_ADDRESSES = ("http://", "https://", "mailto:")
_STYLES = {"strong": "bold", "em": "italic", "s": "struck"}


@dataclass(frozen=True, slots=True)
class Span:
    """Words of one style; a line break in them is meant."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    spans: Spans


@dataclass(frozen=True, slots=True)
class Paragraph:
    spans: Spans


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list; an ordered one is counted from `start`."""

    items: tuple[tuple[Block, ...], ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of the same length; the first is the heading."""

    rows: tuple[tuple[Spans, ...], ...]


Block = Heading | Paragraph | Code | Rule | Quote | Items | Table


def plain(text: str) -> tuple[Block, ...]:
    """Paragraphs that look as the text was typed; a sign in it has no meaning."""
    parts = (part.strip() for part in re.split(r"\n[ \t]*\n", text))
    return tuple(Paragraph((Span(part),)) for part in parts if part)


def parse(markdown: str) -> tuple[Block, ...]:
    """Never raises, and keeps every word but cells beyond a table's columns.

    The worst 30,000 characters known take two seconds.
    """
    tokens = _parser().parse(markdown)
    if any(token.level >= DEEPEST - 1 for token in tokens):  # below, the parser drops words
        return plain(markdown)
    return tuple(_blocks(iter(tokens)))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST})
    return parser.enable(["table", "strikethrough"]).disable("reference")  # definitions would vanish from the text


def _blocks(tokens: Iterator[Token], end: str = "") -> Iterator[Block]:
    """Blocks up to the token that closes the one they stand in."""
    for token in tokens:
        match token.type:
            case "heading_open":
                yield Heading(int(token.tag[1:]), _inline_of(tokens))
            case "paragraph_open":
                yield Paragraph(_inline_of(tokens))
            case "blockquote_open":
                yield Quote(tuple(_blocks(tokens, "blockquote_close")))
            case "bullet_list_open":
                yield Items(tuple(_items(tokens, "bullet_list_close")))
            case "ordered_list_open":
                start = int(token.attrs.get("start", 1))
                yield Items(tuple(_items(tokens, "ordered_list_close")), start)
            case "table_open":
                yield Table(tuple(_rows(tokens)))
            case "fence" | "code_block":
                yield Code(token.content.rstrip("\n"))
            case "hr":
                yield Rule()
            case kind if kind == end:
                return


def _items(tokens: Iterator[Token], end: str) -> Iterator[tuple[Block, ...]]:
    while next(tokens).type != end:
        yield tuple(_blocks(tokens, "list_item_close"))


def _rows(tokens: Iterator[Token]) -> Iterator[tuple[Spans, ...]]:
    row: list[Spans] = []
    for token in tokens:
        if token.type == "inline":
            row.append(_spans(token.children or ()))
        elif token.type == "tr_close":
            yield tuple(row)
            row = []
        elif token.type == "table_close":
            return


def _inline_of(tokens: Iterator[Token]) -> Spans:
    inline, _close = next(tokens), next(tokens)
    return _spans(inline.children or ())


def _spans(tokens: Sequence[Token]) -> Spans:
    """Flat: however deep one emphasis stands in another, a word is bold or it is not."""
    depth = dict.fromkeys(_STYLES.values(), 0)
    spans: list[Span] = []
    links: list[tuple[int, str]] = []  # those that are open: where their words begin, and their addresses
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if name in _STYLES:
            depth[_STYLES[name]] += token.nesting
        elif token.type == "link_open":
            links.append((len(spans), str(token.attrs.get("href", ""))))
        elif token.type == "link_close":
            begin, address = links.pop()
            spans.append(Span(_behind(address, spans[begin:])))
        else:
            spans.append(_word(token, {style: count > 0 for style, count in depth.items()}))
    return tuple(_joined(spans))


def _word(token: Token, styles: dict[str, bool]) -> Span:
    if token.type == "code_inline":
        return Span(token.content, code=True)
    if token.type == "softbreak":
        return Span(" ", **styles)
    return Span("\n" if token.type == "hardbreak" else clean(token.content), **styles)  # `&#x202e;` is a sign by now


def _behind(address: str, linked: Sequence[Span]) -> str:
    """What follows a link's words; nothing where they are the address themselves."""
    words = "".join(span.text for span in linked)
    return f" ({address})" if address.startswith(SHOWN_ADDRESSES) and address != words else ""


def _joined(spans: Sequence[Span]) -> Iterator[Span]:
    """Neighbours of one style as one span, none of them empty."""
    held = Span("")
    for span in (span for span in spans if span.text):
        if span == replace(held, text=span.text):
            held = replace(held, text=held.text + span.text)
            continue
        if held.text:
            yield held
        held = span
    if held.text:
        yield held
