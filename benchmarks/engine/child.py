"""The llama.cpp that our server started, asked directly: its completions, its slots, its own counters."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advakod.engine.llama.host import KEY
from advakod.engine.llama.http import STREAMED
from advakod.engine.llama.launch import BATCH
from benchmarks.client import EVENT_END
from benchmarks.engine.taken import Door, Taken, fetch
from benchmarks.processes import Process

READY_WITHIN = 120.0  # seconds
MEASURED = 3  # batches, for the time of one
LOOK_EVERY = 0.05  # seconds
ADDRESS = re.compile(r'\{"url": "(http://[^"]+)"')
READING = b'"prompt_progress"'
STOPPED = b'"stop":true'
# As ours asks, so that the work is the same.
SAMPLING = {"temperature": 0.2, "top_p": 0.9, "top_k": 40, "cache_prompt": True}


@dataclass(frozen=True, slots=True)
class Child:
    """One life of the child."""

    url: str
    pid: int
    key: str

    async def slots(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(await fetch(self.url, "GET", "/slots", key=self.key))
        return told

    async def idle(self) -> float:
        """When none of its slots was at work any more."""
        while any(slot["is_processing"] for slot in await self.slots()):
            pass
        return time.monotonic()

    async def batch(self) -> float:
        """Seconds of one now; it must be reading a prompt of several more."""
        read = await self._read()
        begun = time.monotonic()  # it answers between two batches
        while (more := await self._read()) < read + MEASURED * BATCH:
            pass
        return (time.monotonic() - begun) * BATCH / (more - read)

    async def _read(self) -> int:
        """Tokens of prompts that its slots have read."""
        return sum(int(slot["n_prompt_tokens_processed"]) for slot in await self.slots() if slot["is_processing"])

    async def last_prompt(self) -> list[int]:
        """Tokens of what the slot taken last was given; told only where LLAMA_SERVER_SLOTS_DEBUG is set."""
        slot = max(await self.slots(), key=lambda slot: int(slot.get("id_task", -1)))
        body = {"content": slot["prompt"], "add_special": False, "parse_special": True}
        found: list[int] = json.loads(await fetch(self.url, "POST", "/tokenize", body, self.key))["tokens"]
        return found

    async def written(self) -> tuple[float, float]:
        """(tokens, seconds) of all writing so far, the seconds of all slots added up, by the child's own clock."""
        told = (await fetch(self.url, "GET", "/metrics", key=self.key)).decode()
        return _counter(told, "tokens_predicted_total"), _counter(told, "tokens_predicted_seconds_total")

    async def write(self, prompt: list[int], tokens: int) -> Taken:
        """One streamed completion to its end."""
        async with Door(self.url, self.key) as door:
            begun = time.monotonic()
            door.send("POST", "/completion", {"prompt": prompt, "n_predict": tokens, **SAMPLING, **STREAMED})
            event = await door.until(EVENT_END)
            while READING in event:
                event = await door.until(EVENT_END)
            first = time.monotonic()
            await door.until(STOPPED)
            last = time.monotonic()
            return Taken(begun, first, last, last, tokens, tokens - 1)


async def child_of(advakod: Process, data_dir: Path) -> Child:
    """Waits until the server's engine is ready."""
    facts = (await ready(advakod.url))["engine_facts"]
    pid = facts["details"]["child"]["pid"]
    return Child(_address(data_dir), pid, _key(pid))


async def ready(url: str) -> dict[str, Any]:
    """What the server says of itself once its engine is ready."""
    deadline = time.monotonic() + READY_WITHIN
    while (facts := json.loads(await fetch(url, "GET", "/ready")))["engine"] != "ready":
        if time.monotonic() > deadline:
            raise RuntimeError(f"the engine is not ready: {facts}")
        await asyncio.sleep(LOOK_EVERY)
    return dict(facts)


def _address(data_dir: Path) -> str:
    """As the child told it last."""
    said = (data_dir / "engine" / "llama.log").read_text(errors="replace")
    return str(ADDRESS.findall(said)[-1])


def _key(pid: int) -> str:
    """From its environment, which its own user may read."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    return next(line.partition("=")[2] for line in variables if line.startswith(f"{KEY}="))


def _counter(told: str, name: str) -> float:
    found = re.search(rf"^llamacpp:{name} (\S+)", told, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"no {name} among the child's counters")
    return float(found[1])
