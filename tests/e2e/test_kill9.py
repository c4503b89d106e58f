"""`kill -9` of the serving process at random moments: the answer goes on, word for word."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from advakod.client import RunClient
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess, scripted, start_server

TOKENS = 400
TEXT = " ".join(f"слово{number}" for number in range(TOKENS))
RATE = 60  # tokens a second: 7 s of writing, cut into pieces by the kills
MOVES_WITHIN = 2.0  # seconds after /health answers


class Reader:
    """A client that reads one run to its end and reconnects by itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.text = ""
        self.numbers: list[int] = []
        self.moved = asyncio.Event()  # set by new words
        self.end = ""

    async def follow(self) -> None:
        async with RunClient(self._url, patience=60) as client:
            async for event in client.events(await client.create("Вопрос")):
                self.numbers.append(event.seq)
                if event.type == "response.output_text.delta":
                    self.text += event.data["delta"]
                    self.moved.set()
                self.end = event.type

    @property
    def words(self) -> int:
        return self.text.count(" ")

    async def reach(self, words: int) -> None:
        while self.words < words:
            await self._move()

    async def _move(self) -> None:
        self.moved.clear()
        await asyncio.wait_for(self.moved.wait(), 30)

    async def moves_again(self) -> float:
        """Seconds until new words come."""
        began = time.monotonic()
        await self._move()
        return time.monotonic() - began


@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 20), ("postgres", 3)])
def test_an_answer_survives_every_kill(kind: str, kills: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    env = scripted(tmp_path, TEXT, tokens_per_second=RATE, prompt_seconds=0.3)
    if kind == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        env["ADVAKOD_DATABASE_URL"] = postgres.create_database()
    server = start_server(tmp_path, env)
    try:
        pauses = asyncio.run(_killed(server, kills))
    finally:
        server.stop()
    assert max(pauses) <= MOVES_WITHIN, pauses


async def _killed(server: ServerProcess, kills: int) -> list[float]:
    """Kill at `kills` random places of the text, and check what the reader has in the end."""
    reader = Reader(server.url)
    following = asyncio.create_task(reader.follow())
    pauses: list[float] = []
    for place in sorted(random.sample(range(TOKENS - 60), kills)):
        await reader.reach(place)
        await asyncio.sleep(random.uniform(0, 0.05))
        await asyncio.to_thread(server.kill9)
        await asyncio.to_thread(server.start)
        pauses.append(await reader.moves_again())
    await following
    assert reader.text == TEXT
    assert reader.numbers == list(range(len(reader.numbers)))
    assert reader.end == "response.completed"
    return pauses
