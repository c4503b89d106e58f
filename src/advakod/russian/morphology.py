"""Lemma and stem of a word form. The dictionary (about 20 MB) is loaded on the first word, once."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from typing import Any

import pymorphy3
import snowballstemmer

from .tokens import fold

# All statutes in the corpus have some 60,000 word forms; an entry takes about 250 bytes.
FORMS_KEPT = 100_000

_lock = threading.Lock()  # the stemmer keeps the word it works on in itself


@cache
def _dictionary() -> Any:
    return pymorphy3.MorphAnalyzer(lang="ru", result_type=None)


@cache
def _stemmer() -> Any:
    return snowballstemmer.stemmer("russian")


def lemma(word: str) -> str:
    """Dictionary form of one word form, by its most probable reading. «договоров» → «договор».

    Context is not looked at, so homonyms go wrong: «статей» gives «стать».
    """
    return _forms(fold(word))[0]


def stem(word: str) -> str:
    """The word form without its endings (Snowball); needs no dictionary. «договорами» → «договор»."""
    return _stem(fold(word))


def terms(word: str) -> tuple[str, ...]:
    """What a folded word form is indexed as: the stem of its lemma and, where it differs, its own stem."""
    return _forms(word)[1]


@lru_cache(FORMS_KEPT)
def _forms(word: str) -> tuple[str, tuple[str, ...]]:
    if not _is_russian(word):
        return word, (word,)
    with _lock:
        best = fold(_dictionary().parse(word)[0][2])
    own, of_lemma = _stem(word), _stem(best)
    return best, (own,) if own == of_lemma else (of_lemma, own)


@lru_cache(FORMS_KEPT)
def _stem(word: str) -> str:
    if not _is_russian(word):
        return word
    with _lock:
        return str(_stemmer().stemWord(word))


def _is_russian(word: str) -> bool:
    return "а" <= word[:1] <= "я"
