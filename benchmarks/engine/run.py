"""Our service before llama.cpp, against the same llama.cpp asked directly; and what interrupts a text.

The model is the tests' tiny one, so that everything but the model is seen: it writes thousands of tokens a second.
The child is the one that our server started; asked directly, it is given the very prompts that our server gave it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.engine import breaks, streams
from benchmarks.engine.steal import watched
from benchmarks.harness import Figure, Report, main
from tests.support.tiny_gguf import tiny_model

STREAMS = {1: 21, 8: 9, 32: 7}  # rounds
QUICK = {1: 7, 8: 3, 32: 3}
DEEP = 48  # layers of a model whose reading takes long enough to be stopped in
ENDING = 17.0  # bias of the end for answers of some tens of tokens
NOTES = (
    "Of the engine's tokens/s: the middle of the ratios of neighbouring rounds, through us and directly, in turns. "
    "From the first text read to the last; the way to the first text is the figure below it.",
    "Prompts are cached on both sides, so that the first token shows the way to the engine and not the reading.",
    "Stop while reading: at a random place of a prompt, a model of 48 thin layers, in batches as long as those just "
    "before the stop. A slot is asked whether it is free over and over again.",
    "Second question: cached tokens of its prompt ÷ tokens of the first prompt and the first answer.",
)


def said(figures: list[Figure]) -> list[Figure]:
    """On stderr at once: a busy machine takes long for the rest."""
    for figure in figures:
        print(f"{figure.what}: {figure.shown}", file=sys.stderr, flush=True)
    return figures


def measure(given: argparse.Namespace) -> Report:
    quick = given.quick
    with tempfile.TemporaryDirectory() as folder, watched() as steal:
        tiny = tiny_model(Path(folder) / "tiny.gguf")
        deep = tiny_model(Path(folder) / "deep.gguf", layers=DEEP)
        ending = tiny_model(Path(folder) / "ending.gguf", eos_bias=ENDING)
        figures = [
            *(f for n, rounds in (QUICK if quick else STREAMS).items() for f in said(streams.measure(tiny, n, rounds))),
            *said(breaks.stopping(tiny, 5 if quick else 20)),
            *said(breaks.stopping_reading(deep, 7 if quick else 20)),
            *said(breaks.killing(tiny, 2 if quick else 7)),
            *said(breaks.conversing(ending, 2 if quick else 7)),
        ]
    return Report(
        "Our service before llama.cpp (a tiny model)",
        [*figures, Figure("taken by the host in all", steal.percent, "%")],
        NOTES,
    )


if __name__ == "__main__":
    sys.exit(main("engine", measure))
