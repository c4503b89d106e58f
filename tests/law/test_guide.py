from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from advakod.law.acts import by_id
from advakod.law.guide import Guide, GuideError, load_guide, read_guide, text_hash
from advakod.law.numbers import normalise

TEXT = "1. Продавец обязан вернуть деньги в течение десяти дней."
ENTRY = f"""
[act]
id = "zozpp"
edition_date = 2023-08-04

[[entry]]
article = "22"
title = "Сроки"
summary = \"\"\"
Деньги возвращают
быстро.
\"\"\"
figures = ["Срок — десять дней."]
questions = ["Когда вернут деньги?"]
text_hash = "{text_hash(TEXT)}"
"""


def guide_of(folder: Path, *contents: str) -> Guide:
    for number, content in enumerate(contents):
        (folder / f"{number}.toml").write_text(content, "utf-8")
    return read_guide(folder)


def test_an_entry_is_found_by_act_and_article(tmp_path: Path) -> None:
    guide = guide_of(tmp_path, ENTRY)
    entry = guide.find("zozpp", "22")
    assert entry is not None
    assert entry.summary == "Деньги возвращают быстро."
    assert entry.edition_date == dt.date(2023, 8, 4)
    assert guide.find("zozpp", "23") is None


def test_figures_stand_only_beside_the_text_they_were_taken_from(tmp_path: Path) -> None:
    entry = guide_of(tmp_path, ENTRY).entries[0]
    assert entry.figures_beside(TEXT) == ("Срок — десять дней.",)
    assert entry.figures_beside(TEXT.replace("десяти", "семи")) == ()


def test_an_entry_without_a_hash_shows_no_figures(tmp_path: Path) -> None:
    entry = guide_of(tmp_path, ENTRY.replace(text_hash(TEXT), "")).entries[0]
    assert entry.figures_beside(TEXT) == ()


@pytest.mark.parametrize(
    "same", ["1.Продавец обязан вернуть деньги — в течение\nдесяти дней", TEXT.upper(), f"  {TEXT}\n"]
)
def test_layout_does_not_change_the_hash(same: str) -> None:
    assert text_hash(same) == text_hash(TEXT)


@pytest.mark.parametrize("other", [TEXT.replace("1.", "2."), TEXT.replace("обязан", "вправе"), ""])
def test_words_and_numbers_do(other: str) -> None:
    assert text_hash(other) != text_hash(TEXT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[act", "не TOML"),
        (ENTRY.replace('title = "Сроки"', ""), "'title'"),
        (ENTRY.replace("[act]", "[акт]"), "не TOML"),
        (ENTRY.replace("figures =", "figure ="), "неизвестные поля"),
        (ENTRY.replace('id = "zozpp"', ""), "'id'"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(GuideError, match=message):
        guide_of(tmp_path, content)


def test_an_article_described_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GuideError, match="дважды"):
        guide_of(tmp_path, ENTRY, ENTRY)


def test_the_fingerprint_changes_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = guide_of(tmp_path / "a", ENTRY), guide_of(tmp_path / "b", ENTRY.replace("быстро", "скоро"))
    assert one.fingerprint != other.fingerprint


def test_the_shipped_guide_covers_what_it_promises() -> None:
    guide = load_guide()
    for act in ("zozpp", "tk"):
        assert sum(entry.act == act for entry in guide.entries) >= 40
    for entry in guide.entries:
        assert by_id(entry.act), entry
        assert normalise(entry.article) == entry.article, entry
        assert entry.title, entry
        assert entry.summary, entry
        assert len(entry.questions) >= 3, entry
        assert all(question.strip() for question in (*entry.questions, *entry.figures)), entry
