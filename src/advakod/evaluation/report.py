"""What an evaluation found, by style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .metrics import Mean, hit, mean, ndcg
from .questions import UNANSWERABLE, Question

HEADER = ("стиль", "вопросов", "hit@1", "hit@10", "nDCG@10", "отказов")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went: place of the first gold article (None: not among ten), and whether it was refused."""

    question: Question
    place: int | None
    refused: bool
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Averages over the questions of each style; unanswerable ones are counted by refusals alone."""

    outcomes: tuple[Outcome, ...]

    @property
    def styles(self) -> dict[str, tuple[Outcome, ...]]:
        """Styles in alphabetical order."""
        names = sorted({outcome.question.style for outcome in self.outcomes})
        return {name: tuple(o for o in self.outcomes if o.question.style == name) for name in names}

    def as_dict(self) -> dict[str, object]:
        """`{"styles": {style: {"n", "hit@1", "hit@1_interval": [low, high], …, "refused"}}}`."""
        return {"styles": {name: _numbers(outcomes) for name, outcomes in self.styles.items()}}

    def table(self) -> Iterator[tuple[str, ...]]:
        """Rows under HEADER, for a terminal."""
        for name, outcomes in self.styles.items():
            measures = _measures(outcomes)
            cells = (_shown(measures[m]) if m in measures else "—" for m in ("hit@1", "hit@10", "ndcg@10", "refused"))
            yield name, str(len(outcomes)), *cells


def _measures(outcomes: Sequence[Outcome]) -> dict[str, Mean]:
    refused = {"refused": mean([float(o.refused) for o in outcomes])}
    if outcomes[0].question.style == UNANSWERABLE:
        return refused
    places = [o.place for o in outcomes]
    return {
        "hit@1": mean([hit(place, 1) for place in places]),
        "hit@10": mean([hit(place, 10) for place in places]),
        "ndcg@10": mean([ndcg(place) for place in places]),
        **refused,
    }


def _numbers(outcomes: Sequence[Outcome]) -> dict[str, object]:
    numbers: dict[str, object] = {"n": len(outcomes)}
    for name, found in _measures(outcomes).items():
        numbers[name] = round(found.value, 4)
        numbers[f"{name}_interval"] = [round(found.low, 4), round(found.high, 4)]
    kinds = sorted({o.question.kind for o in outcomes if o.question.kind})
    if kinds:
        numbers["refused_by_kind"] = {kind: _refused(outcomes, kind) for kind in kinds}
    return numbers


def _refused(outcomes: Sequence[Outcome], kind: str) -> float:
    of_kind = [float(o.refused) for o in outcomes if o.question.kind == kind]
    return round(sum(of_kind) / len(of_kind), 4)


def _shown(found: Mean) -> str:
    return f"{found.value:.3f} [{found.low:.3f}; {found.high:.3f}]"
