"""Chooses the statements of an answer from the blocks of its sources. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...engine.interface import Source
from ...law.guide import load_guide
from ...russian import sentences
from .blocks import Block, blocks_of, is_by_place, leans, number_of
from .fitness import LEAST_REACH, fitting, names, near_best
from .relevance import Question, Rarity, best_window, coverage, gives_right, reach, score, stems

ROOM = 2_200  # characters of statements in an answer; with headings and citations some 3,000
ROOM_BROAD = 2_300
LEAST_SHARE_ELSEWHERE = 0.7  # the same in another act than the best block's
SHORT = 1_500  # characters; a shorter answer takes more from its best article
LEAST_SHARE_BESIDE = 0.12  # of the best block's value, for that
MOST_SOURCES = 5  # of an answer to a narrow question
MOST_SOURCES_BROAD = 8
BEST_OF_SOURCE = 4  # blocks of a source that an overview looks at
RESERVED = 220  # characters that an overview keeps for every source still to come
MOST_SOURCES_DOUBTED = 3  # where even the best may not answer
MOST_BLOCKS = 8
FIRST_POINT = 700  # characters of an article's main rule that is told before what a later point adds
LEAST_SHARE = 0.5  # of the best block's value; what has less does not bear on the question
TRUST = 1.5  # exponent of a source's share of the best score: what is half as good counts for a third
LEAST_WORTH = 0.1
LATER = 0.85  # in an overview: what each place further down in its article takes from a block
NAMED = 100.0  # an article that the question names stands above all that is found by words
GIVES_RIGHT = 2.0  # in an overview: what a person may do matters more than who watches over it
BY_PLACE = 0.6  # «в случае, предусмотренном частью второй настоящей статьи»
FIRST = 1.15  # an article's main rule usually stands at its beginning
FIRST_OF_OVERVIEW = 1.6
FIRST_OF_SUMMARY = 3.0  # its own words; sums and terms follow them
LONG_PARAGRAPH = 620  # characters; of a longer one the sentences that bear on the question are taken
BROAD_PARAGRAPH = 420  # the same in an answer about many articles
LONG_LIST = 1_100  # characters; of a longer one the items are chosen
CHOSEN_ITEMS = 650  # characters of items that are shown of a long list


@dataclass(frozen=True, slots=True)
class Statement:
    """Something an answer says in its source's words. `left_out` counts the items of its list that are not shown."""

    source: Source
    block: Block
    value: float
    left_out: int = 0

    @property
    def size(self) -> int:
        return len(self.block.text)


@dataclass(frozen=True, slots=True)
class Reading:
    """The sources as they were read for a question: every block of each with its value, in reading order."""

    question: Question
    rarity: Rarity
    statements: tuple[tuple[Statement, ...], ...]  # one tuple a source, in the search's order
    main: frozenset[int] = frozenset()  # numbers of the sources of which each says something, if it bears at all
    doubted: bool = False  # even the best source has too few of the question's words


def read_sources(question: Question, found: Sequence[Source]) -> Reading:
    """Reads what is worth showing: of a narrow question's sources those that are near the best."""
    sources, doubted = (found, False) if question.broad else fitting(question, found)
    blocks = [blocks_of(source.text) for source in sources]
    rarity = Rarity([[stems(block.text) for block in found] for found in blocks])
    best = max((source.score for source in sources), default=0.0)
    statements = (
        tuple(_valued(question, rarity, source, found, _worth(source.score, best)))
        for source, found in zip(sources, blocks, strict=True)
    )
    main = frozenset(source.n for source in near_best(question, sources))
    return Reading(question, rarity, tuple(statements), main, doubted)


def _worth(score: float, best: float) -> float:
    """What the search's opinion of a source, relative to the best one's, makes of its blocks."""
    return max(LEAST_WORTH, (score / best) ** TRUST) if best > 0 else 1.0


def _valued(
    question: Question, rarity: Rarity, source: Source, blocks: Sequence[Block], worth: float
) -> Iterator[Statement]:
    entry = load_guide().find(source.act, source.article)
    guide = stems(entry.summary) if entry else frozenset[str]()
    worth *= 0.3 + coverage(question, rarity, source.title) + coverage(question, rarity, source.text)
    named = names(question, source)
    points = frozenset(p for r in named for p in (r.part, r.point) if p)
    for block in blocks:
        if source.summary:
            shown, left_out = (_beginning(block) if question.broad else block), 0
        else:
            shown, left_out = _shortened(question, rarity, block, points)
        value = score(question, rarity, shown.text, guide) * worth
        value *= (
            _first(source, broad=question.broad) if block.place == 0 else BY_PLACE if is_by_place(block.lead) else 1.0
        )
        if question.broad:
            value *= GIVES_RIGHT if gives_right(shown.text) else 1.0
            value *= LATER**block.place
        if named:
            value = NAMED + value + (NAMED if block.number and block.number in points else 0.0)
        yield Statement(source, shown, value, left_out)


def _first(source: Source, *, broad: bool) -> float:
    if source.summary:
        return FIRST_OF_SUMMARY
    return FIRST_OF_OVERVIEW if broad else FIRST


def _shortened(question: Question, rarity: Rarity, block: Block, points: frozenset[str]) -> tuple[Block, int]:
    """The block, or of a long one what bears on the question most: whole sentences, whole items."""
    if not block.items:
        return (_sentences(question, rarity, block) if len(block.lead) > LONG_PARAGRAPH else block), 0
    if len(block.text) <= LONG_LIST:
        return block, 0
    values = [score(question, rarity, item) + NAMED * (number_of(item) in points) for item in block.items]
    room, kept = CHOSEN_ITEMS, set[int]()
    for index in sorted(range(len(values)), key=lambda i: (-values[i], i)):
        if not kept or len(block.items[index]) <= room:
            kept.add(index)
            room -= len(block.items[index])
    # A lead-in whose own items are left out leads to nothing.
    items = tuple(
        item if index + 1 in kept or not item.endswith(":") else f"{item[:-1]};"
        for index, item in enumerate(block.items)
        if index in kept
    )
    return replace(block, items=items), len(block.items) - len(items)


def _sentences(question: Question, rarity: Rarity, block: Block) -> Block:
    said = sentences(block.lead)
    room = BROAD_PARAGRAPH if question.broad else LONG_PARAGRAPH
    first, last = best_window(question, rarity, said, room)
    while first > 0 and leans(said[first]):
        first -= 1
    return replace(block, lead=" ".join(said[first:last]))


def _beginning(block: Block) -> Block:
    """The first sentences: a summary says first what matters most."""
    kept = list[str]()
    for sentence in sentences(block.lead):
        if kept and len(" ".join(kept)) + len(sentence) > BROAD_PARAGRAPH:
            break
        kept.append(sentence)
    return replace(block, lead=" ".join(kept))


def choose(reading: Reading) -> list[list[Statement]]:
    """Statements by source in the search's order, each source's in the order of the law.

    A paragraph that answers a narrow question better than a list before it stands before that list.
    """
    chosen = _choose_broadly(reading) if reading.question.broad else _choose_narrowly(reading)
    groups: dict[int, list[Statement]] = {}
    for statement in sorted(chosen, key=lambda s: (s.source.n, s.block.place)):
        groups.setdefault(statement.source.n, []).append(statement)
    if reading.question.broad:
        return list(groups.values())
    return [_answer_first(reading.question, group) for group in groups.values()]


def _answer_first(question: Question, group: list[Statement]) -> list[Statement]:
    reached = [reach(question, s.block.text) for s in group]
    best = max(range(len(group)), key=lambda i: (reached[i], -i))
    lists = [i for i in range(best) if group[i].block.items and reached[i] < reached[best]]
    if not lists or group[best].block.items or group[best].block.leans:
        return group
    end = next((i for i in range(best + 1, len(group)) if not group[i].block.leans), len(group))
    return group[: lists[0]] + group[best:end] + group[lists[0] : best] + group[end:]


def _choose_narrowly(reading: Reading) -> list[Statement]:
    """The best blocks wherever they stand, as long as they are not much worse than the best one."""
    ranked = [s for s in _ranked(reading.statements) if s.value > 0]
    if not ranked:
        return []
    best = ranked[0]
    taken = _Taken(reading, ROOM, MOST_SOURCES_DOUBTED if reading.doubted else MOST_SOURCES)
    for n in sorted(reading.main):
        taken.add(next((s for s in ranked if s.source.n == n), best))
    for statement in ranked:
        same_act = statement.source.act == best.source.act
        least = best.value * (LEAST_SHARE if same_act else LEAST_SHARE_ELSEWHERE)
        if statement.value >= least and len(taken.statements) < MOST_BLOCKS:
            taken.add(statement)
    # What else the best article says, while the answer is short.
    beside = [s for s in ranked if s.source.n == best.source.n and s.value >= best.value * LEAST_SHARE_BESIDE]
    reached = [reach(reading.question, s.block.text) for s in beside]
    for statement, share in zip(beside, reached, strict=True):
        if share >= LEAST_REACH * max(reached):
            taken.add(statement, keep_free=ROOM - SHORT)
    for n in dict.fromkeys(s.source.n for s in taken.statements):
        taken.add_first(n)
    return taken.statements


def _choose_broadly(reading: Reading) -> list[Statement]:
    """The best block of every source that leaves room for the other sources, then what else fits."""
    taken = _Taken(reading, ROOM_BROAD, MOST_SOURCES_BROAD)
    by_source = [_ranked([found])[:BEST_OF_SOURCE] for found in reading.statements[:MOST_SOURCES_BROAD] if found]
    for rank, ranked in enumerate(by_source, 1):
        reserve = RESERVED * (len(by_source) - rank)
        if not any(taken.add(statement, keep_free=reserve) for statement in ranked):
            taken.add(min(ranked, key=lambda s: s.size))
    for ranked in by_source:
        for statement in ranked:
            taken.add(statement, keep_free=ROOM_BROAD // 4)
    return taken.statements


def _ranked(found: Sequence[Sequence[Statement]]) -> list[Statement]:
    every = [s for statements in found for s in statements]
    return sorted(every, key=lambda s: (-s.value, s.source.n, s.block.place))


class _Taken:
    """What has been chosen so far, within a number of characters and of sources."""

    def __init__(self, reading: Reading, room: int, sources: int) -> None:
        self.statements: list[Statement] = []
        self.room = room
        self._sources = sources
        self._blocks = {s.source.n: found for found in reading.statements for s in found}

    def add(self, statement: Statement, keep_free: int = 0) -> bool:
        """Take a block together with those it leans on; all of them or none. The first always fits."""
        wanted = [s for s in self._with_support(statement) if s not in self.statements]
        size = sum(s.size for s in wanted)
        known = {s.source.n for s in self.statements}
        too_many = statement.source.n not in known and len(known) >= self._sources
        if not wanted or too_many or (self.statements and size > self.room - keep_free):
            return False
        self.statements += wanted
        self.room -= size
        return True

    def add_first(self, n: int) -> None:
        """Take the main rule of a source of which something is taken, unless it is long or does not bear at all."""
        first = self._blocks[n][0]
        if first.value > 0 and first.size <= FIRST_POINT and not first.left_out:
            self.add(first)

    def _with_support(self, statement: Statement) -> list[Statement]:
        found = self._blocks[statement.source.n]
        first = statement.block.place
        while first > 0 and found[first].block.leans:
            first -= 1
        return list(found[first : statement.block.place + 1])
