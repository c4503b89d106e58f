"""Splitting thoughts from answers, however the text is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.engine.thinking import MARKS, Splitter, Written, joined, opened_by, preserved

OPENING, CLOSING = "<think>", "</think>"


def tokens_of(text: str, cuts: list[int]) -> list[Written]:
    """The text as tokens cut at these places, each with an id of its own."""
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [Written(text[begin:end], 1, (number,)) for number, (begin, end) in enumerate(pairwise(places), 1)]


def split(tokens: list[Written], closing: str = "") -> Written:
    splitter = Splitter(closing)
    answers = [splitter.feed(token) for token in tokens]
    answers.append(splitter.end())
    return joined(answer for answer in answers if answer is not None)


texts = st.text("аб <>/think[]THINK\n", max_size=30)
cuts = st.lists(st.integers(0, 100), max_size=12)


@given(texts.filter(lambda text: not text.lstrip().startswith(tuple(MARKS))), cuts)
def test_a_text_without_a_thought_stays_as_it_is(text: str, places: list[int]) -> None:
    tokens = tokens_of(text, places)
    answer = split(tokens)
    assert answer.text == text
    assert answer.ids == tuple(token.ids[0] for token in tokens)


@given(st.sampled_from(list(MARKS.items())), st.text("аб \n<t", max_size=20), st.text("аб <>", max_size=20), cuts)
def test_a_thought_is_no_answer(marks: tuple[str, str], thought: str, answer: str, places: list[int]) -> None:
    answer = f"О{answer}"
    whole = f"\n{marks[0]}{thought}{marks[1]}\n\n{answer}"
    assert split(tokens_of(whole, places)).text == answer


@given(st.text("аб \n<t", max_size=20), cuts)
def test_a_thought_that_the_prompt_begins(thought: str, places: list[int]) -> None:
    assert split(tokens_of(f"{thought}{CLOSING}\nОтвет", places), CLOSING).text == "Ответ"


@given(texts, cuts)
def test_an_answer_has_all_its_ids_or_none(text: str, places: list[int]) -> None:
    tokens = tokens_of(f"{OPENING}мысль{CLOSING} {text}", places)
    answer = split(tokens)
    known = {token.ids[0]: token.text for token in tokens}
    assert not answer.ids or "".join(known[token] for token in answer.ids) == answer.text


def test_ids_follow_a_thought_that_ends_with_its_token() -> None:
    tokens = [Written(text, 1, (i,)) for i, text in enumerate((OPENING, "мысль", CLOSING, "\n\n", "От", "вет"))]
    assert split(tokens) == Written("Ответ", 2, (4, 5))


def test_two_thoughts_in_a_row() -> None:
    assert split([Written(f"{OPENING}а{CLOSING}\n[THINK]б[/THINK] в", 1, (1,))]) == Written("в", 1, ())


def test_a_thought_without_an_end_is_no_answer() -> None:
    splitter = Splitter()
    assert splitter.feed(Written(f"{OPENING}мысль", 2, (1, 2))) is None
    assert splitter.thought
    assert splitter.end() is None


def test_marks_inside_an_answer_are_text() -> None:
    text = f"Метка {OPENING} в ответе{CLOSING}"
    assert split(tokens_of(text, [3, 8, 12])).text == text


@pytest.mark.parametrize(("prompt", "closing"), [("…<think>\n", CLOSING), ("[THINK]", "[/THINK]"), ("[/INST]", "")])
def test_a_prompt_may_begin_a_thought(prompt: str, closing: str) -> None:
    assert opened_by(prompt) == closing


def test_only_marks_that_the_template_knows_are_asked_for() -> None:
    assert preserved("{{ content }}") == []
    assert preserved("{{ content.split('</think>')[-1] }}") == [OPENING, CLOSING]
