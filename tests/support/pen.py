"""A writer whose every word the test allows, so that no clock decides what a test meets.

What a test stops, cuts or kills cannot have ended by itself on a slow machine, and what it waits for is
written at once on any.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.fake_openai import FakeOpenAI


class Pen:
    """Writes what an upstream says, as far as it may; what an earlier attempt has written counts."""

    def __init__(self, upstream: FakeOpenAI) -> None:
        self._upstream = upstream

    def to(self, words: int) -> None:
        """So many words of the text, and then nothing until more are allowed."""
        self._upstream.behaviour.allowed = words

    def finish(self) -> None:
        """All there is, at full speed."""
        self._upstream.behaviour.allowed = None


@contextmanager
def pen_of(upstream: FakeOpenAI) -> Iterator[Pen]:
    """A pen that writes nothing yet; in the end, everything: nobody is left waiting."""
    pen = Pen(upstream)
    pen.to(0)
    try:
        yield pen
    finally:
        pen.finish()
