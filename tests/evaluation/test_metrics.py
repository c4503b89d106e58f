from __future__ import annotations

import math

import pytest

from advakod.evaluation.metrics import hit, mean, ndcg, rank

GOLD = frozenset({("tk", "81"), ("tk", "192")})


def articles(*numbers: str) -> list[tuple[str, str]]:
    return [("tk", number) for number in numbers]


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (articles("81"), 1),
        (articles("80", "192", "81"), 2),
        (articles("80", "80", "80", "81"), 2),  # an article counts once
        (articles(*map(str, range(1, 10)), "81"), 10),
        (articles(*map(str, range(1, 11)), "81"), None),  # the eleventh is too late
        ([("gk", "81")], None),
        ([], None),
    ],
)
def test_rank(found: list[tuple[str, str]], place: int | None) -> None:
    assert rank(found, GOLD) == place


@pytest.mark.parametrize(
    ("place", "hit1", "hit10", "gain"),
    [(1, 1, 1, 1.0), (2, 0, 1, 0.6309), (3, 0, 1, 0.5), (7, 0, 1, 1 / 3), (10, 0, 1, 0.2891), (None, 0, 0, 0)],
)
def test_measures_of_one_question(place: int | None, hit1: float, hit10: float, gain: float) -> None:
    assert hit(place, 1) == hit1
    assert hit(place, 10) == hit10
    assert ndcg(place) == pytest.approx(gain, abs=1e-4)


def test_the_interval_is_that_of_the_binomial_and_always_the_same() -> None:
    values = [1.0] * 30 + [0.0] * 70
    found = mean(values)
    half = 1.96 * math.sqrt(0.3 * 0.7 / 100)
    assert found.value == pytest.approx(0.3)
    assert found.low == pytest.approx(0.3 - half, abs=0.02)
    assert found.high == pytest.approx(0.3 + half, abs=0.02)
    assert mean(values) == found


def test_means_without_spread() -> None:
    assert (mean([1.0] * 5).low, mean([1.0] * 5).high) == (1.0, 1.0)
    assert mean([]).value == 0.0
