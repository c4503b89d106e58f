"""The same prompts through our service and to the child directly, round by round in turns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import question
from benchmarks.engine.child import Child, child_of
from benchmarks.engine.steal import watched
from benchmarks.engine.taken import Taken, ask
from benchmarks.harness import Figure, middle
from benchmarks.processes import Process, scratch, server

TOKENS = 200
CONTEXT = 8_192  # tokens of a slot: what the guide has on a question, in the tiny model's short tokens, and the answer
OTHER_TOKENS = 8  # by which a prompt may differ that is made of text again
LEAST_RATIO = 0.97
MOST_ADDED = 10.0  # ms to the first token


@dataclass(frozen=True, slots=True)
class Round:
    """So many texts at once."""

    taken: Sequence[Taken]
    engine: float  # tokens a second of one text, by the child's own clock

    @property
    def writing(self) -> float:
        """Tokens a second of all, from the first text of the first to the last of the last."""
        return sum(t.later for t in self.taken) / (max(t.last for t in self.taken) - min(t.first for t in self.taken))

    @property
    def whole(self) -> float:
        """The same from the questions to the ends."""
        return sum(t.tokens for t in self.taken) / (max(t.done for t in self.taken) - min(t.begun for t in self.taken))


@dataclass(frozen=True, slots=True)
class Turn:
    """Two rounds, one after the other."""

    ours: Round
    direct: Round

    def ratio(self, of: Callable[[Round], float]) -> float:
        return of(self.ours) / of(self.direct)

    @property
    def added(self) -> float:
        """Seconds to the first text."""
        return middle([t.to_first for t in self.ours.taken]) - middle([t.to_first for t in self.direct.taken])


async def prompts(advakod: Process, child: Child, questions: Sequence[str]) -> list[list[int]]:
    """What the child is given for each question. It has read all of them then."""
    found = []
    for asked in questions:
        answer = await ask(advakod.url, asked, max_output_tokens=1)
        prompt = await child.last_prompt()
        if not 0 <= len(prompt) - answer.prompt_tokens <= OTHER_TOKENS:
            raise RuntimeError(f"a prompt of {answer.prompt_tokens} tokens was seen as {len(prompt)}")
        found.append(prompt[: answer.prompt_tokens])
    return found


async def round_of(child: Child, texts: Sequence[Awaitable[Taken]]) -> Round:
    tokens, seconds = await child.written()
    taken = await asyncio.gather(*texts)
    more, later = await child.written()
    return Round(taken, (more - tokens) / (later - seconds))


async def turns(advakod: Process, child: Child, texts: int, rounds: int) -> list[Turn]:
    questions = [question(n) for n in range(texts)]
    given = await prompts(advakod, child, questions)

    async def ours(asked: str) -> Taken:
        return (await ask(advakod.url, asked)).taken

    found = []
    for _ in range(rounds + 1):
        through = await round_of(child, [ours(asked) for asked in questions])
        direct = await round_of(child, [child.write(prompt, TOKENS) for prompt in given])
        found.append(Turn(through, direct))
    return found[1:]  # the first pays for what is done once


def figures_of(texts: int, found: Sequence[Turn], stolen: float) -> list[Figure]:
    name = f"{texts} × {TOKENS} tokens"
    figures = [
        Figure(f"{name}: of the engine's tokens/s", middle([t.ratio(_writing) for t in found]), least=LEAST_RATIO),
        Figure(f"{name}: the same, question and end included", middle([t.ratio(_whole) for t in found])),
        Figure(f"{name}: the same by the engine's own clock", middle([t.ratio(_engine) for t in found])),
        Figure(f"{name}: through us", middle([t.ours.writing for t in found]), "tokens/s"),
        Figure(f"{name}: directly", middle([t.direct.writing for t in found]), "tokens/s"),
    ]
    added = middle([t.added for t in found]) * 1e3
    figures.append(Figure(f"{name}: added to the first token", added, "ms", most=MOST_ADDED))
    return [*figures, Figure(f"{name}: taken by the host meanwhile", stolen, "%")]


def measure(model: Path, texts: int, rounds: int) -> list[Figure]:
    """With as many slots as texts."""
    with (
        scratch() as folder,
        server(
            folder,
            VISTRAL_MODEL_PATH=str(model),
            VISTRAL_MAX_CONCURRENCY=str(texts),
            VISTRAL_N_CTX=str(CONTEXT),
            VISTRAL_MAX_TOKENS=str(TOKENS),
            LLAMA_SERVER_SLOTS_DEBUG="1",
        ) as advakod,
        watched() as steal,
    ):
        found = asyncio.run(_measured(advakod, folder, texts, rounds))
    return figures_of(texts, found, steal.percent)


async def _measured(advakod: Process, folder: Path, texts: int, rounds: int) -> list[Turn]:
    return await turns(advakod, await child_of(advakod, folder), texts, rounds)


def _writing(one: Round) -> float:
    return one.writing


def _whole(one: Round) -> float:
    return one.whole


def _engine(one: Round) -> float:
    return one.engine
