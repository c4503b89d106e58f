"""The list of references under an answer: an article a line, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..law.acts import by_id
from ..law.model import Kind
from ..law.numbers import segment, sort_key

VERIFIED = "verified"
MENTIONED = "not_in_context"
VERDICTS = {
    "no_such_provision": "такой нормы нет",
    "act_not_loaded": "акт не загружен",
    "ambiguous": "непонятно, какой акт",
    "repealed": "утратила силу",
    "summary": "по краткому пересказу",
}
UNITS = {
    Kind.PREAMBLE: "преамбула",
    Kind.SECTION: "разд.",
    Kind.SUBSECTION: "подразд.",
    Kind.CHAPTER: "гл.",
    Kind.PARAGRAPH: "§",
    Kind.ARTICLE: "ст.",
    Kind.PART: "ч.",
    Kind.POINT: "п.",
    Kind.SUBPOINT: "подп.",
    Kind.INDENT: "абз.",
    Kind.NOTE: "прим.",
    Kind.APPENDIX: "прил.",
}
_KINDS = sorted(Kind, key=lambda kind: -len(kind.value))  # `pp` before `p`
_LETTERS = {segment(Kind.SUBPOINT, letter)[2:]: letter for letter in "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"}

Step = tuple[str, str]  # ("п.", "1")
Citation = Mapping[str, Any]


def reference_lines(citations: Iterable[Citation], sources: Iterable[Citation]) -> list[str]:
    """Articles in the order of their first mention, each once for every verdict."""
    acts = {source["act"]: source["act_title"] for source in sources}
    articles: dict[tuple[str, ...], set[tuple[Step, ...]]] = {}
    for citation in citations:
        if citation["verdict"] != MENTIONED:
            head, tail = _place(citation)
            articles.setdefault((_act(citation, acts), head, citation["verdict"]), set()).add(tail)
    return [_line(act, head, verdict, tails) for (act, head, verdict), tails in articles.items()]


def mentioned(citations: Iterable[Citation], sources: Iterable[Citation]) -> str:
    """Articles that are there and were not read: «ст. 14, ст. 15 — Закон …; ст. 5 — …»."""
    acts = {source["act"]: source["act_title"] for source in sources}
    heads: dict[str, dict[str, None]] = {}
    for citation in citations:
        if citation["verdict"] == MENTIONED:
            heads.setdefault(_act(citation, acts), {})[_place(citation)[0]] = None
    return "; ".join(", ".join(places) + (f" — {act}" if act else "") for act, places in heads.items())


def _line(act: str, head: str, verdict: str, tails: Iterable[tuple[Step, ...]]) -> str:
    mark = "✓" if verdict == VERIFIED else "·"
    place = ", ".join([head, *_inside(tails)])
    words = "" if verdict == VERIFIED else f": {VERDICTS.get(verdict, verdict)}"
    return f"{mark} {place}{f' — {act}' if act else ''}{words}"


def _act(citation: Citation, titles: Mapping[str, str]) -> str:
    """«Закон РФ «О защите прав потребителей», ред. 04.08.2023»; nothing when the text alone says which act."""
    if not citation["address"]:
        return ""
    known = by_id(citation["act"])
    title = titles.get(citation["act"]) or (known.short if known else citation["act"])
    day = citation["edition_date"]
    return f"{title}, ред. {dt.date.fromisoformat(day):%d.%m.%Y}" if day else title


def _place(citation: Citation) -> tuple[str, tuple[Step, ...]]:
    """The article, and the way to the point inside it: `ru/zozpp@2023-08-04/st18/p1` → «ст. 18», п. 1."""
    if not citation["address"]:
        return citation["text"], ()
    steps = [_step(written) for written in citation["address"].split("/")[2:]]
    at = next((n for n, (unit, _) in enumerate(steps) if unit == UNITS[Kind.ARTICLE]), 0)
    return " ".join(map(_words, steps[: at + 1])), tuple(steps[at + 1 :])


def _step(written: str) -> Step:
    kind = next((kind for kind in _KINDS if written.startswith(kind.value)), None)
    if kind is None:
        return "", written
    number = written.removeprefix(kind.value)
    return UNITS[kind], _LETTERS.get(number, number)


def _words(step: Step) -> str:
    return " ".join(filter(None, step))


def _inside(tails: Iterable[tuple[Step, ...]]) -> list[str]:
    """«п. 1», «3», «ч. 2 абз. 1»: what stands alone in its article names its unit once."""
    inside = []
    for unit, group in groupby(sorted(filter(None, tails), key=_order), key=_unit):
        told = [_words(tail[0]) if len(tail) == 1 else " ".join(map(_words, tail)) for tail in group]
        inside += told[:1] + [words.removeprefix(f"{unit} ") if unit else words for words in told[1:]]
    return inside


def _unit(tail: Sequence[Step]) -> str:
    return tail[0][0] if len(tail) == 1 else ""


def _order(tail: Sequence[Step]) -> tuple[str, list[Any]]:
    return _unit(tail), [(unit, sort_key(number)) for unit, number in tail]
