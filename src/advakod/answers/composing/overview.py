"""Which of many articles an overview («расскажи подробно о правах потребителя») should be made of. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ...engine.interface import Source
from .blocks import Block, blocks_of
from .relevance import Question, Rarity, coverage, gives_right, read, stems

CANDIDATES = 30  # articles to search for when an overview is asked for
MOST_RIGHTS = 4  # rights that an article gives a person; more of them do not make it matter more

_ABOUT_RIGHTS = re.compile(r"\bправ[ао]\b", re.IGNORECASE)


def is_broad(question: str) -> bool:
    """Whether an overview is asked for, not one rule."""
    return read(question).broad


def overview(question: str, sources: Sequence[Source], limit: int) -> list[Source]:
    """The `limit` sources that say most of what a person may do, numbered anew, best first.

    Search ranks by words, and an article about an authority has as many of a broad question's words
    as one that gives people rights.
    """
    asked = read(question)
    blocks = [blocks_of(source.text) for source in sources]
    rarity = Rarity([[stems(block.text) for block in found] for found in blocks])
    best = max((source.score for source in sources), default=0.0) or 1.0
    acts = Counter(source.act for source in sources)
    values = [
        _value(asked, rarity, source, found) + (source.score / best + acts[source.act] / len(sources)) / 2
        for source, found in zip(sources, blocks, strict=True)
    ]
    order = sorted(range(len(sources)), key=lambda i: (-values[i], i))[:limit]
    return [replace(sources[i], n=n) for n, i in enumerate(order, 1)]


def _value(question: Question, rarity: Rarity, source: Source, blocks: Sequence[Block]) -> float:
    rights = sum(1 + len(block.items) for block in blocks if gives_right(block.lead))
    about_rights = question.asks_right and _ABOUT_RIGHTS.search(source.title) is not None
    named = any(r.article == source.article and r.act in (None, source.act) for r in question.named)
    share = min(MOST_RIGHTS, rights) / MOST_RIGHTS
    return coverage(question, rarity, source.title) + share + about_rights / 2 + 10 * named
