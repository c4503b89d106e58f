"""An opened index: immutable, shared by threads, replaced as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tantivy

from .errors import IndexUnusableError
from .fields import CITED, PLACE_OF, SEARCHED, Stored, guide_schema, read_place, text_schema
from .generations import GUIDE, TEXTS, Manifest, read_manifest
from .query import Question, by_heads, by_reference, in_guide, in_texts, without_editions

PASSAGES_READ = 40  # best passages looked at: a long article may have several among them
ASKED_READ = 40  # best questions of the guide
PASSAGES_READ_WHOLE = 200  # for a question about a whole act: all its articles that say the words
KEPT = 256  # articles, about 5 KB each
KEPT_TERMS = 20_000
CITED_WEIGHT = 0.5  # of a score is added, there, for being referred to by e times as many articles
# A question of the guide against a passage of the law: its words are those of people, so it weighs more.
ASKED_WEIGHT = 1.5
OTHER_WEIGHT = 0.3  # what the lesser of the two adds


@dataclass(slots=True)
class Found:
    """An article found. `passages`: their numbers, the best first; none where only the guide led to it."""

    ordinal: int
    score: float
    passages: list[int] = field(default_factory=list)


class Snapshot:
    """Reads one generation. Raises IndexUnusableError when it cannot be opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self._text_schema, self._guide_schema = text_schema(), guide_schema()
        self._texts = _searcher(folder / TEXTS)
        self._guide = _searcher(folder / GUIDE)
        self._kept: dict[int, Stored] = {}
        self._frequencies: dict[str, int] = {}

    def matching(self, question: Question, excluded: Sequence[int]) -> list[Found]:
        """Distinct articles, the best first; an article ranks by its best passage and its best question."""
        limit, weight = (PASSAGES_READ_WHOLE, CITED_WEIGHT) if question.whole else (PASSAGES_READ, 0.0)
        passages = self._passages(in_texts(self._text_schema, question), excluded, limit, weight)
        found = {article.ordinal: article for article in passages}
        for ordinal, score in self._asked(question, excluded):
            article = found.setdefault(ordinal, Found(ordinal, 0.0))
            article.score = max(article.score, score) + OTHER_WEIGHT * min(article.score, score)
        return sorted(found.values(), key=lambda article: (-article.score, article.ordinal))

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

    def frequency(self, terms: Iterable[str]) -> int:
        """In how many passages the commonest of the terms stands."""
        return max(map(self._frequency, terms), default=0)

    def _frequency(self, term: str) -> int:
        if (known := self._frequencies.get(term)) is None:
            if len(self._frequencies) > KEPT_TERMS:
                self._frequencies = {}
            known = max(self._texts.doc_freq(name, term) for name in SEARCHED)
            self._frequencies[term] = known
        return known

    @property
    def passages(self) -> int:
        return self._texts.num_docs

    @property
    def size(self) -> int:
        """Documents of the larger index: what the height of scores depends on."""
        return max(self._texts.num_docs, self._guide.num_docs)

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

    def _asked(self, question: Question, excluded: Sequence[int]) -> list[tuple[int, float]]:
        query = without_editions(self._guide_schema, in_guide(self._guide_schema, question), excluded)
        best: dict[int, float] = {}
        hits = self._guide.search(query, ASKED_READ, count=False).hits
        places = self._guide.fast_field_values(PLACE_OF, [address for _, address in hits])
        for (score, _), place in zip(hits, places, strict=True):
            best.setdefault(read_place(int(place or 0))[0], ASKED_WEIGHT * score)
        return list(best.items())


def _searcher(folder: Path) -> tantivy.Searcher:
    try:
        index = tantivy.Index.open(str(folder))
        index.config_reader("manual")
        return index.searcher()
    except (ValueError, OSError) as error:
        raise IndexUnusableError(f"{folder}: {error}") from error
