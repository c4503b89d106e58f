"""Search inside one edition: a concordance of its words, kept in memory while it is used.

Not the room's index of all acts: here a reader looks for words in the text that is open, and every
article that has one is shown. Forms of a word are brought together as `russian` does; forms that begin
with another letter («человек», «люди») are not.
"""

from __future__ import annotations

import re
import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..russian import fold, tokens
from ..russian.morphology import terms
from .assembly import line_title
from .model import ArticleText, Edition
from .places import place_of

EXCERPT = 200  # characters; two lines of a page
LONG = 7  # letters; the forms of a word this long share its first two («отец» and «день» do not: «отца», «дня»)
KEPT = 8  # editions; ГК, the largest act, has four and takes about 12 MB

_WORD = re.compile(r"\d+(?:\.\d+)*|[^\W\d_][^\W\d_\u0301\u00ad]*")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is found: an article, a preamble, a point of an act without articles."""

    place: str
    title: str
    path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Rank:
    """The less, the better: the phrase word for word, then more of its words, then more of them in the title."""

    no_phrase: bool
    words_missing: int
    title_words_missing: int


@dataclass(frozen=True, slots=True)
class Match:
    """A unit that has at least one of the words."""

    rank: Rank
    unit: Unit


class Concordance:
    """Immutable once built; may be read by several threads."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = tuple(units)
        self._titles = [frozenset(tokens(unit.title)) for unit in self._units]
        self._holding: dict[str, array[int]] = defaultdict(lambda: array("I"))
        for number, unit in enumerate(self._units):
            for word in self._titles[number].union(tokens(unit.text)):
                self._holding[word].append(number)
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word in self._holding:
            self._by_letter[word[0]].append(word)

    def find(self, words: Sequence[str], phrase: str) -> list[Match]:
        """Units with any of the folded words, in reading order; `phrase` is looked for as a whole too."""
        forms = [self._forms(word) for word in dict.fromkeys(words)]
        saying = self._saying(phrase)
        found: dict[int, int] = defaultdict(int)
        for each in forms:
            for number in {n for word in each for n in self._holding[word]}:
                found[number] += 1
        return [
            Match(Rank(number not in saying, len(forms) - had, self._untitled(number, forms)), self._units[number])
            for number, had in sorted(found.items())
        ]

    def at(self, place: str) -> Unit | None:
        """The unit that stands at a place."""
        return next((unit for unit in self._units if unit.place == place), None)

    def _forms(self, word: str) -> frozenset[str]:
        """The forms of a word that stand here."""
        if not word[0].isalpha():
            return frozenset({word}) & self._holding.keys()
        wanted, beginning = set(terms(word)), word[: 1 if len(word) < LONG else 2]
        near = (other for other in self._by_letter.get(word[0], ()) if other.startswith(beginning))
        return frozenset(other for other in near if not wanted.isdisjoint(terms(other)))

    def _saying(self, phrase: str) -> set[int]:
        """Units where the phrase stands word for word; one word is no phrase."""
        said = tokens(phrase)
        if len(said) < 2:
            return set()
        holding = set.intersection(*(set(self._holding.get(word, ())) for word in said))
        return {number for number in holding if _says(self._units[number], " ".join(said))}

    def _untitled(self, number: int, forms: Sequence[frozenset[str]]) -> int:
        return sum(self._titles[number].isdisjoint(each) for each in forms)


def _says(unit: Unit, phrase: str) -> bool:
    return any(f" {phrase} " in f" {' '.join(tokens(words))} " for words in (unit.title, unit.text))


def units(edition: Edition, articles: Iterable[ArticleText]) -> Iterator[Unit]:
    """What a reader may find in an edition."""
    for article in articles:
        own = article.provisions[0]
        title = line_title(own.kind, own.number, own.heading, own.text)
        yield Unit(place_of(edition, own.address, own.number), title, article.path, article.text)


class Concordances:
    """The concordances of editions read lately. Thread-safe; two threads may build the same one at once."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._built: OrderedDict[tuple[object, ...], Concordance] = OrderedDict()

    def of(self, edition: Edition, read: Callable[[], Iterable[Unit]]) -> Concordance:
        """An edition's; `read` is called where it has to be built. An edition's text never changes."""
        key = (edition.id, edition.source_sha256, edition.ingested_at)  # ids are used again
        with self._lock:
            found = self._built.get(key)
            if found is not None:
                self._built.move_to_end(key)
                return found
        built = Concordance(read())
        with self._lock:
            self._built[key] = built
            while len(self._built) > self._kept:
                self._built.popitem(last=False)
        return built


def excerpt(text: str, words: Iterable[str]) -> str:
    """About EXCERPT characters of a text where most of the words stand; it begins and ends between words."""
    start = _best_place(text, [frozenset(terms(word)) for word in words])
    start = 0 if start < EXCERPT // 4 else text.rfind(" ", 0, start - EXCERPT // 8) + 1
    end = start + EXCERPT
    end = len(text) if end >= len(text) else max(text.rfind(" ", start, end + 1), start + EXCERPT // 2)
    shown = " ".join(text[start:end].split())
    return f"{'…' * (start > 0)}{shown}{'…' * (end < len(text))}"


def _best_place(text: str, wanted: Sequence[frozenset[str]]) -> int:
    """Where to begin so that the most of the different words come soon; 0 where none stands."""
    hits = [(match.start(), which) for match in _WORD.finditer(text) if (which := _which(match.group(), wanted))]
    starts = [start for start, _ in hits]
    best, place = 0, 0
    for index, start in enumerate(starts):
        near = hits[index : bisect_right(starts, start + EXCERPT * 3 // 4)]
        if (worth := len(frozenset().union(*(which for _, which in near)))) > best:
            best, place = worth, start
    return place


def _which(word: str, wanted: Sequence[frozenset[str]]) -> frozenset[int]:
    """Which of the wanted words this one is a form of."""
    own = terms(fold(word))
    return frozenset(n for n, forms in enumerate(wanted) if not forms.isdisjoint(own))
