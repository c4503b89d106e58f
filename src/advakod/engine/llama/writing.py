"""One text as it is written: what the child sends, as pieces; what it cost; what the child's slot holds after it."""

from __future__ import annotations

from ..interface import Piece, Reading
from ..thinking import Splitter, Written, joined
from .http import Chunk, End, Progress, Timings
from .prompts import Prompt

NOTHING = Written("", 0, ())


class Writing:
    """Fed with every chunk of one completion. `now` is in seconds, of any clock that only goes on."""

    def __init__(self, prompt: Prompt, before: tuple[int, ...], *, resumed: bool) -> None:
        """`before`: all that is sent, the text so far included. A text that is resumed is past its thinking."""
        self._prompt = prompt
        self._before = before
        self._splitter = Splitter(prompt.closing)
        self._splitter.settled = resumed
        self._progress: Progress | None = None
        self._ids: list[int] = []  # written, as far as all of them are known
        self._ids_known = True
        self._written = 0
        self._untold = 0  # tokens that no piece has told of
        self._told_prompt = False
        self._began = self._last = 0.0  # first and last token
        self._end: End | None = None

    @property
    def over(self) -> bool:
        return self._end is not None

    @property
    def begun(self) -> bool:
        """Whether a token has been written."""
        return self._written > 0

    def pieces(self, chunk: Chunk, now: float) -> list[Piece]:
        """What there is to tell: reading, then text or thinking; the last piece of all carries the finish."""
        pieces: list[Piece] = []
        if chunk.progress is not None:
            self._progress = chunk.progress
            pieces.append(Piece("", 0, reading=Reading(chunk.progress.done, chunk.progress.total)))
        if chunk.written:
            self._note(chunk.written, now)
        settled = self._splitter.settled
        answer = self._answer(chunk)
        thoughts = self._untold - answer.tokens - self._splitter.undecided
        if not settled and self._splitter.thought and thoughts:
            self._untold -= thoughts
            pieces.append(Piece("", thoughts, None, *self._first_facts(), thinking=True))
        if chunk.end is not None:
            self._end = chunk.end
            facts = self._prompt_facts(chunk.end.timings.cached)
            pieces.append(Piece(answer.text, self._tell(), chunk.end.finish, *facts, ids=answer.ids))
        elif answer.text:
            pieces.append(Piece(answer.text, self._tell(), None, *self._first_facts(), ids=answer.ids))
        return pieces

    def _answer(self, chunk: Chunk) -> Written:
        if self._splitter.settled:
            return joined(chunk.written) if chunk.written else NOTHING
        answers = [self._splitter.feed(written) for written in chunk.written]
        if chunk.end is not None:
            answers.append(self._splitter.end())
        return joined(answer for answer in answers if answer is not None)

    def _note(self, written: list[Written], now: float) -> None:
        if not self._written:
            self._began = now
        self._last = now
        for _, tokens, ids in written:
            self._written += tokens
            self._untold += tokens
            self._ids_known = self._ids_known and bool(ids)
            if self._ids_known:
                self._ids += ids

    def _tell(self) -> int:
        untold, self._untold = self._untold, 0
        return untold

    def _first_facts(self) -> tuple[int | None, int | None]:
        """With the first token, for a text that does not live to its end."""
        if self._told_prompt or self._progress is None:
            return None, None
        self._told_prompt = True
        return self._prompt_facts(self._progress.cached)

    def _prompt_facts(self, cached: int) -> tuple[int, int]:
        """The text so far is no part of the prompt."""
        tokens = len(self._prompt.ids)
        return tokens, min(cached, tokens)

    # -- afterwards -------------------------------------------------------------------------------

    def held(self) -> tuple[int, ...]:
        """What the child's slot is known to hold."""
        if self._written:
            return (*self._before, *self._ids[:-1])  # the last one is chosen, and read only with the next
        return self._before[: self._progress.done] if self._progress is not None else ()

    @property
    def cached(self) -> int | None:
        """Tokens that the child did not read anew; None: it did not come to that."""
        return None if self._progress is None else self._progress.cached

    def timings(self) -> Timings | None:
        """By the child's clock; by ours for a text that was stopped."""
        if self._end is not None:
            return self._end.timings
        if self._progress is None:
            return None
        done, cached = self._progress.done, self._progress.cached
        return Timings(cached, done - cached, self._progress.seconds, self._written, self._last - self._began)
