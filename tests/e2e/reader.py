"""A client that reads one answer to its end, whatever happens to the server meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from advakod.client import RunClient
from tests.e2e.wire import PATIENCE


class Reader:
    """Asks, reads, and reconnects by itself."""

    def __init__(self, url: str, question: str = "Вопрос", **fields: Any) -> None:
        self._url = url
        self._question = question
        self._fields = fields
        self.run_id = ""
        self.text = ""
        self.numbers: list[int] = []
        self.readings: list[tuple[int, int]] = []  # tokens that the engine reads, and characters of the text till then
        self.moved = asyncio.Event()  # set by new words
        self.end: dict[str, Any] = {}  # the terminal event, or what came last before it

    async def follow(self) -> None:
        async with RunClient(self._url, patience=600) as client:
            self.run_id = await client.create(self._question, **self._fields)
            async for event in client.events(self.run_id):
                self.numbers.append(event.seq)
                if event.type == "response.output_text.delta":
                    self.text += event.data["delta"]
                    self.moved.set()
                if event.data.get("stage") == "reading":
                    self.readings.append((event.data["total"], len(self.text)))
                self.end = event.data

    @property
    def words(self) -> int:
        return self.text.count(" ")

    async def reach(self, words: int) -> None:
        while self.words < words:
            self.moved.clear()
            await asyncio.wait_for(self.moved.wait(), PATIENCE)

    def assert_nothing_missing(self) -> None:
        """Each event once and in order."""
        assert self.numbers == list(range(len(self.numbers)))
