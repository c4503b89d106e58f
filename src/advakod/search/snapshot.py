"""An opened index: immutable, shared by threads, replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tantivy

from .errors import IndexUnusableError
from .fields import Stored, schema
from .generations import Manifest, read_manifest


@dataclass(frozen=True, slots=True)
class Found:
    """An article found by its passages: the best first, as spans of its text."""

    ordinal: int
    score: float
    spans: list[tuple[int, int]]


class Snapshot:
    """Reads one generation. Raises IndexUnusableError when it cannot be opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self.schema = schema()
        try:
            self._index = tantivy.Index(self.schema, path=str(folder))
            self._index.config_reader("manual")
            self._searcher = self._index.searcher()
        except (ValueError, OSError) as error:
            raise IndexUnusableError(f"{folder}: {error}") from error

    def articles(self, query: tantivy.Query, passages: int) -> list[Found]:
        """Distinct articles among the best passages; an article ranks by its best passage."""
        hits = self._searcher.search(query, passages, count=False).hits
        addresses = [address for _, address in hits]
        ordinals, starts, ends = (
            self._searcher.fast_field_values(name, addresses) for name in ("article", "start", "end")
        )
        found: dict[int, Found] = {}
        for (score, _), ordinal, start, end in zip(hits, ordinals, starts, ends, strict=True):
            assert ordinal is not None
            article = found.setdefault(int(ordinal), Found(int(ordinal), score, []))
            article.spans.append((int(start or 0), int(end or 0)))
        return list(found.values())

    def stored(self, ordinal: int) -> Stored:
        """The article itself."""
        query = tantivy.Query.term_query(self.schema, "head", ordinal, "basic")
        address = self._searcher.search(query, 1, count=False).hits[0][1]
        return Stored.unpack(bytes(self._searcher.doc(address)["stored"][0]))

    def frequency(self, fields: Sequence[str], term: str) -> int:
        """In how many passages the term stands, by the field that has most."""
        return max(self._searcher.doc_freq(name, term) for name in fields)

    @property
    def passages(self) -> int:
        return self._searcher.num_docs
