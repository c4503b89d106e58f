"""How far the weights of search are fitted to the development questions: plain figures beside cross-validated ones.

`python -m benchmarks.search.crossval [--json]`. Four weights are learnt: the passage's (by grid, for the
nDCG@10 of everyday and formal questions alike), and three of the refusal (by logistic regression).
Each fifth of the questions is judged by weights that were learnt from the other four.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from advakod.evaluation import Question, evaluate, load_questions
from advakod.evaluation.metrics import ndcg
from advakod.evaluation.questions import UNANSWERABLE
from advakod.ingest import ingest
from advakod.search import Search, refusal, snapshot
from advakod.storage import Database
from benchmarks.harness import Figure, Report, main
from benchmarks.processes import scratch
from benchmarks.search.run import QUESTIONS, STATUTES

PASSAGE_WEIGHTS = (0.0, 0.3, 0.6, 0.9, 1.2)
FOLDS, SEED = 5, 1
FALSE_REFUSALS = 0.03
RIDGE, STEPS = 1e-3, 50

Vector = NDArray[np.float64]


def measure(_: argparse.Namespace) -> Report:
    questions = load_questions(QUESTIONS)
    with scratch() as folder:
        database = Database(f"sqlite:///{folder / 'advakod.db'}").open()
        try:
            ingest(database, [STATUTES])
            gains = _gains(database, folder, [q for q in questions if q.style != UNANSWERABLE])
            evidence = _evidence(database, folder, questions)
        finally:
            database.close()
    return Report("Weights of search, plain and cross-validated", [*_ranking(gains), *_refusal(evidence)], ())


def folds(count: int) -> Iterator[tuple[list[int], list[int]]]:
    """What is learnt from, and what is judged."""
    order = list(range(count))
    random.Random(SEED).shuffle(order)
    for fold in range(FOLDS):
        judged = order[fold::FOLDS]
        yield sorted(set(order) - set(judged)), judged


# -- ranking --------------------------------------------------------------------------------------


def _gains(database: Database, folder: Path, questions: Sequence[Question]) -> dict[str, dict[float, list[float]]]:
    """By style and weight: nDCG@10 of each question."""
    gains: dict[str, dict[float, list[float]]] = {}
    search = Search(database, folder)
    kept = snapshot.PASSAGE_WEIGHT
    try:
        for weight in PASSAGE_WEIGHTS:
            snapshot.PASSAGE_WEIGHT = weight
            for outcome in evaluate(search, questions).outcomes:
                found = gains.setdefault(outcome.question.style, {}).setdefault(weight, [])
                found.append(ndcg(outcome.place))
    finally:
        snapshot.PASSAGE_WEIGHT = kept
        search.close()
    return gains


def _ranking(gains: Mapping[str, Mapping[float, Sequence[float]]]) -> Iterator[Figure]:
    learnt = best(gains, {style: range(len(next(iter(found.values())))) for style, found in gains.items()})
    yield Figure("passage weight", learnt)
    splits = {style: list(folds(len(next(iter(found.values()))))) for style, found in gains.items()}
    for style, found in gains.items():
        judged: list[float] = []
        for fold in range(FOLDS):
            weight = best(gains, {name: split[fold][0] for name, split in splits.items()})
            judged += [found[weight][at] for at in splits[style][fold][1]]
        yield Figure(f"{style}, nDCG@10", mean(found[learnt]))
        yield Figure(f"{style}, nDCG@10, cross-validated", mean(judged))


def best(gains: Mapping[str, Mapping[float, Sequence[float]]], among: Mapping[str, Sequence[int]]) -> float:
    """Of the grid, by the mean over styles."""

    def gain(weight: float) -> float:
        return mean(mean(gains[style][weight][at] for at in places) for style, places in among.items())

    return max(PASSAGE_WEIGHTS, key=gain)


# -- refusal --------------------------------------------------------------------------------------


def _evidence(database: Database, folder: Path, questions: Sequence[Question]) -> list[tuple[float, float, bool]]:
    """Of each question that is not refused by rule: likeness of what is loaded and of what is not, and the truth."""
    seen: list[tuple[float, float]] = []
    confidence = refusal.confidence
    search = Search(database, folder)

    def noted(loaded: float, absent: float) -> float:
        seen.append((loaded, absent))
        return confidence(loaded, absent)

    refusal.confidence = noted
    try:
        found = []
        for question in questions:
            seen.clear()
            search.search(question.question)
            found += [(*pair, question.style != UNANSWERABLE) for pair in seen[:1]]
    finally:
        refusal.confidence = confidence
        search.close()
    return found


def _refusal(evidence: Sequence[tuple[float, float, bool]]) -> Iterator[Figure]:
    features = np.array([pair[:2] for pair in evidence])
    answerable = np.array([pair[2] for pair in evidence])
    weights = logistic(features, answerable)
    plain = score(features, weights)
    least = float(np.quantile(plain[answerable], FALSE_REFUSALS))
    named = zip(("base", "loaded", "absent"), (weights[0] - least, *weights[1:]), strict=True)
    yield from (Figure(f"refusal: {name}", float(value)) for name, value in named)
    judged = np.zeros(len(evidence))
    refused: list[tuple[bool, bool]] = []  # and whether it is answerable
    for learnt, rest in folds(len(evidence)):
        own = logistic(features[learnt], answerable[learnt])
        known = score(features[learnt], own)
        bound = np.quantile(known[answerable[learnt]], FALSE_REFUSALS)
        judged[rest] = score(features[rest], own) - bound
        refused += [(bool(judged[at] < 0), bool(answerable[at])) for at in rest]
    yield Figure("refusal: AUC", auc(plain, answerable), least=0.95)
    yield Figure("refusal: AUC, cross-validated", auc(judged, answerable), least=0.95)
    yield Figure("unanswerable refused", float(np.mean(plain[~answerable] < least)), least=0.9)
    yield Figure("unanswerable refused, cross-validated", mean(r for r, a in refused if not a), least=0.9)
    yield Figure("answerable refused, cross-validated", mean(r for r, a in refused if a))


def logistic(features: Vector, truth: NDArray[np.bool_]) -> Vector:
    """Weights, the base first; both classes weigh the same. Newton's method."""
    inputs = np.column_stack([np.ones(len(features)), features])
    share = np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (share * (chance - truth)) + RIDGE * weights
        curve = (inputs * (share * chance * (1 - chance))[:, None]).T @ inputs + RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return weights


def score(features: Vector, weights: Vector) -> Vector:
    return np.asarray(weights[0] + features @ weights[1:])


def auc(scores: Vector, truth: NDArray[np.bool_]) -> float:
    """The chance that an answerable question scores more than another."""
    pairs = scores[truth][:, None] - scores[~truth][None]
    return float((pairs > 0).mean() + (pairs == 0).mean() / 2)


if __name__ == "__main__":
    sys.exit(main("search.crossval", measure))
