"""The registry of known acts."""

from __future__ import annotations

import datetime as dt

import pytest

from advakod.law import acts
from advakod.law.model import ActStatus


def test_a_number_alone_identifies_nothing() -> None:
    assert acts.identify("Федеральный закон", None, "146-ФЗ") is None


@pytest.mark.parametrize(
    ("date", "act", "part"),
    [(dt.date(2001, 11, 26), "gk", 3), (dt.date(1998, 7, 31), "nk", 1)],
)
def test_one_number_two_acts(date: dt.date, act: str, part: int) -> None:
    found = acts.identify("Федеральный закон", date, "146-ФЗ")
    assert found is not None
    assert (found.id, found.part) == (act, part)


def test_a_code_is_known_by_its_law_and_as_a_code() -> None:
    date = dt.date(2001, 12, 30)
    assert acts.identify("Кодекс", date, "197-ФЗ") == acts.identify("Федеральный закон", date, "197-ФЗ")
    assert acts.identify("Постановление", date, "197-ФЗ") is None


def test_ids_and_documents_are_unique() -> None:
    ids = [act.id for act in acts.KNOWN]
    documents = [(d.number, d.date) for act in acts.KNOWN for d in act.documents if d.number]
    assert len(set(ids)) == len(ids)
    assert len(set(documents)) == len(documents)


def test_repealed_codes_are_marked() -> None:
    old = acts.by_id("kzot_rsfsr")
    assert old is not None
    assert old.status is ActStatus.REPEALED
    assert old.identity().status is ActStatus.REPEALED


def test_slugs_tell_acts_apart() -> None:
    date = dt.date(2020, 7, 31)
    assert acts.slug("Федеральный закон", date, "247-ФЗ") == "fz-2020-07-31-247-fz"
    assert acts.slug("Федеральный закон", date, "248-ФЗ") != acts.slug("Федеральный закон", date, "247-ФЗ")
    assert acts.slug("Кодекс", None, "", "Кодекс чести") == "k-kodeks-chesti"
