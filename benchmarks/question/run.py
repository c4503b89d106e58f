"""What a question costs beside its tokens, and 200 of them at once. Scripted engine, no search.

The script is one token long, so everything else is the question: HTTP, the run's transaction, the claim, its
dozen events in their order, the check of citations, the end.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from benchmarks.client import ask, together
from benchmarks.harness import Figure, Report, main, middle
from benchmarks.processes import Process, scratch, scripted

AT_ONCE = 200
MOST_CPU = 6.0  # ms
NOTES = (
    "CPU of the whole server process, one-token answers, streamed, default settings. One at a time nothing is shared "
    "between questions, and each hop between threads wakes one; at once they share commits.",
)


async def one_by_one(advakod: Process, questions: int) -> float:
    """Seconds of CPU a question."""
    begun = advakod.cpu()
    for n in range(questions):
        await ask(advakod.url, f"Вопрос {n}?")
    return (advakod.cpu() - begun) / questions


async def at_once(advakod: Process) -> tuple[int, float, float]:
    """(how many were answered in full, seconds of CPU a question, seconds until the last had its answer)."""
    answered = 0

    async def asking(url: str, question: str) -> None:
        nonlocal answered
        try:
            await ask(url, question)
        except (asyncio.IncompleteReadError, OSError):
            return
        answered += 1

    spent = await together(asking, advakod.url, AT_ONCE, advakod)
    return answered, spent.cpu / AT_ONCE, spent.wall


async def rounds_of(advakod: Process, rounds: int) -> list[Figure]:
    await one_by_one(advakod, 50)
    singly = [await one_by_one(advakod, 100) for _ in range(rounds)]
    together_ = [await at_once(advakod) for _ in range(rounds)]
    return [
        Figure("CPU a question, one at a time", middle(singly) * 1e3, "ms", most=MOST_CPU),
        Figure(
            f"CPU a question, {AT_ONCE} at once", middle([cpu for _, cpu, _ in together_]) * 1e3, "ms", most=MOST_CPU
        ),
        Figure(
            f"of {AT_ONCE} asked at once, answered (the worst round)", min(n for n, _, _ in together_), least=AT_ONCE
        ),
        Figure("until the last of them has its answer", middle([wall for _, _, wall in together_]) * 1e3, "ms"),
    ]


def measure(given: argparse.Namespace) -> Report:
    rounds = 2 if given.quick else given.rounds
    with scratch() as folder, scripted(folder, tokens=1) as advakod:
        figures = asyncio.run(rounds_of(advakod, rounds))
    return Report("A question beside its tokens", figures, NOTES)


if __name__ == "__main__":
    sys.exit(main("question", measure, rounds=7))
