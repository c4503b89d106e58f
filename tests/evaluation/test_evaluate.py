from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from advakod.evaluation import QuestionSetError, evaluate, load_questions
from advakod.evaluation.report import HEADER
from advakod.search import Hit, SearchResult

LINES: list[dict[str, Any]] = [
    {"id": "1", "question": "один", "gold": [{"act": "tk", "article": "1"}], "style": "everyday"},
    {"id": "2", "question": "два", "gold": [{"act": "tk", "article": "9"}], "style": "everyday"},
    {"id": "3", "question": "три", "gold": [{"act": "tk", "article": "2"}], "style": "formal"},
    {"id": "4", "question": "погода", "gold": [], "style": "unanswerable", "kind": "not_law"},
    {"id": "5", "question": "Беларусь", "gold": [], "style": "unanswerable", "kind": "foreign"},
]


class FixedSearch:
    """Finds articles 1, 2 and 3 of ТК, whatever is asked; refuses «погода»."""

    def search(self, query: str, limit: int = 10) -> SearchResult:
        hits = (Hit("tk", "ТК", str(n), "", f"ru/tk/st{n}", None, 4.0 - n, "", ()) for n in (1, 2, 3))
        return SearchResult(tuple(hits)[:limit], answerable=query != "погода")


def question_set(folder: Path, *lines: object) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def test_a_report_by_style(tmp_path: Path) -> None:
    report = evaluate(FixedSearch(), load_questions(question_set(tmp_path, *LINES)))
    styles = report.as_dict()["styles"]
    assert isinstance(styles, dict)
    everyday, formal, unanswerable = styles["everyday"], styles["formal"], styles["unanswerable"]
    assert (everyday["n"], everyday["hit@1"], everyday["hit@10"], everyday["ndcg@10"]) == (2, 0.5, 0.5, 0.5)
    assert (formal["n"], formal["hit@1"], formal["hit@10"], formal["ndcg@10"]) == (1, 0.0, 1.0, 0.6309)
    assert everyday["hit@1_interval"] == [0.0, 1.0]
    assert unanswerable["refused"] == 0.5
    assert unanswerable["refused_by_kind"] == {"foreign": 0.0, "not_law": 1.0}
    assert "hit@1" not in unanswerable
    json.dumps(report.as_dict())


def test_a_table_for_the_terminal(tmp_path: Path) -> None:
    rows = list(evaluate(FixedSearch(), load_questions(question_set(tmp_path, *LINES))).table())
    assert [row[0] for row in rows] == ["everyday", "formal", "unanswerable"]
    assert all(len(row) == len(HEADER) for row in rows)
    assert rows[0][2] == "0.500 [0.000; 1.000]"
    assert rows[2][2] == "—"


def test_progress_is_told_after_each_question(tmp_path: Path) -> None:
    counts: list[int] = []
    questions = load_questions(question_set(tmp_path, *LINES))
    evaluate(FixedSearch(), questions, lambda outcomes: counts.append(len(outcomes)))
    assert counts == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "строка 2"),
        ("[]", "объект"),
        ({"id": "9"}, "нет поля 'gold'"),
        (LINES[0] | {"id": 7}, "'id'"),
        (LINES[0] | {"id": "9", "question": ""}, "'question'"),
        (LINES[0], "повторяется"),
        (LINES[0] | {"id": "9", "gold": []}, "unanswerable"),
        (LINES[3] | {"id": "9", "gold": LINES[0]["gold"]}, "unanswerable"),
        (LINES[0] | {"id": "9", "gold": [{"act": "tk"}]}, "нет поля 'article'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, why: str) -> None:
    with pytest.raises(QuestionSetError) as caught:
        load_questions(question_set(tmp_path, LINES[0], line))
    assert re.search(why, caught.value.message)


def test_a_set_that_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match="No such file"):
        load_questions(tmp_path / "none.jsonl")
    with pytest.raises(QuestionSetError) as caught:
        load_questions(question_set(tmp_path, "", " "))
    assert "нет ни одного вопроса" in caught.value.message


def test_the_development_set_can_be_read(corpus_dir: Path) -> None:
    questions = load_questions(corpus_dir.parent / "eval" / "questions.dev.jsonl")
    assert {q.style for q in questions} == {"everyday", "formal", "unanswerable"}
