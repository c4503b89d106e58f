"""The list under an answer names each article once, in words."""

from __future__ import annotations

from typing import Any

from advakod.cli.references import mentioned, reference_lines

ZOZPP = {"act": "zozpp", "act_title": "Закон РФ «О защите прав потребителей»"}


def cited(place: str, verdict: str = "verified", act: str = "zozpp") -> dict[str, Any]:
    return {
        "act": act,
        "address": f"ru/{act}@2023-08-04/{place}",
        "verdict": verdict,
        "text": "[1]",
        "edition_date": "2023-08-04",
    }


def test_an_article_is_one_line_with_its_points() -> None:
    places = ("st18", "st18/p3", "st18/p1", "st18/p10", "st18/p1", "st18/p1/abz2", "st18/p6/ppa")
    assert reference_lines(map(cited, places), [ZOZPP]) == [
        "✓ ст. 18, п. 1 абз. 2, п. 6 подп. а, п. 1, 3, 10 — Закон РФ «О защите прав потребителей», ред. 04.08.2023"
    ]


def test_a_verdict_is_said_unless_it_is_verified() -> None:
    citations = [cited("st235", "summary", "tk"), cited("st18", "repealed"), cited("st18")]
    assert reference_lines(citations, [ZOZPP]) == [
        "· ст. 235 — Трудовой кодекс, ред. 04.08.2023: по краткому пересказу",
        "· ст. 18 — Закон РФ «О защите прав потребителей», ред. 04.08.2023: утратила силу",
        "✓ ст. 18 — Закон РФ «О защите прав потребителей», ред. 04.08.2023",
    ]


def test_what_is_nowhere_is_shown_as_it_was_written() -> None:
    unknown = {**cited("st999", "no_such_provision"), "address": None, "text": "ст. 999 ГК РФ"}
    assert reference_lines([unknown], []) == ["· ст. 999 ГК РФ: такой нормы нет"]


def test_what_was_only_mentioned_stands_apart() -> None:
    citations = [cited("st14", "not_in_context"), cited("st18"), cited("st15/p2", "not_in_context")]
    assert mentioned(citations, [ZOZPP]) == "ст. 14, ст. 15 — Закон РФ «О защите прав потребителей», ред. 04.08.2023"
    assert len(reference_lines(citations, [ZOZPP])) == 1
    assert mentioned([cited("st18")], [ZOZPP]) == ""


def test_an_act_made_of_points() -> None:
    assert reference_lines([cited("p5/abz2", act="rules")], []) == ["✓ п. 5, абз. 2 — rules, ред. 04.08.2023"]
