"""Which slot of the child holds which tokens, so that a text is written where most of its prompt has been read.

The child keeps what a slot held when another text takes it, as far as its memory for that goes (`cache_ram_mib`), and
finds it again by itself for whichever slot the text comes to. The shelf here mirrors that, a little on the safe side.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

Ids = tuple[int, ...]

# The child takes nothing from its memory of which it would use less than this; seen in its answers.
WORTHWHILE = 0.25
# A text that shares at least so much with what the slot holds replaces it; the child then keeps no copy.
KEPT_IN_PLACE = 0.5


@dataclass(eq=False, slots=True)
class Slot:
    """One place to write. `ids` is what the child has read or written there, as far as is known."""

    number: int
    ids: Ids = ()
    used: int = 0  # when it was taken last; greater is later
    busy: bool = False


class Slots:
    """Hands out places, first come first served, each to one text at a time."""

    def __init__(self, count: int, *, shelf: int = 0) -> None:
        """`shelf`: tokens that the child keeps beside its slots."""
        self._slots = [Slot(number) for number in range(count)]
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._shelf = Shelf(shelf)
        self._promised = 0  # free places whose takers have been told and have not come yet
        self._turn = 0

    def cached(self, ids: Ids) -> int:
        """Tokens of a prompt that would not be read anew if it were written next. The last token always is."""
        slots = self._free() or self._slots
        return max(0, min(max(self._found(ids, slots)), len(ids) - 1))

    async def take(self, ids: Ids) -> Slot:
        """A free slot, the one with the most of `ids`; waits for one. `give_back` must follow."""
        if len(self._free()) <= self._promised:
            await self._wait()
        slot = self._choose(ids)
        if shared(slot.ids, ids) < len(slot.ids) * KEPT_IN_PLACE:
            self._shelf.put(slot.ids)
        self._turn += 1
        slot.ids, slot.used, slot.busy = (), self._turn, True
        return slot

    def give_back(self, slot: Slot, ids: Ids) -> None:
        """`ids`: what it holds now; less is safe."""
        slot.ids, slot.busy = ids, False
        self._admit()

    def forget(self) -> None:
        """The child is a new one; who writes in the old one's slots gives them back all the same."""
        self._shelf.clear()
        for slot in self._slots:
            slot.ids = ()

    def mistaken(self) -> None:
        """The child had less than expected: it has dropped what it kept."""
        self._shelf.clear()

    def _free(self) -> list[Slot]:
        return [slot for slot in self._slots if not slot.busy]

    def _found(self, ids: Ids, slots: Sequence[Slot]) -> tuple[int, int]:
        """Tokens that one of the slots holds, and that the shelf does: for a slot that has something to lay there."""
        return max(shared(slot.ids, ids) for slot in slots), self._shelf.find(ids) if any(s.ids for s in slots) else 0

    def _choose(self, ids: Ids) -> Slot:
        free = self._free()
        held, shelved = self._found(ids, free)
        if shelved > held:
            return min((slot for slot in free if slot.ids), key=lambda slot: slot.used)
        # Of those that hold the same, an empty one, else the one not used for longest.
        return min(free, key=lambda slot: (-shared(slot.ids, ids), len(slot.ids) > 0, slot.used))

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                raise
            self._promised -= 1
            self._admit()  # the place was ours: the next one's now
            raise
        self._promised -= 1

    def _admit(self) -> None:
        """Tell the first who still waits that there is a place."""
        while self._waiting and len(self._free()) > self._promised:
            if not (turn := self._waiting.popleft()).cancelled():
                self._promised += 1
                turn.set_result(None)


class Shelf:
    """Texts that were in a slot, the oldest leaving first when there are too many tokens."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._texts: OrderedDict[Ids, None] = OrderedDict()

    def put(self, ids: Ids) -> None:
        common = {known: shared(known, ids) for known in self._texts}
        if len(ids) in common.values():
            return  # the beginning of one that is here
        for known in [known for known, tokens in common.items() if tokens == len(known)]:
            del self._texts[known]  # the beginning of this one
        self._texts[ids] = None
        while self._texts and sum(map(len, self._texts)) > self._room:
            self._texts.popitem(last=False)

    def find(self, ids: Ids) -> int:
        """Most tokens that a text here shares with `ids`."""
        found = ((shared(known, ids), len(known)) for known in self._texts)
        return max((tokens for tokens, size in found if tokens >= size * WORTHWHILE), default=0)

    def clear(self) -> None:
        self._texts.clear()


def shared(one: Ids, other: Ids) -> int:
    """Tokens that both begin with. Compares slices, a thousand times faster than tokens."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while low < high - 1:  # the first `low` are the same, the first `high` are not
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
