"""Conversations as the model's own tokens, by its own template where that works.

What a person or a document says never becomes a mark of the template: marks in it are broken by a space."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..errors import EngineRefusedError
from ..interface import Message, WritingTask
from ..thinking import opened_by
from .http import LlamaClient

logger = logging.getLogger(__name__)

KEPT = 64  # prompts whose tokens are remembered: each is measured, perhaps more than once, before it is written
PLAIN = {"system": "{}\n\n", "user": "Вопрос: {}\n\nОтвет: ", "assistant": "{}\n\n"}


class Template(StrEnum):
    """How a conversation becomes a prompt; tried in this order."""

    OWN = "own"  # the model's own
    FOLDED = (
        "folded"  # its own, for questions and answers only: there are models that know no system, or no two in a row
    )
    PLAIN = "plain"  # none: its own raises


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent before the answer."""

    ids: tuple[int, ...]
    closing: str = ""  # the mark that ends the thought which the template begins, where it does


class Prompts:
    """The same messages give the same prompt as long as the template is the same."""

    def __init__(self, marks: Sequence[str] = ()) -> None:
        """`marks`: texts that become one token each wherever they stand in a prompt."""
        self._broken = breaker(marks)
        self.template = Template.OWN  # of the last prompt that was made
        self.refused = ""  # what the model's own raised last
        self._own = True
        self._kept: OrderedDict[tuple[Message, ...], Prompt] = OrderedDict()

    def give_up(self, reason: str) -> None:
        """The model's own template is of no use: the server would not load it."""
        self._own, self.template, self.refused = False, Template.PLAIN, reason

    async def of(self, client: LlamaClient, task: WritingTask) -> Prompt:
        """Raises EngineError."""
        messages = tuple(task.messages) or (Message("user", task.question),)
        if (known := self._kept.get(messages)) is None:
            text = await self._rendered(client, [Message(turn.role, self._broken(turn.content)) for turn in messages])
            known = Prompt(await client.tokenize(text), opened_by(text))
            self._kept[messages] = known
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(messages)
        return known

    async def _rendered(self, client: LlamaClient, messages: Sequence[Message]) -> str:
        tried = ((Template.OWN, messages), (Template.FOLDED, folded(messages)))
        for template, rearranged in tried if self._own else ():
            try:
                text = await client.apply_template(rearranged)
            except EngineRefusedError as error:
                self.refused = error.detail
                logger.warning("the model's chat template raised: %s", error.detail)
            else:
                self.template = template
                return text
        self.template = Template.PLAIN
        return plain(messages)


async def continuation(client: LlamaClient, task: WritingTask, prompt: Prompt) -> tuple[int, ...]:
    """The tokens of the text so far: the model's own as far as they are known. A thought is over by then."""
    if not task.prefix:
        return ()
    ended: tuple[int, ...] = ()
    if prompt.closing:
        ended = await client.tokenize(f"\n{prompt.closing}\n\n", first=False)
    known = tuple(task.prefix_ids)
    rest = task.prefix[task.prefix_ids_length if known else 0 :]
    return ended + known + ((await client.tokenize_each([rest]))[0] if rest else ())


def breaker(marks: Sequence[str]) -> Callable[[str], str]:
    """Puts a space behind the first sign of every mark in a text; what has none is not changed."""
    if not marks:
        return str
    first = "".join(sorted({re.escape(mark[0]) for mark in marks}))  # looked for first: there may be a thousand marks
    mark = re.compile(f"(?=[{first}])(?=(?:{'|'.join(map(re.escape, marks))}))(.)", re.DOTALL)
    return lambda text: mark.sub(r"\1 ", text)


def folded(messages: Sequence[Message]) -> list[Message]:
    """Questions and answers by turns and nothing else: the system's texts begin the first question."""
    turns: list[Message] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1].role == role:
            turns[-1] = Message(role, f"{turns[-1].content}\n\n{message.content}")
        else:
            turns.append(Message(role, message.content))
    return turns


def plain(messages: Sequence[Message]) -> str:
    """A text that any model goes on with."""
    return "".join(PLAIN.get(message.role, "{}\n\n").format(message.content) for message in messages).rstrip()
