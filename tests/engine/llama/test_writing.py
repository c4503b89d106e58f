"""What is told of a text as it is written, however its tokens come."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from advakod.engine import FinishReason
from advakod.engine.llama.http import Chunk, End, Timings
from advakod.engine.llama.prompts import Prompt
from advakod.engine.llama.writing import Writing
from advakod.engine.thinking import Written

TEXTS = ["<think>", "мысль", "</think>", "</thi", "nk>", "nk>От", "\n", "[", "TH", "INK]", "[/THINK]", "вет", "", "<"]


@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=20),
    st.lists(st.integers(0, 20), max_size=8),
    st.sampled_from(["", "</think>"]),
)
def test_every_token_is_told_once(texts: list[str], cuts: list[int], closing: str) -> None:
    """In pieces that have some, or are the last."""
    writing = Writing(Prompt((1, 2), closing), (1, 2), resumed=False)
    tokens = [Written(text, 1, (number,)) for number, text in enumerate(texts)]
    places = sorted({0, len(tokens), *(cut % len(tokens) for cut in cuts)})
    chunks = [Chunk(written=tokens[begin:end]) for begin, end in pairwise(places)]
    chunks.append(Chunk(end=End(FinishReason.STOP, Timings(0, 2, 0.1, len(tokens), 0.1))))
    pieces = [piece for chunk in chunks for piece in writing.pieces(chunk, 0.0)]
    assert sum(piece.tokens for piece in pieces) == len(tokens)
    assert all(piece.tokens > 0 for piece in pieces[:-1])
    assert pieces[-1].tokens >= 0
    answering = [piece.thinking for piece in pieces if piece.thinking or piece.text]
    assert answering == sorted(answering, reverse=True)  # thoughts come first


def test_what_may_yet_be_the_answer_is_not_told_as_a_thought() -> None:
    writing = Writing(Prompt((1, 2)), (1, 2), resumed=False)
    begun = writing.pieces(Chunk(written=[Written("<think>а</think>", 3, ()), Written("[", 1, (7,))]), 0.0)
    assert [(piece.tokens, piece.thinking) for piece in begun] == [(3, True)]
    (answer,) = writing.pieces(Chunk(written=[Written("1]", 1, (8,))]), 0.0)
    assert (answer.text, answer.tokens, answer.ids, answer.thinking) == ("[1]", 2, (7, 8), False)
