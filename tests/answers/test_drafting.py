"""What a model is given: within its time, within its context, and the best of what was found."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advakod.answers import drafting, packing, prompt
from advakod.answers.drafting import EXTRACTIVE, QUESTION_CUT, UNREAD, Drafting, smaller
from advakod.answers.model import Context, Plan, Request
from advakod.engine.interface import (
    Continuation,
    EngineInfo,
    Message,
    Piece,
    PromptSize,
    Source,
    Speed,
    Uncounted,
    WritingTask,
)
from tests.answers.acts import source

pytestmark = pytest.mark.anyio
SLOW = Speed(2.5, 1.6)
QUESTION = "Какая неустойка за просрочку ремонта товара?"
RULE = "За просрочку ремонта товара продавец уплачивает неустойку в размере одного процента цены товара за каждый день."
FILLER = "Положение о порядке ведения дел номер {n} применяется к отношениям, которые возникли в своё время и в срок."


def long_text(rule_at: int, points: int = 60) -> str:
    lines = [FILLER.format(n=n) for n in range(points)]
    lines[rule_at] = RULE
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))


SOURCES = tuple(source(n, "zozpp", str(17 + n), long_text(7 * n), title="Сроки") for n in range(1, 7))


class Counting(Uncounted):
    """Counts words; has read what it is told to."""

    def __init__(self, speed: Speed | None, context: int | None = None, read: Sequence[Message] = ()) -> None:
        self.facts = EngineInfo("model", "model", Continuation.EXACT, "1", speed=speed, context=context)
        self.read = _words(read)
        self.asked = 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def info(self) -> EngineInfo:
        return self.facts

    async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
        self.asked += 1
        return [len(text.split()) for text in texts]

    async def measure(self, task: WritingTask) -> PromptSize | None:
        self.asked += 1
        prompt = _words(task.messages)
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(prompt, self.read, strict=False))
        return PromptSize(len(prompt), sum(1 for _ in same))

    async def write(self, task: WritingTask) -> AsyncGenerator[Piece, None]:
        yield Piece("")


def _words(messages: Sequence[Message]) -> list[str]:
    return [word for message in messages for word in f"{message.role} {message.content}".split()]


async def plan(
    engine: Counting,
    left: float = 300.0,
    question: str = QUESTION,
    history: tuple[Message, ...] = (),
    earlier: tuple[Message, ...] = (),
    sources: tuple[Source, ...] = SOURCES,
) -> Context:
    found = Context(sources=sources, history=history, prompt_version=prompt.VERSION)
    return await Drafting(engine, engine.facts, Request(question), left, 1_024).plan(found, earlier)


def of(context: Context) -> Plan:
    assert context.plan is not None
    return context.plan


async def test_a_slow_machine_gets_the_part_that_bears_on_the_question() -> None:
    engine = Counting(SLOW, 8_192)
    context = await plan(engine)
    made = of(context)
    assert made.prompt_tokens is not None
    assert made.answer_tokens is not None
    assert made.seconds is not None
    assert made.prompt_tokens <= 458
    assert made.answer_tokens >= 110
    assert made.seconds <= 0.85 * 300 + 1e-6
    assert made.first_word == pytest.approx(made.prompt_tokens / 2.5)
    assert any(RULE in text for text in made.packed)
    assert len(made.packed) == len(context.sources)
    assert [s.n for s in context.sources] == list(range(1, len(context.sources) + 1))
    assert engine.asked <= 4


async def test_a_fast_machine_gets_more_and_is_asked_once() -> None:
    engine = Counting(Speed(3_000, 60), 32_000)
    context = await plan(engine)
    assert (len(context.sources), of(context).answer_tokens) == (6, 1_024)
    slow = of(await plan(Counting(SLOW, 32_000)))
    assert (of(context).prompt_tokens or 0) > 2 * (slow.prompt_tokens or 0)
    assert engine.asked == 1


async def test_without_speed_or_context_the_bounds_are_fixed_and_nobody_is_asked() -> None:
    engine = Counting(None)
    made = of(await plan(engine))
    assert (made.prompt_tokens, made.answer_tokens, made.seconds, engine.asked) == (None, None, None, 0)
    assert all(len(text) <= packing.SOURCE_CHARACTERS for text in made.packed)


async def test_what_composes_from_whole_provisions_gets_them() -> None:
    engine = Counting(SLOW)
    engine.facts = replace(engine.facts, name=EXTRACTIVE)
    assert await plan(engine) == Context(sources=SOURCES, prompt_version=prompt.VERSION)


async def test_an_engine_that_cannot_count_is_planned_for_by_characters() -> None:
    class Mute(Counting):
        async def count(self, texts: Sequence[str]) -> Sequence[int] | None:
            return None

        async def measure(self, task: WritingTask) -> PromptSize | None:
            return None

    made = of(await plan(Mute(SLOW)))
    assert made.prompt_tokens is not None
    assert made.prompt_tokens <= 458


@pytest.mark.parametrize("context", [512, 1_024, 4_096])
async def test_no_prompt_is_over_the_context(context: int) -> None:
    turns = tuple(Message(role, "слово " * 300) for _ in range(4) for role in ("user", "assistant"))
    made = await plan(Counting(None, context), question="Долгая история. " * 2_000 + QUESTION, history=turns)
    assert (of(made).prompt_tokens or 0) + (of(made).answer_tokens or 0) <= context
    assert QUESTION in of(made).question
    assert QUESTION_CUT in made.notices


@given(
    st.floats(5, 5_000), st.floats(1, 2_000), st.floats(1, 100), st.sampled_from([None, 512, 2_048, 8_192]),
    st.integers(1, 3_000), st.integers(0, 6),
)  # fmt: skip
@settings(deadline=None, max_examples=30)
async def test_whatever_the_machine(
    left: float, reading: float, writing: float, context: int | None, words: int, many: int
) -> None:
    engine = Counting(Speed(reading, writing), context)
    made = of(await plan(engine, left, "вопрос " * words, sources=SOURCES[:many]))
    assert made.prompt_tokens is not None
    assert made.answer_tokens is not None
    assert made.answer_tokens >= 1
    if context is not None:
        assert made.prompt_tokens + made.answer_tokens <= context
    if made.answer_tokens > 1:
        assert made.seconds is not None
        assert made.seconds <= 0.85 * left + 1e-6


async def test_the_conversation_as_it_was_read_where_that_is_cached() -> None:
    first = await plan(Counting(SLOW, 8_192))
    read = prompt.messages(Request(QUESTION), first)
    earlier = (*read[1:], Message("assistant", "Один процент в день [1]."))
    history = (Message("user", QUESTION), earlier[-1])
    warm = await plan(Counting(SLOW, 8_192, [read[0], *earlier]), history=history, earlier=earlier)
    assert of(warm).history == earlier
    assert (of(warm).cached_tokens or 0) >= 0.95 * len(_words([read[0], *earlier]))
    cold = await plan(Counting(SLOW, 8_192), history=history, earlier=earlier)
    assert of(cold).history == history
    small = await plan(Counting(SLOW, 512, [read[0], *earlier]), history=history, earlier=earlier)
    assert (of(small).prompt_tokens or 0) + (of(small).answer_tokens or 0) <= 512


async def test_what_goes_on_has_the_same_sources_and_room_of_its_own() -> None:
    before = await plan(Counting(SLOW, 1_024))
    engine = Counting(SLOW, 1_024)
    written = replace(before, written="слово " * 100)
    again = await Drafting(engine, engine.facts, Request(QUESTION), 300, 1_024).go_on(written)
    assert again.sources == before.sources
    assert of(again).prompt_tokens == (of(before).prompt_tokens or 0) + 100
    assert (of(again).prompt_tokens or 0) + (of(again).answer_tokens or 0) <= 1_024


async def test_smaller_keeps_the_numbers_and_ends_with_nothing() -> None:
    context = await plan(Counting(None))
    sizes = []
    for _ in range(12):
        context = smaller(context)
        assert [s.n for s in context.sources] == [1, 2, 3, 4, 5, 6]
        sizes.append(sum(map(len, of(context).packed)))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 0
    assert of(context).question


async def test_smaller_cuts_what_is_longest_and_says_so() -> None:
    context = await plan(Counting(None))
    context = replace(
        context, plan=replace(of(context), question="Вопрос о сроке. " * 500, instructions="Кратко. " * 400)
    )
    told = []
    for _ in range(drafting.HALVINGS):
        context = smaller(context)
        told.append(QUESTION_CUT in context.notices)
    plan_ = of(context)
    assert sum(map(len, (*plan_.packed, plan_.question, plan_.instructions))) < 2_000
    assert told == sorted(told)
    assert context.notices.count(QUESTION_CUT) == 1


async def test_what_was_found_and_cannot_be_read_is_not_nothing_found() -> None:
    made = await plan(Counting(SLOW), left=20.0)
    assert made.sources == ()
    assert of(made).unread
    assert UNREAD in made.notices
    said = prompt.messages(Request(QUESTION), made)
    assert of(made).prompt_tokens == len(_words(said))  # what is said of it is counted too
    assert "нет времени" in prompt.messages(Request(QUESTION), made)[-1].content


@pytest.mark.parametrize(("left", "context", "hurried"), [(300.0, None, True), (1e6, 2_048, False), (1e6, None, False)])
async def test_whether_it_is_time_that_is_short(left: float, context: int | None, hurried: bool) -> None:
    made = of(await plan(Counting(SLOW, context=context), left=left))
    assert made.hurried is hurried
