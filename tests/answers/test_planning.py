"""Whatever the machine: never over the time, never over the context, and more time never means less."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from advakod.answers import planning
from advakod.answers.planning import USABLE, room, times
from advakod.engine.interface import PromptSize, Speed

calm = settings(deadline=None)  # a busy machine is slow
SLOW = Speed(2.5, 1.6)  # 24B on two cores
speeds = st.builds(Speed, reading=st.floats(0.5, 20_000), writing=st.floats(0.2, 500))
seconds = st.floats(0.0, 90_000)
contexts = st.none() | st.integers(16, 200_000)
counts = st.integers(1, 50_000)
wishes = st.integers(1, 10_000)


@st.composite
def sizes(draw: st.DrawFn) -> PromptSize:
    tokens = draw(counts)
    return PromptSize(tokens, draw(st.integers(0, tokens)))


@calm
@given(seconds, speeds, contexts, sizes(), counts, wishes)
def test_never_over_the_time(
    left: float, speed: Speed, context: int | None, size: PromptSize, wanted: int, most: int
) -> None:
    found = room(left, speed, context, size, wanted, most)
    assert found.prompt is not None
    least = 1 / speed.reading + 1 / speed.writing  # a token of each is given whatever the time
    taken = times(speed, PromptSize(max(found.prompt, size.cached), size.cached), found.answer).whole
    assert taken <= max(left * USABLE, least) + 1e-6 or (found.answer == 1 and taken <= left * USABLE + least)


@calm
@given(seconds, st.none() | speeds, st.integers(16, 200_000), sizes(), counts, wishes)
def test_never_over_the_context_or_what_was_asked(
    left: float, speed: Speed | None, context: int, size: PromptSize, wanted: int, most: int
) -> None:
    found = room(left, speed, context, size, wanted, most)
    assert found.prompt is not None
    assert found.prompt > 0
    assert 0 < found.answer <= most
    assert found.prompt + found.answer <= context
    assert found.prompt <= max(1, wanted)


@calm
@given(seconds, seconds, speeds, contexts, sizes(), counts, wishes)
def test_more_time_never_means_less(
    one: float, other: float, speed: Speed, context: int | None, size: PromptSize, wanted: int, most: int
) -> None:
    less, more = sorted((one, other))
    hurried, calm = (room(left, speed, context, size, wanted, most) for left in (less, more))
    assert hurried.prompt is not None
    assert calm.prompt is not None
    assert hurried.prompt <= calm.prompt
    assert hurried.answer <= calm.answer + 1  # one: a rounded quarter of what is read


@calm
@given(seconds, speeds, contexts, counts, counts, wishes)
def test_what_is_cached_costs_nothing(
    left: float, speed: Speed, context: int | None, cached: int, wanted: int, most: int
) -> None:
    assume(cached < wanted)
    bare, helped = (room(left, speed, context, PromptSize(wanted, c), wanted, most) for c in (0, cached))
    assert bare.prompt is not None
    assert helped.prompt is not None
    assert bare.prompt <= helped.prompt


@pytest.mark.parametrize(("budget", "prompt", "answer"), [(300, 458, 114), (900, 1375, 343)])
def test_the_slow_machine_of_the_drill(budget: float, prompt: int, answer: int) -> None:
    found = room(budget, SLOW, 8_192, PromptSize(3_000), 3_000, 1_024)
    assert (found.prompt, found.answer) == (prompt, answer)
    assert times(SLOW, PromptSize(prompt), answer).whole == pytest.approx(budget * USABLE, rel=0.01)


def test_a_fast_machine_reads_all_and_writes_as_much_as_was_asked() -> None:
    found = room(900, Speed(2_500, 40), 8_192, PromptSize(3_000), 3_000, 1_024)
    assert (found.prompt, found.answer) == (3_000, 1_024)


def test_what_is_not_known_bounds_nothing() -> None:
    assert room(1, None, None, PromptSize(9_000), 9_000, 1_024) == planning.Room(None, 1_024)
    assert room(1, None, 8_192, PromptSize(9_000), 9_000, 1_024) == planning.Room(8_192 - 1_024, 1_024)


def test_the_end_of_a_short_plan_is_its_latter_half() -> None:
    assert (planning.last_tokens(1_024), planning.last_tokens(100), planning.last_tokens(1)) == (60, 50, 0)
    assert planning.last_seconds(SLOW) == pytest.approx(37.5)
    assert planning.last_seconds(None) == 0
