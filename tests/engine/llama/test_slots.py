"""Who writes where, and what is remembered of it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.engine.llama.slots import Slots, shared

pytestmark = pytest.mark.anyio
A, B = tuple(range(100, 200)), tuple(range(300, 400))

ids = st.lists(st.integers(0, 2), max_size=12).map(tuple)


@given(ids, ids)
def test_shared_is_the_common_beginning(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    expected = 0
    while expected < min(len(one), len(other)) and one[expected] == other[expected]:
        expected += 1
    assert shared(one, other) == expected


async def hold(slots: Slots, held: tuple[int, ...]) -> int:
    """Write a text and go."""
    slot = await slots.take(held)
    slots.give_back(slot, held)
    return slot.number


async def test_a_text_comes_to_where_most_of_it_is() -> None:
    slots = Slots(3)
    first, second = await slots.take(A), await slots.take(B)
    assert first.number != second.number
    slots.give_back(first, A)
    slots.give_back(second, B)
    assert await hold(slots, (*B, 1, 2)) == second.number
    assert await hold(slots, (*A[:60], 5)) == first.number


async def test_a_text_unlike_any_other_takes_an_empty_slot_then_the_oldest() -> None:
    slots = Slots(2)
    first = await hold(slots, A)
    second = await hold(slots, B)
    assert second != first
    assert await hold(slots, (1, 2, 3)) == first


async def test_the_last_token_is_never_cached() -> None:
    slots = Slots(1)
    assert slots.cached(A) == 0
    await hold(slots, A)
    assert slots.cached(A) == len(A) - 1
    assert slots.cached((*A, 1)) == len(A)
    assert slots.cached(B) == 0


async def test_what_another_text_displaced_is_found_again() -> None:
    slots = Slots(1, shelf=150)
    await hold(slots, A)
    await hold(slots, B)
    assert slots.cached((*A, 1)) == len(A)
    await hold(slots, tuple(range(500, 600)))
    assert slots.cached((*A, 1)) == 0  # two do not fit
    assert slots.cached((*B, 1)) == len(B)
    slots.mistaken()
    assert slots.cached((*B, 1)) == 0


async def test_a_new_child_holds_nothing() -> None:
    slots = Slots(1, shelf=1_000)
    await hold(slots, A)
    await hold(slots, B)
    slots.forget()
    assert slots.cached(A) == slots.cached(B) == 0


async def test_who_comes_first_writes_first_and_one_at_a_time() -> None:
    slots, order, writing = Slots(2), list[int](), list[int]()

    async def write(number: int) -> None:
        slot = await slots.take((number,))
        order.append(number)
        writing.append(slot.number)
        assert len(writing) == len(set(writing))
        await asyncio.sleep(0)
        writing.remove(slot.number)
        slots.give_back(slot, (number,))

    await asyncio.gather(*(write(number) for number in range(20)))
    assert order == sorted(order)
    assert {(await slots.take(())).number for _ in range(2)} == {0, 1}  # both are free


async def test_a_newcomer_does_not_take_the_place_of_one_who_waits() -> None:
    slots = Slots(1)
    slot = await slots.take(A)
    waiting = asyncio.create_task(slots.take(B))
    await asyncio.sleep(0)
    slots.give_back(slot, A)
    late = asyncio.create_task(slots.take(A))
    assert (await waiting).busy
    assert not late.done()
    late.cancel()
    await asyncio.wait([late])


@pytest.mark.parametrize("told", [False, True])
async def test_who_leaves_the_queue_lets_the_next_one_in(told: bool) -> None:
    slots = Slots(1)
    slot = await slots.take(A)
    leaving, staying = asyncio.create_task(slots.take(B)), asyncio.create_task(slots.take(B))
    await asyncio.sleep(0)
    if told:
        slots.give_back(slot, A)
        leaving.cancel()
    else:
        leaving.cancel()
        slots.give_back(slot, A)
    assert (await staying).number == 0
    with pytest.raises(asyncio.CancelledError):
        await leaving
