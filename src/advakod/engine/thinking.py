"""Splits what a model thinks from what it answers.

A thought stands before the answer, between marks that may be cut anywhere. Marks inside an answer are text: someone
may ask about them. The whitespace between a thought and the answer belongs to neither.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

MARKS = {"<think>": "</think>", "[THINK]": "[/THINK]"}


class Written(NamedTuple):
    """Tokens and the text that they are; `ids` is empty where they are not known."""

    text: str
    tokens: int
    ids: tuple[int, ...]


def preserved(template: str) -> list[str]:
    """The marks that this template knows. Some models have them as control tokens, which the server leaves out of the
    text unless they are named to it; naming one costs it half a millisecond."""
    return [mark for pair in MARKS.items() if any(known in template for known in pair) for mark in pair]


def opened_by(prompt: str) -> str:
    """The mark that ends the thought which the prompt itself begins; empty when it begins none."""
    end = prompt.rstrip()
    return next((closing for opening, closing in MARKS.items() if end.endswith(opening)), "")


class Splitter:
    """Fed with all that a model writes. The answers it returns, joined, are the answer.

    `closing`: the mark that ends the thought which the prompt begins. Once `settled`, everything is answer and need
    not be fed any more. Ids stay with their text; an answer that begins inside a token has none there.
    """

    __slots__ = ("_closing", "_open", "_pending", "_thought", "settled")

    def __init__(self, closing: str = "") -> None:
        self._closing = closing  # empty: not inside a thought
        self._thought = bool(closing)  # one has been seen
        self._open = ""  # text whose meaning is not known yet
        self._pending: deque[Written] = deque()  # the tokens whose text ends with it
        self.settled = False

    @property
    def thought(self) -> bool:
        """Whether there was a thought, or is one."""
        return self._thought

    @property
    def undecided(self) -> int:
        """Tokens that may yet be the beginning of the answer."""
        decided = self.settled or self._closing or not self._open
        return 0 if decided else sum(token.tokens for token in self._pending)

    def feed(self, written: Written) -> Written | None:
        """The answer in it and in what was held back; None: there is none yet."""
        if self.settled:
            return written
        self._open += written.text
        self._pending.append(written)
        while self._step():
            pass
        self._forget()
        return self._answer() if self.settled else None

    def end(self) -> Written | None:
        """What was held back, when nothing more comes: it was no mark. A thought without an end is no answer."""
        if self.settled or self._closing or not self._open:
            return None
        self._settle()
        return self._answer()

    def _step(self) -> bool:
        """Whether what is open has been understood a little further."""
        if self._closing:
            return self._leave()
        begun = self._open.lstrip()
        for opening, closing in MARKS.items():
            if begun.startswith(opening):
                self._open, self._closing, self._thought = begun[len(opening) :], closing, True
                return True
        if begun and not any(mark.startswith(begun) for mark in MARKS):
            self._settle()
        return False

    def _leave(self) -> bool:
        _, mark, after = self._open.partition(self._closing)
        if mark:
            self._open, self._closing = after, ""
            return True
        self._open = self._open[-len(self._closing) + 1 :]  # may be the beginning of the mark
        return False

    def _settle(self) -> None:
        if self._thought:
            self._open = self._open.lstrip()
        self.settled = True

    def _answer(self) -> Written | None:
        """All that is open, with its ids if it begins where a token begins."""
        if not self._open:
            return None
        tokens, length = [], 0
        while length < len(self._open):
            tokens.append(self._pending.pop())
            length += len(tokens[-1].text)
        tokens.reverse()
        return Written(
            self._open, sum(token.tokens for token in tokens), _ids(tokens) if length == len(self._open) else ()
        )

    def _forget(self) -> None:
        """Tokens that no open text needs."""
        spare = sum(len(token.text) for token in self._pending) - len(self._open)
        while self._pending and (spare := spare - len(self._pending[0].text)) >= 0:
            self._pending.popleft()


def joined(written: Iterable[Written]) -> Written:
    """One after the other; the ids are known when those of every text are."""
    parts = list(written)
    if len(parts) == 1:
        return parts[0]
    return Written("".join(part.text for part in parts), sum(part.tokens for part in parts), _ids(parts))


def _ids(parts: Iterable[Written]) -> tuple[int, ...]:
    ids: list[int] = []
    for part in parts:
        if part.text and not part.ids:
            return ()
        ids += part.ids
    return tuple(ids)
