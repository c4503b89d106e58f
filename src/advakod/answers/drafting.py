"""What a model is given of what was found: packed until the plan holds, by the model's own count.

An engine that counts is asked once where everything fits, and three times where it does not: for the size of the
prompt with all of it, for the sizes of its blocks, and for the size of what was made of them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from ..engine.interface import Engine, EngineInfo, Message, PromptSize, Source, WritingTask
from . import conversations, packing, planning, prompt, queries
from .composing import cut
from .model import Context, Plan, Request, Run

HISTORY_CHARACTERS = 6_000
HALVINGS = 12  # leave nothing of the longest prompt
SHORTEST = 200  # characters that are left of a question however little time there is
TRIES = 5  # packings; each is smaller than the one before by what that was too large
# Of Russian text, where the engine's speed is known and its tokens are not: fewer than any tokenizer in use needs.
CHARACTERS_A_TOKEN = 2.0
EXTRACTIVE = "extractive"  # composes from whole provisions, and is given them

QUESTION_CUT = {
    "code": "question_cut",
    "message": "Вопрос слишком длинный для этой модели: она прочла его начало и конец.",
}
UNREAD = {
    "code": "unread",
    "message": "Нормы найдены, но прочесть их за отведённое время модель не успела бы: ответ дан без них.",
}


@dataclass(frozen=True, slots=True)
class Material:
    """What a smaller prompt can be made of, with its tokens."""

    sources: Sequence[Source]
    units: Sequence[packing.Unit]
    headers: Sequence[int]
    sizes: Sequence[int]
    given: int  # tokens of the provisions in the prompt that was too large


def earlier_prompt(connection: Connection, run: Run) -> tuple[Message, ...]:
    """The prompt of the turn before, without the system text, and its answer; none where they are not the
    beginning of what this run's prompt can be.
    """
    asked = conversations.get_message(connection, run.question_message or "")
    answer = conversations.get_message(connection, asked.parent or "") if asked else None
    before = queries.get(connection, answer.run) if answer and answer.run and answer.text else None
    context = before.context if before else None
    if answer is None or context is None or context.plan is None or context.prompt_version != prompt.VERSION:
        return ()
    if context.plan.instructions != run.request.instructions:
        return ()
    return (*prompt.of_plan(context.plan, context.sources)[1:], Message("assistant", answer.text))


class Drafting:
    """Makes the plan of one run; `left` is what is left of its budget, in seconds."""

    def __init__(self, engine: Engine, info: EngineInfo, request: Request, left: float, most_answer: int) -> None:
        self._engine = engine
        self._info = info
        self._request = request
        self._left = left
        self._most_answer = most_answer

    async def plan(self, found: Context, earlier: tuple[Message, ...] = ()) -> Context:
        """`found` with a plan and with the sources that the model is given, numbered anew.

        `earlier`: the conversation as an engine has read it, preferred where that saves reading.
        """
        if self._info.name == EXTRACTIVE:
            return found
        bounded = self._info.speed is not None or self._info.context is not None
        context = (
            await asyncio.to_thread(self._wanted, found, bounded) if found.sources else self._wanted(found, bounded)
        )
        if not bounded:
            return context
        context, size = await self._cheapest(context, earlier)
        room = self._room(size, size.tokens)
        if room is not None and size.tokens > room:
            context, size = await self._packed(context, size, found)
        if found.sources and not context.sources:
            context = _without_law(context)
            size = await self._size(context)
        return self._numbered(context, size)

    async def go_on(self, context: Context) -> Context:
        """The plan of a run that goes on with `context.written`: the prompt is what it was, the rest is new."""
        if context.plan is None or (self._info.speed is None and self._info.context is None):
            return context
        (written,) = await self._count([context.written])
        context, size = await self._halved(context, await self._size(context), written)
        return self._numbered(context, PromptSize(size.tokens + written, size.cached))

    def _wanted(self, found: Context, bounded: bool) -> Context:
        """All that one would give: within fixed bounds where nothing is known of the engine."""
        one = packing.LONG_SOURCE_CHARACTERS if bounded else packing.SOURCE_CHARACTERS
        most = packing.LONG_PROVISIONS_CHARACTERS if bounded else packing.PROVISIONS_CHARACTERS
        request = self._request
        packed = packing.by_characters(request.question, found.sources, one, most)
        history = prompt.turns_within(found.history, HISTORY_CHARACTERS)
        plan = Plan(packed.texts, history, request.question, request.instructions)
        return replace(found, sources=packed.sources, plan=plan)

    async def _cheapest(self, wanted: Context, earlier: tuple[Message, ...]) -> tuple[Context, PromptSize]:
        """With the conversation as it was read before, if less is left to read so; else in short."""
        size = await self._size(wanted)
        if not earlier:
            return wanted, size
        as_before = _with_plan(wanted, history=earlier)
        long = await self._size(as_before)
        context = self._info.context
        fits = long.cached > 0 and (context is None or long.cached <= context // 2)  # the law needs the other half
        saves = long.tokens - long.cached <= size.tokens - size.cached
        return (as_before, long) if fits and saves else (wanted, size)

    def _room(self, size: PromptSize, wanted: int) -> int | None:
        info = self._info
        return planning.room(self._left, info.speed, info.context, size, wanted, self._most_answer).prompt

    async def _packed(self, context: Context, size: PromptSize, found: Context) -> tuple[Context, PromptSize]:
        """One that fits: each try is smaller than the one before by what that was too large."""
        everything, material = size.tokens, await self._material(context, found.sources)
        given = material.given
        for tries in range(TRIES):
            room = self._room(size, everything)
            if room is None or size.tokens <= room:
                return context, size
            frame = max(0, size.tokens - given)
            news = max(1, room - size.cached)
            if room - frame < news // 2:  # the conversation and the question leave the law too little
                context, freed = _trimmed(context, found, size, news >> tries)
                frame = max(0, frame - freed)
            packed = packing.by_tokens(material.sources, material.units, material.headers, material.sizes, room - frame)
            given = packed.tokens
            context = _with_plan(replace(context, sources=packed.sources), packed=packed.texts)
            size = await self._size(context)
        return await self._halved(context, size)

    async def _halved(self, context: Context, size: PromptSize, besides: int = 0) -> tuple[Context, PromptSize]:
        """One that fits into the context at least, with `besides` tokens more; the numbers of sources stay."""
        most = self._info.context
        for _ in range(HALVINGS):
            if most is None or size.tokens + besides + planning.LAST_TOKENS <= most:
                break
            context = smaller(context)
            size = await self._size(context)
        return context, size

    async def _material(self, context: Context, sources: Sequence[Source]) -> Material:
        units = await asyncio.to_thread(packing.units_of, self._request.question, sources)
        texts = context.plan.packed if context.plan else ()
        headers = [prompt.header(source) for source in sources]
        counts = await self._count([*headers, *texts, *(unit.text for unit in units)])
        heads, rest = counts[: len(headers)], counts[len(headers) :]
        given = sum(heads[: len(texts)]) + sum(rest[: len(texts)]) + packing.GAP * len(texts)
        return Material(sources, units, heads, rest[len(texts) :], given)

    async def _count(self, texts: Sequence[str]) -> Sequence[int]:
        counts = await self._engine.count(texts)
        return [math.ceil(len(text) / CHARACTERS_A_TOKEN) for text in texts] if counts is None else counts

    async def _size(self, context: Context) -> PromptSize:
        messages = prompt.messages(self._request, context)
        task = WritingTask(self._request.question, messages, context.sources, seed=context.seed)
        size = await self._engine.measure(task)
        if size is not None:
            return size
        return PromptSize(math.ceil(sum(len(message.content) for message in messages) / CHARACTERS_A_TOKEN))

    def _numbered(self, context: Context, size: PromptSize) -> Context:
        info = self._info
        leisurely = planning.answer(self._left, None, info.context, size, self._most_answer)
        answer = planning.answer(self._left, info.speed, info.context, size, self._most_answer)
        times = planning.times(info.speed, size, answer) if info.speed else None
        return _with_plan(
            context,
            prompt_tokens=size.tokens,
            cached_tokens=size.cached,
            answer_tokens=answer,
            hurried=answer < leisurely,
            first_word=times.first_word if times else None,
            seconds=times.whole if times else None,
        )


def smaller(context: Context) -> Context:
    """The same sources under the same numbers, but half of what is longest: law and conversation, question, or
    instructions.
    """
    plan = _plan_of(context)
    said = sum(len(turn.content) for turn in plan.history)
    longest = max(said + sum(map(len, plan.packed)), len(plan.question), len(plan.instructions))
    if len(plan.question) == longest:
        return _with_question_cut(context, longest // 2)
    if len(plan.instructions) == longest:
        return _with_plan(context, instructions=cut(plan.instructions, longest // 2))
    packed = tuple(packing.half(plan.question, text) for text in plan.packed)
    return _with_plan(context, packed=packed, history=prompt.turns_within(plan.history, said // 2))


def _with_question_cut(context: Context, most: int) -> Context:
    """The reader is told of it."""
    before = _plan_of(context).question
    context = _with_plan(context, question=_both_ends(before, most))
    told = _plan_of(context).question == before or QUESTION_CUT in context.notices
    return context if told else replace(context, notices=(*context.notices, QUESTION_CUT))


def _without_law(context: Context) -> Context:
    """Provisions were found and none of them is given: neither model nor reader may take it for nothing found."""
    return _with_plan(replace(context, notices=(*context.notices, UNREAD)), unread=True)


def _plan_of(context: Context) -> Plan:
    assert context.plan is not None
    return context.plan


def _with_plan(context: Context, **changes: Any) -> Context:
    return replace(context, plan=replace(_plan_of(context), **changes))


def _trimmed(context: Context, found: Context, size: PromptSize, room: int) -> tuple[Context, int]:
    """With so little said besides the law that of `room` tokens some are left for it; and the tokens this frees."""
    before = _plan_of(context)
    ratio = _characters(context) / max(1, size.tokens)  # of a token
    most = int(room * ratio)
    trimmed = _with_question_cut(context, max(most // 3, SHORTEST))
    trimmed = _with_plan(
        trimmed,
        history=prompt.turns_within(found.history, most // 4),
        instructions=cut(before.instructions, max(most // 4, SHORTEST)),
    )
    return trimmed, int((_characters(context) - _characters(trimmed)) / ratio)


def _both_ends(text: str, most: int) -> str:
    """People tell their story first and ask in the end, or the other way round."""
    if len(text) <= most:
        return text
    head, tail = text[: most // 2], text[-(most // 2) :]
    return f"{head.rpartition(' ')[0] or head} […] {tail.partition(' ')[2] or tail}"


def _characters(context: Context) -> int:
    return sum(len(message.content) for message in prompt.of_plan(_plan_of(context), context.sources))
