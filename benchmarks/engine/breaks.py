"""What interrupts a text, and what follows it: stop to free slot, killed child to going on, a second question."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path

from benchmarks.client import DELTA, Connection, question
from benchmarks.engine.child import Child, child_of, ready
from benchmarks.engine.taken import ask, asked, data, events, fetch
from benchmarks.harness import Figure, middle
from benchmarks.processes import Process, scratch, server

CONTEXT = 32_768  # tokens
ENDLESS = 16_000  # tokens of an answer that nobody reads to its end
LONG_QUESTION = 18_000  # characters
MOST_STOP = 100.0  # ms
MOST_BATCHES = 1.0
MOST_RECOVERY = 5.0  # seconds
LEAST_CACHED = 95.0  # %
KILL_AFTER = 5  # events of text: generation goes on
LOOKED_ON = 30  # events of text after the kill, some of which were on their way already
BROUGHT_ON = 3.0  # seconds after the kill, before which the longest gap may still come
READING = b'"stage":"reading"'


async def stop(advakod: Process, child: Child, text: str, marker: bytes) -> tuple[float, float]:
    """(seconds from the stop to the free slot, seconds of a batch just before), once `marker` was seen."""
    async with Connection(advakod.url) as connection:
        connection.send("POST", "/v1/responses", asked(text))
        told = events(connection)
        _, created = await anext(told)
        while marker not in (await anext(told))[1]:
            pass
        batch = await child.batch() if marker == READING else 0.0
        await asyncio.sleep(random.uniform(0, batch))  # the child has answered between two batches
        begun = time.monotonic()
        stopping = asyncio.create_task(cancel(advakod, created))
        freed = await child.idle()
        await stopping
        return freed - begun, batch


async def cancel(advakod: Process, created: bytes) -> None:
    """The run of its first event."""
    await fetch(advakod.url, "POST", f"/v1/responses/{data(created)['response']['id']}/cancel")


async def stops(advakod: Process, folder: Path, rounds: int, marker: bytes) -> list[tuple[float, float]]:
    child = await child_of(advakod, folder)
    text = _long_question() if marker == READING else question(0)
    await ask(advakod.url, question(1), max_output_tokens=1)  # whatever is done once
    # A number in front: nothing of the next prompt has been read.
    return [await stop(advakod, child, f"{number}. {text}", marker) for number in range(rounds)]


async def kill(advakod: Process, folder: Path) -> float:
    """Seconds from the child's death to the first text of its successor: the end of the longest gap."""
    child = await child_of(advakod, folder)
    async with Connection(advakod.url) as connection:
        connection.send("POST", "/v1/responses", asked(question(2)))
        told = events(connection)
        _, created = await anext(told)
        texts = (at async for at, event in told if DELTA in event)
        for _ in range(KILL_AFTER):
            await anext(texts)
        os.kill(child.pid, signal.SIGKILL)
        killed = time.monotonic()
        times = [killed]
        async for at in texts:
            times.append(at)
            if len(times) > LOOKED_ON and at - killed > BROUGHT_ON:
                break
    await cancel(advakod, created)
    await ask(advakod.url, question(3), max_output_tokens=5)  # a useful answer: the death is forgiven
    return max(pairwise(times), key=lambda gap: gap[1] - gap[0])[1] - killed


async def second_question(advakod: Process, number: int) -> float:
    """Share in % of the first prompt and its answer that the second prompt does not read anew."""
    first = await ask(advakod.url, question(number))
    before = first.prompt_tokens + first.taken.tokens
    conversation = first.response["conversation"]["id"]
    second = await ask(advakod.url, question(number + 1), conversation=conversation)
    return second.cached_tokens / before * 100


def stopping(model: Path, rounds: int) -> list[Figure]:
    with scratch() as folder, _server(folder, model) as advakod:
        taken = [seconds for seconds, _ in asyncio.run(stops(advakod, folder, rounds, DELTA))]
    name = "stop to free slot, writing"
    return [
        Figure(f"{name}, p50", middle(taken) * 1e3, "ms", most=MOST_STOP),
        Figure(f"{name}, the longest of {rounds}", max(taken) * 1e3, "ms", most=MOST_STOP),
    ]


def stopping_reading(model: Path, rounds: int) -> list[Figure]:
    with scratch() as folder, _server(folder, model) as advakod:
        taken = asyncio.run(stops(advakod, folder, rounds, READING))
    shares = [seconds / batch for seconds, batch in taken]
    name = "stop to free slot, reading"
    return [
        Figure(f"{name}, p50", middle(shares), "batches", most=MOST_BATCHES),
        Figure(f"{name}, the longest of {rounds}", max(shares), "batches"),
        Figure("a batch of this model", middle([batch for _, batch in taken]) * 1e3, "ms"),
    ]


def killing(model: Path, rounds: int) -> list[Figure]:
    with scratch() as folder, _server(folder, model) as advakod:
        taken = [asyncio.run(kill(advakod, folder)) for _ in range(rounds)]
    return [
        Figure("child killed to generation going on, p50", middle(taken), "s", most=MOST_RECOVERY),
        Figure(f"the longest of {rounds}", max(taken), "s", most=MOST_RECOVERY),
    ]


def conversing(model: Path, rounds: int) -> list[Figure]:
    # As much as the tiny model's short tokens take: half of a context of 8,192 would not hold the first turn.
    with scratch() as folder, server(folder, VISTRAL_MODEL_PATH=str(model), VISTRAL_N_CTX=str(CONTEXT)) as advakod:
        asyncio.run(ready(advakod.url))
        shares = [asyncio.run(second_question(advakod, 10 * number)) for number in range(rounds)]
    return [
        Figure("second question: of the first turn, cached, p50", middle(shares), "%", least=LEAST_CACHED),
        Figure(f"the least of {rounds} conversations", min(shares), "%", least=LEAST_CACHED),
    ]


def _server(folder: Path, model: Path) -> AbstractContextManager[Process]:
    return server(folder, VISTRAL_MODEL_PATH=str(model), VISTRAL_N_CTX=str(CONTEXT), VISTRAL_MAX_TOKENS=str(ENDLESS))


def _long_question() -> str:
    text = " ".join(question(n) for n in range(600))
    return text[:LONG_QUESTION]
