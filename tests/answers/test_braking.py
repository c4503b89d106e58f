"""Where a text may be left."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advakod.answers.braking import Brake, kept_of


@pytest.mark.parametrize(
    ("text", "coming", "kept"),
    [
        ("Товар можно вернуть.", " Срок", ""),  # the next sentence has begun
        ("Товар можно вернуть", ". Срок", "."),
        ("Товар можно вернуть. ", "Срок", ""),
        ("Товар можно вернуть.", "\n\nСрок", ""),
        ("Товар можно вернуть", ".\n", "."),
        ("Товар можно вернуть.", " [1] Срок", " [1]"),  # the mark belongs to what stands before it
        ("Товар можно вернуть [1]", ". Срок", "."),
        ("Товар можно вернуть.", " [1][2, 3]. Срок", " [1][2, 3]."),
        ("Товар можно «вернуть!»", " И", ""),
        ("Товар можно вернуть.", " ", None),  # nothing shows yet what follows
        ("Товар можно вернуть.", " [1]", None),
        ("Товар можно вернуть.", " и", None),
        ("Товар можно вернуть по ст.", " 18 закона", None),
        ("Товар можно вернуть по п.", " 1 ст. 18 ЗоЗПП", None),
        ("1.", " Потребитель", None),
        ("Что делать:\n\n**1.", " Обратитесь", None),  # the number of what follows
        ("Что делать:\n\n### 1.", " Обратитесь", None),
        ("Соберите чеки;\n- 2.", " Подайте", None),
        ("Сначала напишите.\n\nШаг 2.", " Подайте", None),
        ("Срок — 14.", " Потом", ""),  # a number that ends a sentence
        ("Вернуть можно. Обменять", " тоже", None),  # an end that lies behind
        ("Вот что нужно:", "\n1", None),
        ("", "Да", None),
    ],
)
def test_ends(text: str, coming: str, kept: str | None) -> None:
    found = kept_of(text, coming)
    assert (None if found is None else coming[:found]) == kept


@given(st.text("аБв .![]1\n«»"), st.text("аБв .![]1\n«»", min_size=1))
@settings(deadline=None)
def test_only_of_what_is_coming(text: str, coming: str) -> None:
    kept = kept_of(text, coming)
    assert kept is None or 0 <= kept <= len(coming)


def test_time_or_tokens() -> None:
    assert Brake(10.0, None).is_on(10.0, 0)
    assert not Brake(10.0, None).is_on(9.0, 1_000)
    assert Brake(10.0, 50).is_on(0.0, 50)
    assert not Brake(10.0, 50).is_on(9.0, 49)
