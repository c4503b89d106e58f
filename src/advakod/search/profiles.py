"""Articles by what people ask of them: a profile is a heading, the guide's entry and the head of the text.

Profiles and questions are compared by their character n-grams. Words of a profile are few and each is meant, so its
length counts for nothing: BM25's normalisation, and that of the cosine, cost a tenth of nDCG on everyday
questions (docs/reference/retrieval.md). The matrix is sparse, lies in files, and is read through the page cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from .errors import IndexUnusableError
from .grams import Grams, grams

HEAD = 300  # characters of an article's text that belong to its profile
_PARTS = ("vocabulary", "rarity", "starts", "rows", "weights", "acts", "editions")

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Profile:
    """What one article is found by."""

    text: str  # empty: it is not found so
    act: str
    edition: int


def write(folder: Path, profiles: Iterable[Profile]) -> None:
    """A row for each profile, an empty one included; 65,536 of them take 32-bit numbers."""
    acts, editions, found = [], [], []
    for profile in profiles:
        acts.append(profile.act)
        editions.append(profile.edition)
        found.append(np.unique(grams(profile.text), return_counts=True))
    rows = np.repeat(np.arange(len(found), dtype=np.uint32), [len(terms) for terms, _ in found])
    terms = np.concatenate([terms for terms, _ in found]) if found else np.empty(0, np.uint64)
    counts = np.concatenate([counts for _, counts in found]) if found else np.empty(0, np.int64)
    vocabulary, columns, documents = np.unique(terms, return_inverse=True, return_counts=True)
    rarity = (np.log((1 + len(found)) / (1 + documents)) + 1).astype(np.float32)
    weights = (1 + np.log(counts)) * rarity[columns]
    order = np.argsort(columns, kind="stable")
    starts = np.concatenate([[0], np.cumsum(documents)]).astype(np.uint32)
    facts = (np.array(acts, str), np.array(editions, np.int64))
    postings = (rows[order].astype(_narrow(len(found))), weights[order].astype(np.float16))
    folder.mkdir()
    for name, part in zip(_PARTS, (vocabulary, rarity, starts, *postings, *facts), strict=True):
        np.save(folder / f"{name}.npy", part)


def _narrow(count: int) -> type[np.unsignedinteger[Any]]:
    return np.uint16 if count <= np.iinfo(np.uint16).max else np.uint32


class Profiles:
    """Reads what `write` wrote. Thread-safe. Raises IndexUnusableError when it cannot be opened."""

    def __init__(self, folder: Path) -> None:
        try:
            # Plain arrays over the mapped files: np.memmap's own slicing costs more than what it slices.
            parts = [np.asarray(open_memmap(folder / f"{name}.npy", mode="r")) for name in _PARTS]
        except (OSError, ValueError, EOFError) as error:
            raise IndexUnusableError(f"{folder}: {error}") from error
        self._vocabulary, self._rarity, self._starts, self._rows, self._weights, self.acts, self.editions = parts
        self._size = len(self.acts)

    def likeness(self, question: str, most_words: int) -> Scores:
        """Of each profile, as a share of what one would score that is the question and no more: 0 where nothing is
        shared, 0.5 to 2 of a profile that people would call like it, which says some of it more than once.

        Costs by the words of the question and by how common they are; 1 ms of an ordinary one.
        """
        terms = np.unique(grams(question, most_words))  # said once or ten times, it is asked once
        places, known = self._find(terms)
        rarest = np.log(1 + self._size) + 1
        ideal = np.where(known, self._rarity[places] if len(self._rarity) else rarest, rarest)
        whole = float(np.square(ideal).sum())
        return self._sum(places[known], ideal[known]) / np.float32(whole or 1.0)

    def _find(self, terms: Grams) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where each term stands in the vocabulary, and whether it does."""
        if not len(self._vocabulary):
            return np.zeros(len(terms), np.intp), np.zeros(len(terms), np.bool_)
        places = np.minimum(np.searchsorted(self._vocabulary, terms), len(self._vocabulary) - 1)
        return places, self._vocabulary[places] == terms

    def _sum(self, places: NDArray[np.intp], weights: NDArray[np.float64]) -> Scores:
        if not len(places):
            return np.zeros(self._size, np.float32)
        starts, ends = self._starts[places], self._starts[places + 1]
        spans = list(map(slice, starts.tolist(), ends.tolist()))
        rows = np.concatenate([self._rows[span] for span in spans])
        parts = np.concatenate([self._weights[span] for span in spans])
        parts = parts * np.repeat(weights.astype(np.float32), ends - starts)
        return np.bincount(rows, parts, minlength=self._size).astype(np.float32)
