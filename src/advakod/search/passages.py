"""A long article in pieces that each fit one thought: what the index stores and the engine reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..russian import sentence_spans

AIM = 1_800  # characters; a part of an article with its points usually fits
MOST = 2_200  # a text up to this long stays whole


def passage_spans(text: str) -> list[tuple[int, int]]:
    """Where to cut: between provisions (lines), within a long one between sentences.

    Spans go up, do not overlap and cover everything but white space. Only a single sentence may
    be longer than MOST.
    """
    if len(text) <= MOST:
        return [(0, len(text))]
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        if spans and end - spans[-1][0] <= AIM:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start <= AIM:
            if end > start:
                yield start, end
        else:
            yield from ((start + a, start + b) for a, b in sentence_spans(text[start:end]))
        start = end + 1
