"""Measures over the first ten distinct articles, as the corpus's README defines them. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CUTOFF = 10
RESAMPLES = 2_000  # of the bootstrap; its own error is then below 0.005
SEED = 20_250_101  # the same set gives the same interval


@dataclass(frozen=True, slots=True)
class Mean:
    """An average with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def rank(found: Iterable[tuple[str, str]], gold: frozenset[tuple[str, str]]) -> int | None:
    """Place of the first gold article among the first ten distinct ones, from 1; None when it is not there."""
    distinct = list(dict.fromkeys(found))[:CUTOFF]
    return next((place for place, article in enumerate(distinct, 1) if article in gold), None)


def hit(place: int | None, k: int) -> float:
    return float(place is not None and place <= k)


def ndcg(place: int | None) -> float:
    """1 / log2(rank + 1); the first gold article alone counts."""
    return 0.0 if place is None else 1 / math.log2(place + 1)


def mean(values: Sequence[float]) -> Mean:
    """Average and percentile bootstrap interval. Of nothing it is zero."""
    if not values:
        return Mean(0.0, 0.0, 0.0)
    chance = random.Random(SEED)
    n = len(values)
    means = sorted(sum(chance.choices(values, k=n)) / n for _ in range(RESAMPLES))
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]
    return Mean(sum(values) / n, low, high)
