"""How much a model may read and write in the time that is left. Pure; tokens are the model's own.

The rule: reading what is not cached and writing the answer take no longer than USABLE of the time that is left,
and both fit into the model's context. While time is short the answer gets a quarter of what is read, so that both
grow with it: 300 s at 2.5 and 1.6 tokens a second are some 460 tokens to read and 115 to write. Once all that was
found has been read the answer gets what is left, up to what was asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..engine.interface import PromptSize, Speed

USABLE = 0.85  # of the time left: a speed is an estimate, and a busy machine is slower than its estimate
ANSWER_SHARE = 4  # tokens read for each one written, while time is short
CONTEXT_SHARE = 4  # an answer is sure of so much of the context: a quarter
LEAST_ANSWER = 20  # tokens in which anything can be said: a sentence
LAST_TOKENS = 60  # a sentence or two: writing that has no more left ends with the next sentence


@dataclass(frozen=True, slots=True)
class Room:
    """The most that prompt and answer may have; both > 0. None: as much as one likes."""

    prompt: int | None
    answer: int


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds to the first word, and to the last were all the room used."""

    first_word: float
    whole: float


def room(
    seconds: float, speed: Speed | None, context: int | None, size: PromptSize, wanted: int, most_answer: int
) -> Room:
    """`seconds`: left of the budget; `wanted`: tokens of a prompt with all that was found; `size`: what is
    cached of it. More time never means less of either.
    """
    prompt, reply = _without_hurry(context, wanted, most_answer)
    if speed is None:
        return Room(prompt if context is not None else None, reply)
    usable = max(0.0, seconds) * USABLE
    news = max(1, prompt - size.cached)  # to be read, were there no hurry
    share = 1 / speed.reading + 1 / (ANSWER_SHARE * speed.writing)
    hurried = min(usable / share, float(news))
    hurried_reply = hurried / ANSWER_SHARE
    if hurried_reply > reply:  # the answer has all it may have: the rest of the time is for reading
        hurried = min((usable - reply / speed.writing) * speed.reading, float(news))
    elif hurried == news:  # all is read: the rest of the time is for the answer
        hurried_reply = (usable - news / speed.reading) * speed.writing
    return Room(
        prompt=max(1, min(prompt, size.cached + math.floor(hurried))),
        answer=max(1, min(reply, math.floor(hurried_reply))),
    )


def _without_hurry(context: int | None, wanted: int, most_answer: int) -> tuple[int, int]:
    """As much as one would give both, had one all the time there is."""
    if context is None:
        return wanted, most_answer
    sure = min(most_answer, context // CONTEXT_SHARE)
    prompt = max(1, min(wanted, context - sure))
    return prompt, max(1, min(most_answer, context - prompt))


def answer(seconds: float, speed: Speed | None, context: int | None, size: PromptSize, most: int) -> int:
    """Tokens of an answer to a prompt that is what it is; at least 1."""
    if context is not None:
        most = min(most, context - size.tokens)
    if speed is not None:
        reading = (size.tokens - size.cached) / speed.reading
        most = min(most, math.floor((max(0.0, seconds) * USABLE - reading) * speed.writing))
    return max(1, most)


def times(speed: Speed, size: PromptSize, tokens: int) -> Times:
    """What reading this prompt and writing so much takes."""
    first = (size.tokens - size.cached) / speed.reading
    return Times(first, first + tokens / speed.writing)


def last_seconds(speed: Speed | None) -> float:
    """How long before the end of the budget writing should look for a good place to stop."""
    return LAST_TOKENS / speed.writing if speed else 0.0


def last_tokens(planned: int) -> int:
    """The same in tokens of a plan; of a short one the latter half."""
    return min(LAST_TOKENS, planned // 2)
