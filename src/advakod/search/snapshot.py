"""An opened index: immutable, shared by threads, replaced as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tantivy

from ..russian.morphology import terms
from .errors import IndexUnusableError
from .fields import CITED, PLACE_OF, SEARCHED, Stored, read_place, text_schema
from .generations import PROFILES, TEXTS, Manifest, read_manifest
from .profiles import Profiles, Scores
from .query import MOST_WORDS, NAMED_ACT, Question, by_heads, by_reference, in_texts, without_editions

PASSAGES_READ = 40  # best passages looked at: a long article may have several among them
PROFILES_READ = 40  # best profiles
PASSAGES_READ_WHOLE = 200  # for a question about a whole act: all its articles that say the words
KEPT = 256  # articles, about 5 KB each
KEPT_TERMS = 20_000
CITED_WEIGHT = 0.5  # of a score is added, there, for being referred to by e times as many articles
# What the best passage adds to a profile's likeness. Learnt from the development questions, cross-validated
# (docs/reference/retrieval.md).
PASSAGE_WEIGHT = 0.6
LEAST_LIKENESS = 0.3  # below it a profile shares syllables with a question, and no more; measured: 0.45 and above
BM25_MOST = 2.2  # k1 + 1 of Tantivy: what a word is worth at most, in its inverse document frequency


@dataclass(slots=True)
class Found:
    """An article found. `passages`: their numbers, the best first; none where only the guide led to it."""

    ordinal: int
    score: float
    passages: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Matching:
    """Distinct articles, the best first."""

    articles: list[Found]
    likeness: float = 0.0  # of the best profile to the question
    subjects: Sequence[float] = ()  # the same of each subject of the guide


class Snapshot:
    """Reads one generation. Raises IndexUnusableError when it cannot be opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self._text_schema = text_schema()
        self._texts = _searcher(folder / TEXTS)
        self._profiles = Profiles(folder / PROFILES)
        self._kept: dict[int, Stored] = {}
        self._frequencies: dict[str, int] = {}

    def matching(self, question: Question, excluded: Sequence[int]) -> Matching:
        """An article ranks by the likeness of its profile and by the square of the share of the question that its
        best passage has: a passage that has nearly all of it outweighs the guide, one that has half says little.
        """
        limit, weight = (PASSAGES_READ_WHOLE, CITED_WEIGHT) if question.whole else (PASSAGES_READ, 0.0)
        passages = self._passages(in_texts(self._text_schema, question), excluded, limit, weight)
        found = {article.ordinal: article for article in passages}
        whole = sum(self._worth(word) for word in question.words) or 1.0
        likeness, subjects = self._likeness(question, excluded)
        acts = self._profiles.acts
        for ordinal in _best(likeness, PROFILES_READ, LEAST_LIKENESS):
            found.setdefault(ordinal, Found(ordinal, 0.0))
        for article in found.values():
            named = acts[article.ordinal] in question.acts
            share = (article.score - NAMED_ACT * (named and article.score > 0)) / whole
            article.score = float(likeness[article.ordinal]) + PASSAGE_WEIGHT * share**2
        best = float(likeness.max(initial=0.0))
        # Who names an act wants it, however well another answers.
        articles = sorted(found.values(), key=lambda a: (acts[a.ordinal] not in question.acts, -a.score, a.ordinal))
        return Matching(articles, best, subjects.tolist())

    def _worth(self, word: str) -> float:
        """The most that a passage can score by it."""
        frequency = max(map(self._frequency, terms(word)), default=0)
        rarity = math.log(1 + (self._texts.num_docs - frequency + 0.5) / (frequency + 0.5))
        return rarity * BM25_MOST

    def named(self, act: str, article: str, excluded: Sequence[int]) -> list[Found]:
        """The article with this number; empty when there is none."""
        return [
            Found(found.ordinal, found.score)
            for found in self._passages(by_reference(self._text_schema, act, article), excluded, limit=1)
        ]

    def stored(self, ordinals: Sequence[int]) -> list[Stored]:
        """The articles themselves, in the order asked for. Those read lately are kept: people ask alike."""
        if missing := [ordinal for ordinal in ordinals if ordinal not in self._kept]:
            if len(self._kept) + len(missing) > KEPT:
                self._kept = {}
            self._kept |= self._read(missing)
        kept = self._kept
        return [kept[ordinal] if ordinal in kept else self._read([ordinal])[ordinal] for ordinal in ordinals]

    def _read(self, ordinals: Sequence[int]) -> dict[int, Stored]:
        hits = self._texts.search(by_heads(self._text_schema, ordinals), len(ordinals) or 1, count=False).hits
        addresses = [address for _, address in hits]
        places = self._texts.fast_field_values(PLACE_OF, addresses)
        by_ordinal = {read_place(int(place or 0))[0]: a for place, a in zip(places, addresses, strict=True)}
        return {o: Stored.unpack(bytes(self._texts.doc(by_ordinal[o])["stored"][0])) for o in ordinals}

    def _frequency(self, term: str) -> int:
        """In how many passages it stands."""
        if (known := self._frequencies.get(term)) is None:
            if len(self._frequencies) > KEPT_TERMS:
                self._frequencies = {}
            known = max(self._texts.doc_freq(name, term) for name in SEARCHED)
            self._frequencies[term] = known
        return known

    def _passages(
        self, query: tantivy.Query, excluded: Sequence[int], limit: int, cited_weight: float = 0.0
    ) -> list[Found]:
        hits = self._texts.search(without_editions(self._text_schema, query, excluded), limit, count=False).hits
        addresses = [address for _, address in hits]
        columns = (self._texts.fast_field_values(name, addresses) for name in (PLACE_OF, CITED))
        found: dict[int, Found] = {}
        for (score, _), place, cited in zip(hits, *columns, strict=True):
            ordinal, passage = read_place(int(place or 0))
            weighted = score * (1 + cited_weight * math.log1p(cited or 0))
            found.setdefault(ordinal, Found(ordinal, weighted)).passages.append(passage)
        return list(found.values())

    def _likeness(self, question: Question, excluded: Sequence[int]) -> tuple[Scores, Scores]:
        """Of each article's profile to the question, and of each subject's."""
        likeness = self._profiles.likeness(question.text, MOST_WORDS)
        if excluded:
            likeness[np.isin(self._profiles.editions, excluded)] = 0
        return likeness[: self.manifest.articles], likeness[self.manifest.articles :]

    def has(self, act: str, article: str) -> bool:
        """Whether any edition has the article."""
        return bool(self._texts.search(by_reference(self._text_schema, act, article), 1, count=False).hits)


def _best(scores: Scores, most: int, least: float) -> list[int]:
    """Where the highest stand, none below `least`, in no order."""
    if len(scores) > most:
        places: list[int] = np.argpartition(scores, -most)[-most:].tolist()
    else:
        places = list(range(len(scores)))
    return [place for place in places if scores[place] >= least]


def _searcher(folder: Path) -> tantivy.Searcher:
    try:
        index = tantivy.Index.open(str(folder))
        index.config_reader("manual")
        return index.searcher()
    except (ValueError, OSError) as error:
        raise IndexUnusableError(f"{folder}: {error}") from error
