"""The guide's checker sees each fault that it is there for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from advakod.law.guide import Entry, load_guide, text_hash
from tools.check_guide import against, in_form, main

TEXT = "Потребитель вправе потребовать замены товара с недостатком на такой же товар надлежащего качества."
GOOD = Entry(
    act="zozpp",
    article="18",
    title="Права потребителя",
    summary="Если вещь оказалась с изъяном, её можно поменять на исправную, сдать обратно или починить за его счёт.",
    figures=("Срок — пятнадцать дней.",),
    questions=("Телефон сломался, что делать?", "Можно вернуть брак?", "Кто платит за ремонт?", "А без чека?"),
    text_hash=text_hash(TEXT),
    edition_date=dt.date(2023, 8, 4),
)


def test_a_good_entry_has_no_fault() -> None:
    assert list(in_form([GOOD])) == list(against([GOOD], {("zozpp", "18"): TEXT})) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (replace(GOOD, summary="Коротко."), "a summary of 8 characters"),
        (replace(GOOD, summary=GOOD.summary + " За 15 дней."), "figures in the summary"),
        (replace(GOOD, act="koap"), "too old"),
        (replace(GOOD, questions=GOOD.questions[:3]), "3 questions"),
        (replace(GOOD, questions=(*GOOD.questions, "можно вернуть БРАК")), "the same question twice"),
        (replace(GOOD, questions=(*GOOD.questions, "А" * 200)), "a question of 200 characters"),
        (replace(GOOD, questions=(*GOOD.questions, "О чём статья 18 закона?")), "names an article"),
    ],
)
def test_faults_of_form(bad: Entry, said: str) -> None:
    (fault,) = in_form([bad])
    assert said in fault


def test_a_question_of_two_articles() -> None:
    (fault,) = in_form(
        [GOOD, replace(GOOD, article="19", questions=("Кто платит за ремонт?", "А?" * 6, "Б?" * 6, "В?" * 6))]
    )
    assert "asked of article 18 too" in fault


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (replace(GOOD, article="99"), "no such article"),
        (replace(GOOD, text_hash="beef"), "another text"),
        (replace(GOOD, figures=(f"Итак, {TEXT}",)), "copied from the act: «потребитель вправе"),
    ],
)
def test_faults_against_the_text(bad: Entry, said: str) -> None:
    (fault,) = against([bad], {("zozpp", "18"): TEXT})
    assert said in fault


def test_the_shipped_guide_is_in_form() -> None:
    assert main([]) == 0


def test_the_shipped_guide_is_true_to_the_acts(corpus_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them in one go: an act in parts has its entries in one."""
    names = "gk1_* gk2_* gk3_* gk4_* gpk_* koap_* nk1_1* sk_* tk_* uk_* zhk_* zozpp_*".split()
    files = [str(next((corpus_dir / "statutes").glob(name))) for name in names]
    assert main(files) == 0, capsys.readouterr().out
    assert f"{len(load_guide().entries)} entries" in capsys.readouterr().out
