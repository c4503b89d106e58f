from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from advakod.search.passages import AIM, MOST, passage_spans

line = st.text(alphabet="абв .", max_size=900)


@given(st.lists(line, max_size=30).map("\n".join))
def test_passages_cover_the_text_in_order(text: str) -> None:
    spans = passage_spans(text)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_a_short_article_stays_whole() -> None:
    text = "Слово. " * (MOST // 7)
    assert passage_spans(text) == [(0, len(text))]
    assert passage_spans("") == [(0, 0)]


def test_a_long_article_is_cut_between_its_parts() -> None:
    lines = [f"{n}. " + "слово " * 100 for n in range(1, 20)]
    text = "\n".join(lines)
    spans = passage_spans(text)
    assert all(text[a:b].split(".")[0].isdigit() for a, b in spans)
    assert all(b - a <= AIM for a, b in spans)


def test_a_long_part_is_cut_between_sentences() -> None:
    text = "Это одно предложение закона. " * 200
    spans = passage_spans(text)
    assert len(spans) > 1
    assert all(text[a:b].endswith("закона.") and b - a <= AIM for a, b in spans)
