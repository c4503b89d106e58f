from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advakod.russian import analyse, lemma, stem
from tests.support.growth import assert_linear


@pytest.mark.parametrize(
    ("form", "expected"),
    [("договоров", "договор"), ("людьми", "человек"), ("увольняют", "увольнять"), ("ТК", "тк"), ("312.1", "312.1")],
)
def test_lemma(form: str, expected: str) -> None:
    assert lemma(form) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("статья", "статей"),  # by the lemma alone these two do not meet
        ("договор", "договорами"),
        ("возврат", "возврата"),
        ("идёт", "шла"),
        ("ребёнок", "детей"),
        ("работник", "РАБОТНИКОМ"),
        ("увольнение", "увольнении"),
    ],
)
def test_forms_of_a_word_share_a_term(one: str, other: str) -> None:
    assert set(analyse(one)) & set(analyse(other))


def test_a_word_gives_its_lemma_first_and_its_own_stem_only_where_it_differs() -> None:
    assert analyse("людьми") == [stem("человек"), stem("людьми")]
    assert analyse("договор") == ["договор"]


@given(st.text(alphabet="абвгдеёжзийклмнопрстуфхцчшщъыьэюяabc .,-5", max_size=80))
def test_terms_fit_an_index_that_splits_at_white_space(text: str) -> None:
    terms = analyse(text)
    assert " ".join(terms).split() == terms


def test_threads_get_the_same_terms() -> None:
    words = [f"{prefix}{root}" for prefix in ("пере", "за", "по", "вы") for root in ("платить", "купать", "давать")]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [analyse(word) for word in words], range(32)))
    assert all(one == found[0] for one in found)


def test_a_long_text_takes_linear_time() -> None:
    assert_linear(analyse, "Потребитель вправе отказаться от исполнения договора купли-продажи. " * 500)
