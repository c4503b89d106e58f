"""Which sources are near enough to the best one to be shown, and whether even that one may not answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ...engine.interface import Source
from ...law.citations import Reference
from .relevance import Question, reach, share_known

LEAST_SCORE = 0.6  # of the best source's score, to be shown beside it
LEAST_SCORE_ELSEWHERE = 0.9  # the same for another act than the best source's
LEAST_REACH = 0.6  # of the greatest share of the question's words that a source has
DOUBTED_SHARE = 0.5  # of the question's words; sources with no more may be about something else
NEAR_SCORE = 0.95  # of the best score; such sources are as good as the best
NEAR_REACH = 0.75  # of the greatest share


def names(question: Question, source: Source) -> list[Reference]:
    """Where the question names the source by its number."""
    return [r for r in question.named if r.article == source.article and r.act in (None, source.act)]


def fitting(question: Question, sources: Sequence[Source]) -> tuple[Sequence[Source], bool]:
    """Sources near the best one in score and in the question's words; and whether an answer from them is doubtful.

    The search's first is always among them, and so is what the question names.
    """
    if not sources or not question.words:
        return sources, False
    reached = _reached(question, sources)
    first, most = sources[0], max(reached.values())
    kept = [s for s in sources if s is first or names(question, s) or _is_near(s, first, reached[s.n], most)]
    doubted = not any(names(question, s) or share_known(question, _text(s)) > DOUBTED_SHARE for s in kept)
    return kept, doubted


def near_best(question: Question, sources: Sequence[Source]) -> list[Source]:
    """What the question names; else the search's first and those of its act that it found as good."""
    named = [s for s in sources if names(question, s)]
    if named or not sources:
        return named
    reached = _reached(question, sources)
    least = NEAR_REACH * max(reached.values())
    first = sources[0]
    rest = (s for s in sources[1:] if s.act == first.act and s.score >= first.score * NEAR_SCORE)
    return [first, *(s for s in rest if reached[s.n] >= least)]


def _reached(question: Question, sources: Sequence[Source]) -> dict[int, float]:
    return {source.n: reach(question, _text(source)) for source in sources}


def _text(source: Source) -> str:
    return f"{source.title}\n{source.text}"


def _is_near(source: Source, first: Source, reached: float, most: float) -> bool:
    least = LEAST_SCORE if source.act == first.act else LEAST_SCORE_ELSEWHERE
    return source.score >= first.score * least and reached >= most * LEAST_REACH
