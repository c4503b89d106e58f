"""Going on with a text on an OpenAI-compatible server: how it is asked, whether it can, whether it did."""

from __future__ import annotations

from typing import Any

from ..settings import Prefill
from .errors import EngineLostError
from .interface import WritingTask

# Characters that a reply shares with the beginning of the text it was to go on with. Fewer are a coincidence:
# «1. » comes again in a list; a restart shares all it has.
RESTART = 24
PROBE_TEXT = "один, два, три, четыре, пять, шесть,"
PROBE = WritingTask(
    question="Перечисли числа от одного до двадцати словами, через запятую, со строчной буквы.",
    prefix=PROBE_TEXT,
    max_tokens=12,
    temperature=0.0,
)
# What `auto` tries, in this order.
MODES = (Prefill.CONTINUE_FINAL_MESSAGE, Prefill.ASSISTANT)


def chat_request(task: WritingTask, model: str, mode: Prefill) -> dict[str, Any]:
    """The body of a request; with a prefix, the text so far is the assistant's last message."""
    messages = [{"role": message.role, "content": message.content} for message in task.messages]
    body: dict[str, Any] = {
        "model": model,
        "messages": messages or [{"role": "user", "content": task.question}],
        "max_tokens": task.max_tokens,
        "temperature": task.temperature,
        "top_p": task.top_p,
        "seed": task.seed,
    }
    if task.prefix:
        body["messages"] = [*body["messages"], {"role": "assistant", "content": task.prefix}]
    if task.prefix and mode is Prefill.CONTINUE_FINAL_MESSAGE:
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    return body


def goes_on(reply: str) -> bool:
    """Whether this reply to PROBE goes on with the text instead of beginning a new one."""
    reply = reply.strip(" \n\t«\"'*")
    return bool(reply) and not reply.startswith(PROBE_TEXT.split(",")[0]) and not reply[0].isupper()


class RestartGuard:
    """Holds back the beginning of a continuation until it is clear that it is not the text once more.

    A continuation that repeats the beginning of the prefix is an EngineLostError, and nothing of it
    gets out; every other text gets out whole. Leading white space is not compared.
    """

    def __init__(self, prefix: str) -> None:
        self._beginning = prefix.lstrip()[:RESTART].rstrip()
        self._held = ""
        self._open = not self._beginning

    def let(self, text: str, *, last: bool = False) -> str:
        """What may go out now; everything when this is the `last` of it."""
        if self._open:
            return text
        self._held += text
        reply = self._held.lstrip()
        if reply.startswith(self._beginning):
            raise EngineLostError("the server began the text anew instead of going on with it")
        if self._beginning.startswith(reply) and not last:
            return ""
        self._open = True
        return self._held
