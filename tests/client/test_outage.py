"""A reader hears of a break that lasts, and of no other."""

from __future__ import annotations

import asyncio

import pytest

from advakod.client import RunClient
from advakod.client import outage as module
from advakod.client.outage import Outage
from tests.support.flaky_runs import FlakyRuns, log

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LASTING", 0.1)


async def test_a_break_is_told_once_and_so_is_its_end() -> None:
    heard: list[str] = []
    with Outage(lambda: heard.append("dropped"), lambda: heard.append("back")) as outage:
        outage.begin()
        await asyncio.sleep(0.2)
        outage.begin()
        await asyncio.sleep(0.2)
        assert heard == ["dropped"]
        outage.end()
        outage.end()
        assert heard == ["dropped", "back"]
        outage.begin()
        outage.end()  # too short to be told
        outage.begin()
    await asyncio.sleep(0.2)
    assert heard == ["dropped", "back"]


async def test_a_reader_of_a_server_that_comes_back_late() -> None:
    heard: list[str] = []
    async with FlakyRuns(log(20)) as server:
        server.refusals = [(502, None)] * 6  # 0.05 s, doubled each time
        async with RunClient(
            server.url, on_dropped=lambda: heard.append("dropped"), on_back=lambda: heard.append("back")
        ) as client:
            events = [event.raw async for event in client.events("resp_1")]
    assert events == server.events
    assert heard == ["dropped", "back"]
