"""Profiles: what is written is read; words that inflection or misspelling changed are still alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.russian import tokens
from advakod.search.errors import IndexUnusableError
from advakod.search.grams import LONGEST, SHORTEST, grams
from advakod.search.profiles import Profile, Profiles, write

TEXTS = ("Затопили соседи сверху, кто платит за ремонт?", "Уволили за прогул без объяснений", "", "Развод через суд")


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    write(tmp_path / "profiles", (Profile(text, f"act{n}", n) for n, text in enumerate(TEXTS)))
    return Profiles(tmp_path / "profiles")


@pytest.mark.parametrize(
    ("question", "best"),
    [("затопил сосед", 0), ("ОТ СОСЕДЕЙ ЗАТОПЛЕНИЕ", 0), ("увольнение и прогулы", 1), ("разводимся", 3)],
)
def test_the_most_alike_is_first(profiles: Profiles, question: str, best: int) -> None:
    likeness = profiles.likeness(question, 64)
    assert int(likeness.argmax()) == best
    assert likeness[2] == 0.0


def test_facts_stand_beside_rows(profiles: Profiles) -> None:
    assert profiles.acts.tolist() == ["act0", "act1", "act2", "act3"]
    assert profiles.editions.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("question", ["", "!!!", "абырвалг", "zzz " * 1_000])
def test_any_question_has_an_answer(profiles: Profiles, question: str) -> None:
    likeness = profiles.likeness(question, 64)
    assert likeness.shape == (4,)
    assert np.isfinite(likeness).all()


@pytest.mark.parametrize("texts", [(), ("",), ("", "")])
def test_nothing_to_be_like(tmp_path: Path, texts: tuple[str, ...]) -> None:
    write(tmp_path / "profiles", [Profile(text, "a", 0) for text in texts])
    assert Profiles(tmp_path / "profiles").likeness("развод", 64).tolist() == [0.0] * len(texts)


@pytest.mark.parametrize("name", ["vocabulary.npy", "weights.npy", "editions.npy"])
@pytest.mark.parametrize("content", [None, b"", b"PK\x05\x06 no archive", b"\x93NUMPY\x01\x00"])
def test_a_damaged_part_makes_it_unusable(profiles: Profiles, tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / "profiles" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndexUnusableError):
        Profiles(tmp_path / "profiles")


def slowly(text: str) -> list[str]:
    """The same n-grams as strings, by the definition."""
    found = []
    for word in tokens(text):
        spaced = f" {word} "
        for length in range(SHORTEST, LONGEST + 1):
            found += [spaced[at : at + length] for at in range(len(spaced) - length + 1)]
    return found


@given(st.text("абвя ёЁ1-.", max_size=40), st.text("абвя ёЁ1-.", max_size=40))
def test_numbers_are_n_grams(one: str, other: str) -> None:
    assert len(grams(one)) == len(slowly(one))
    assert len(set(grams(one).tolist()) & set(grams(other).tolist())) == len(set(slowly(one)) & set(slowly(other)))


def test_words_beyond_the_most_are_not_read() -> None:
    assert grams("раз два три", 2).tolist() == grams("раз два").tolist()
