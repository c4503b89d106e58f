"""Character n-grams of a text's words, as numbers: what inflection, misspelling and slang leave alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..russian import tokens

SHORTEST, LONGEST = 3, 5  # characters, the spaces around a word among them; chosen by measurement
_SPACE = ord(" ")
_BASE = np.uint64(1_000_003)  # of a polynomial hash: five characters of the BMP and a length in 64 bits

Grams = NDArray[np.uint64]


def grams(text: str, most_words: int | None = None) -> Grams:
    """Every n-gram within a word and its two spaces, one number for each place; «и» has the one « и »."""
    words = tokens(text)[:most_words]
    letters = np.array([ord(c) for c in f" {'  '.join(words)} "], np.uint64) if words else np.empty(0, np.uint64)
    inside = letters != _SPACE
    found = [_windows(letters, inside, length) for length in range(SHORTEST, LONGEST + 1)]
    return np.concatenate(found)


def _windows(letters: Grams, inside: NDArray[np.bool_], length: int) -> Grams:
    """Those of one length that hold no space but at their ends."""
    count = len(letters) - length + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    number = np.full(count, length, np.uint64)
    whole = np.ones(count, np.bool_)
    for place in range(length):
        number = number * _BASE + letters[place : place + count]
        if 0 < place < length - 1:
            whole &= inside[place : place + count]
    return number[whole]
