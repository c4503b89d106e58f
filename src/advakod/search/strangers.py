"""Acts that a question names and the registry does not know, looked for among those that are loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..law.mentions import Mention
from ..law.unknown import Stranger
from ..russian import stem, tokens
from .generations import EditionFacts
from .query import Question


def introduce(question: Question, editions: Iterable[EditionFacts]) -> Question:
    """The question with every stranger that is loaded named by its id; the rest stay strangers."""
    if not question.strangers:
        return question
    acts = {s: act for s in question.strangers if (act := _loaded(s, editions))}
    references = [
        replace(r, act=acts[r.stranger], stranger=None) if r.stranger in acts else r for r in question.references
    ]
    mentions = [*question.mentions, *(Mention(act, s.start, s.end) for s, act in acts.items())]
    left = [s for s in question.strangers if s not in acts]
    return replace(question, references=references, mentions=mentions, strangers=left)


def _loaded(stranger: Stranger, editions: Iterable[EditionFacts]) -> str | None:
    """The act with this number, or the only one whose title says all of the subject."""
    if stranger.number:
        return next((e.act for e in editions if e.number.casefold() == stranger.number.casefold()), None)
    subject = stranger.subject
    acts = {e.act for e in editions if subject <= set(map(stem, tokens(e.title)))} if subject else set()
    return acts.pop() if len(acts) == 1 else None
