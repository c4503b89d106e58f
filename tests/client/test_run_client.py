"""Every event once, in order, over every kind of broken connection."""

from __future__ import annotations

import time

import pytest

from advakod.client import Event, RunClient, ServerRefusedError, ServerUnreachableError
from tests.support.flaky_runs import FlakyRuns, log

pytestmark = pytest.mark.anyio
HEARTBEAT = 0.05


def client_of(server: FlakyRuns, heartbeat: float = HEARTBEAT, patience: float = 5.0) -> RunClient:
    return RunClient(server.url, "key", heartbeat=heartbeat, patience=patience)


async def whole(client: RunClient, run_id: str = "resp_1", after: int = -1) -> list[Event]:
    return [event async for event in client.events(run_id, after)]


async def test_asks_and_reads_on_one_connection() -> None:
    async with FlakyRuns(log(50)) as server, client_of(server) as client:
        run_id = await client.create("Можно ли вернуть товар?")
        events = await whole(client, run_id)
    assert [event.raw for event in events] == server.events
    assert events[0].type == "response.created"
    assert events[1].data["delta"] == "слово0 "
    assert events[-1].terminal
    assert server.asked == []


@pytest.mark.parametrize("seed", range(5))
async def test_drops_at_random_bytes_lose_and_repeat_nothing(seed: int) -> None:
    async with FlakyRuns(log(300), drops=6, seed=seed) as server, client_of(server) as client:
        events = await whole(client)
    assert [event.raw for event in events] == server.events
    assert server.drops == 0
    assert server.asked == sorted(server.asked)


async def test_a_question_asked_again_is_the_same_question() -> None:
    async with FlakyRuns(log(5), drops=4, seed=3) as server, client_of(server) as client:
        server.refusals = [(502, "нет"), (503, None)]
        events = await whole(client, await client.create("?"))
    assert len(server.keys) >= 3
    assert len(set(server.keys)) == 1
    assert [event.raw for event in events] == server.events


async def test_starts_after_a_given_event() -> None:
    async with FlakyRuns(log(20)) as server, client_of(server) as client:
        events = await whole(client, after=9)
    assert [event.seq for event in events] == list(range(10, 23))
    assert server.asked == [9]


async def test_silence_is_a_drop() -> None:
    async with FlakyRuns(log(20)) as server, client_of(server) as client:
        server.silent_after = 700
        began = time.monotonic()
        events = await whole(client)
    assert [event.raw for event in events] == server.events
    assert time.monotonic() - began >= 2.5 * HEARTBEAT


async def test_heartbeats_keep_a_slow_stream() -> None:
    """The pause of 1.6 s is longer than the silence that is a drop (1.5 s); the pings in it are not."""
    async with FlakyRuns(log(20), heartbeat=0.2) as server, client_of(server, heartbeat=0.6) as client:
        server.slow_before = 5
        events = await whole(client)
    assert [event.raw for event in events] == server.events
    assert server.asked == [-1]


async def test_a_gap_is_a_drop() -> None:
    async with FlakyRuns(log(20)) as server, client_of(server) as client:
        server.gap_at = 7
        events = await whole(client)
    assert [event.raw for event in events] == server.events
    assert server.asked == [-1, 6]


async def test_every_terminal_event_ends_the_reading() -> None:
    for end in ("response.completed", "response.failed", "response.incomplete"):
        async with FlakyRuns(log(2, end=end)) as server, client_of(server) as client:
            assert (await whole(client))[-1].type == end


async def test_a_refusal_speaks_with_the_servers_words() -> None:
    async with FlakyRuns(log(1)) as server, client_of(server) as client:
        server.refusals = [(404, {"error": {"message": "Ответ не найден.", "code": "not_found", "param": "id"}})]
        with pytest.raises(ServerRefusedError) as caught:
            await whole(client)
    error = caught.value
    assert (error.status, error.server_code, error.message, error.param) == (404, "not_found", "Ответ не найден.", "id")


async def test_a_full_queue_is_told_at_once() -> None:
    async with FlakyRuns(log(1)) as server, client_of(server) as client:
        server.refusals = [(503, {"error": {"message": "Очередь заполнена.", "code": "queue_full"}})]
        with pytest.raises(ServerRefusedError, match="queue_full"):
            await client.create("?")


async def test_patience_ends() -> None:
    async with FlakyRuns(log(1)) as server:
        url = server.url
    async with RunClient(url, heartbeat=HEARTBEAT, patience=0.3) as client:
        with pytest.raises(ServerUnreachableError) as caught:
            await whole(client)
        assert url in caught.value.message
        with pytest.raises(ServerUnreachableError):
            await client.create("?")


async def test_cancel_is_repeated_until_it_is_heard() -> None:
    async with FlakyRuns(log(1)) as server, client_of(server) as client:
        server.refusals = [(502, None)]
        assert (await client.cancel("resp_1"))["status"] == "incomplete"
        assert (await client.get("resp_1"))["id"] == "resp_1"
    assert server.cancelled == 1


async def test_leaving_closes_the_connection() -> None:
    async with FlakyRuns(log(20), heartbeat=HEARTBEAT) as server, client_of(server) as client:
        server.slow_before = 10
        events = client.events("resp_1")
        await anext(events)
        await events.aclose()
        assert await server.is_idle()
