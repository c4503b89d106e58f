"""Server CPU a token: N concurrent durable runs, beside the raw upstream in the same run.

Two costs are told apart. «All in» divides everything a run costs by its tokens: the question's transaction,
its events before and after the text, the flushes. «A further token» is the slope between runs of 200 and of
1,000 tokens: what a longer text adds. Both count the whole server process, all threads.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import Spent, ask, chat, together
from benchmarks.harness import Figure, Report, main, middle
from benchmarks.processes import Process, scratch, server, upstream

SHORT, LONG = 200, 1_000  # tokens a run
MOST_CPU = 20.0  # µs a token
PACE = 20.0  # tokens a second that a person reads, or a 24-billion model on one card writes
PACED_RUNS = 50
NOTES = (
    "All in = all CPU of the server during the runs ÷ their tokens. Per question and per further token are its parts, "
    "from the difference between runs of 200 and 1,000 tokens.",
    "At full speed tokens arrive in bunches, and those of one flush (25 ms, 250 ms under load) become one event, "
    "one row and one write. At 20 tokens a second nearly every token is an event of its own.",
    "The upstream's own CPU is that of the raw stream: events encoded beforehand, 16 in one write.",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """An upstream and our server before it, for runs of one length."""

    tokens: int
    model: Process
    advakod: Process

    async def raw(self, runs: int) -> Spent:
        return await together(chat, self.model.url, runs, self.model)

    async def ours(self, runs: int) -> Spent:
        return await together(ask, self.advakod.url, runs, self.advakod)


def pair(stack: ExitStack, folder: Path, runs: int, tokens: int, rate: float = 0.0) -> Pair:
    model = stack.enter_context(upstream(tokens, rate))
    advakod = stack.enter_context(
        server(
            folder / f"{tokens}-{rate:g}",
            ADVAKOD_ENGINE="openai",
            ADVAKOD_OPENAI_BASE_URL=f"{model.url}/v1",
            VISTRAL_MAX_CONCURRENCY=str(runs),
        )
    )
    return Pair(tokens, model, advakod)


async def full_speed(runs: int, rounds: int) -> list[Figure]:
    """Medians over rounds that take turns, so that a busy moment meets all of them."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        short, long = pair(stack, folder, runs, SHORT), pair(stack, folder, runs, LONG)
        for warmed in (short, long):
            await warmed.ours(20)  # imports, the index, the probe for continuation
        taken = [(await short.raw(runs), await short.ours(runs), await long.ours(runs)) for _ in range(rounds)]
        memory = short.advakod.memory()
    raw = middle([r.cpu for r, _, _ in taken]) / runs
    of_short = middle([s.cpu for _, s, _ in taken]) / runs
    further = middle([lo.cpu - s.cpu for _, s, lo in taken]) / runs / (LONG - SHORT)
    speed = runs * SHORT / middle([s.wall for _, s, _ in taken])
    raw_speed = runs * SHORT / middle([r.wall for r, _, _ in taken])
    name = f"{runs} runs"
    return [
        Figure(f"{name} × {SHORT} tokens: CPU a token, all in", of_short / SHORT * 1e6, "µs", most=MOST_CPU),
        Figure(f"{name}: CPU a further token", further * 1e6, "µs", most=MOST_CPU),
        Figure(f"{name}: CPU a question beside its tokens", (of_short - further * SHORT) * 1e3, "ms"),
        Figure(
            f"{name}: the least of {rounds} rounds, all in", min(s.cpu for _, s, _ in taken) / runs / SHORT * 1e6, "µs"
        ),
        Figure(f"{name}: raw upstream's own CPU a token", raw / SHORT * 1e6, "µs"),
        Figure(f"{name}: tokens through us", speed, "a second"),
        Figure(f"{name}: tokens from the raw upstream", raw_speed, "a second"),
        Figure(f"{name}: server's memory afterwards", memory, "MB"),
    ]


async def paced() -> list[Figure]:
    """What a token costs when it comes alone."""
    with ExitStack() as stack:
        at_pace = pair(stack, stack.enter_context(scratch()), PACED_RUNS, SHORT, PACE)
        await asyncio.gather(*(at_pace.ours(1) for _ in range(3)))
        spent = await at_pace.ours(PACED_RUNS)
    per_token = spent.cpu / PACED_RUNS / SHORT * 1e6
    name = f"{PACED_RUNS} runs at {PACE:g} tokens/s"
    return [
        Figure(f"{name}: CPU a token, all in", per_token, "µs"),
        Figure(f"{name}: share of one core", spent.cpu / spent.wall * 100, "%"),
    ]


def measure(given: argparse.Namespace) -> Report:
    rounds = 2 if given.quick else given.rounds
    figures = [figure for runs in (50, 200) for figure in asyncio.run(full_speed(runs, rounds))]
    if not given.quick:
        figures += asyncio.run(paced())
    return Report("Concurrent durable runs through an OpenAI-compatible engine", figures, NOTES)


if __name__ == "__main__":
    sys.exit(main("streams", measure, rounds=7))
