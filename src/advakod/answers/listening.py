"""From an engine's pieces to the log: words, and what it does before them; and where the writing is over."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from ..engine.interface import FinishReason, Piece, Reading
from . import wire
from .braking import Brake, kept_of
from .model import Outcome, Status
from .outcomes import finished
from .recorder import Recorder


class Listening:
    """What one attempt hears of its engine; `progress` is the least time between two signs of reading, in seconds."""

    def __init__(self, progress: float) -> None:
        self.shortened = False  # the answer ends sooner than was asked for, for want of time
        self.usage = wire.Usage()
        self._silent = False  # the log's last stage is, or may be, of what comes before the first word
        self._thinking = False  # told
        self._thought = 0  # tokens of this writing, which share its room with those of the answer
        self._progress = progress
        self._first_reading: tuple[float, int] | None = None  # loop time and tokens: its pace tells how long it takes
        self._last_reading: Reading | None = None
        self._next_reading = 0.0  # loop time before which no more of it is told

    def expect(self, *, reading: bool) -> None:
        """Whether it is known that signs of reading come first: the first word is told as a stage then."""
        self._silent = reading

    def begin(self) -> None:
        """The engine is asked, maybe anew: what was thought before is forgotten."""
        self._thought, self._first_reading = 0, None

    def take(self, pen: Recorder, piece: Piece, brake: Brake, *, hurried: bool) -> Outcome | None:
        """Write down what the engine says; an outcome ends the writing.

        `hurried`: for want of time the answer's room is less than what was asked for, so that its end is no fault.
        """
        if piece.reading is not None:
            self._tell_reading(pen, piece.reading)
            return None
        if piece.thinking:
            self._tell_thinking(pen, piece)
            return None
        self._note(pen, piece)
        if piece.finish is None and piece.text and self._stops(pen, piece, brake):
            return Outcome(Status.COMPLETED)
        pen.words(piece.text, piece.tokens, piece.ids)
        if piece.finish is None:
            return None
        empty = not pen.text.strip()
        outcome = finished(piece.finish, empty=empty, thought=self.usage.reasoning > 0, hurried=hurried)
        self.shortened = hurried and piece.finish is FinishReason.LENGTH and not empty
        return outcome

    def _stops(self, pen: Recorder, piece: Piece, brake: Brake) -> bool:
        """Whether a sentence ends here and is the last that there is time for; then it is written down."""
        if not brake.is_on(asyncio.get_running_loop().time(), pen.output_tokens + self._thought):
            return False
        kept = kept_of(pen.text, piece.text)
        if kept is None:
            return False
        pen.words(piece.text[:kept], piece.tokens if kept else 0)
        self.shortened = True
        return True

    def _note(self, pen: Recorder, piece: Piece) -> None:
        if self._silent and piece.text:
            self._silent = False
            pen.event("advakod.stage", stage="writing")
        if piece.prompt_tokens is not None:
            pen.run = replace(pen.run, input_tokens=piece.prompt_tokens)
        if piece.cached_tokens is not None:
            self.usage = replace(self.usage, cached=piece.cached_tokens)

    def _tell_reading(self, pen: Recorder, reading: Reading) -> None:
        """The first at once, the others when it has gone on, at most every H/3."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_reading and reading != self._last_reading:
            self._silent, self._next_reading, self._last_reading = True, now + self._progress, reading
            self._thinking = False  # after a crash it thinks anew
            pen.event(
                "advakod.stage",
                stage="reading",
                done=reading.done,
                total=reading.total,
                **self._expected(pen, self._left(now, reading)),
            )

    def _expected(self, pen: Recorder, left: float | None) -> dict[str, float | None]:
        """Seconds that are left, and the same from the claim on, as the plan tells them: what is read late is true."""
        begun = pen.run.started_at
        first_word = None if left is None or begun is None else round(max(0.0, time.time() - begun) + left, 1)
        return {"seconds_left": left, "expected_first_word": first_word}

    def _left(self, now: float, reading: Reading) -> float | None:
        """Seconds that the rest takes at the pace seen so far; None until there is one."""
        if self._first_reading is None or reading.done < self._first_reading[1]:
            self._first_reading = now, reading.done
        at, done = self._first_reading
        if reading.done <= done:
            return None
        return round((reading.total - reading.done) * (now - at) / (reading.done - done), 1)

    def _tell_thinking(self, pen: Recorder, piece: Piece) -> None:
        """Once: what is thought is nobody's, and how long it takes nobody knows."""
        self._thought += piece.tokens
        self.usage = replace(self.usage, reasoning=self.usage.reasoning + piece.tokens)
        if not self._thinking:
            self._thinking = self._silent = True
            pen.event("advakod.stage", stage="thinking")
