"""The one analysis of Russian text, so that every search backend sees the same terms (DESIGN §8)."""

from __future__ import annotations

from .morphology import terms
from .tokens import tokens

# Recorded in every index; an index of another version is rebuilt. Raise it when `analyse` changes.
ANALYSIS_VERSION = 1


def analyse(text: str) -> list[str]:
    """Index terms in reading order: for each word its lemma's stem and, if another, its own; numbers as they are.

    The own stem mends what the lemma gets wrong: «статей» is «стат» by its own stem.
    """
    return [term for word in tokens(text) for term in terms(word)]
