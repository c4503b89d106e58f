"""The three real layouts: counts, numbers, dates, structure, and every word kept once."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from advakod.ingest.reader import read
from advakod.law.model import ActStatus, Kind, ParsedDocument, Provision
from advakod.law.numbers import sort_key
from advakod.law.parsing import first_unit, header

Act = Callable[[str], ParsedDocument]

# name of the file, act, part, articles, edition
ACTS = [
    ("gk1", "gk", 1, 590, dt.date(2023, 8, 4)),
    ("gk2", "gk", 2, 685, dt.date(2023, 7, 24)),
    ("gk3", "gk", 3, 123, dt.date(2023, 7, 24)),
    ("gk4", "gk", 4, 329, dt.date(2023, 6, 13)),
    ("tk", "tk", 0, 529, dt.date(2023, 10, 24)),
    ("sk", "sk", 0, 177, dt.date(2023, 7, 31)),
    ("zhk", "zhk", 0, 243, dt.date(2023, 8, 4)),
    ("uk", "uk", 0, 523, dt.date(2023, 8, 4)),
    ("gpk", "gpk", 0, 498, dt.date(2023, 6, 24)),
    ("nk1_1", "nk", 1, 267, dt.date(2023, 8, 4)),
    ("nk1_prev", "nk", 1, 266, dt.date(2023, 5, 29)),
    ("zozpp", "zozpp", 0, 54, dt.date(2023, 8, 4)),
    ("koap", "koap", 0, 736, dt.date(2017, 3, 7)),
    ("kzot", "kzot_rsfsr", 0, 256, dt.date(1971, 12, 9)),
]
FILES = [*(name for name, *_ in ACTS), "pdd"]
_WORDS = {Kind.ARTICLE: "Статья", Kind.CHAPTER: "Глава", Kind.SECTION: "Раздел", Kind.SUBSECTION: "Подраздел"}


@pytest.mark.parametrize(("name", "id_", "part", "articles", "edition"), ACTS)
def test_identity_and_counts(act: Act, name: str, id_: str, part: int, articles: int, edition: dt.date) -> None:
    document = act(name)
    assert (document.act.id, document.act.part) == (id_, part)
    assert len(document.articles) == articles
    assert document.edition_date == edition
    assert document.warnings == ()


@pytest.mark.parametrize("name", FILES)
def test_addresses_are_unique_and_articles_in_order(act: Act, name: str) -> None:
    document = act(name)
    addresses = [p.address for p in document.provisions]
    numbers = [sort_key(a.number) for a in document.articles]
    assert len(set(addresses)) == len(addresses)
    assert all(len(address) <= 200 for address in addresses)
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("name", FILES)
def test_parents_enclose(act: Act, name: str) -> None:
    provisions = act(name).provisions
    for i, provision in enumerate(provisions):
        assert -1 <= provision.parent < i
        if provision.kind in (Kind.ARTICLE, Kind.CHAPTER) and provision.parent >= 0:
            assert provisions[provision.parent].kind not in (Kind.ARTICLE, Kind.POINT, Kind.PART)


@pytest.mark.parametrize("name", FILES)
def test_every_word_is_kept_once(corpus_dir: Path, act: Act, name: str) -> None:
    paragraphs = read(next((corpus_dir / "statutes").glob(f"{name}*"))).paragraphs
    first = first_unit(paragraphs)
    assert first is not None
    cut = header.frame(paragraphs, first)
    source = _words(text for p in (*cut.preamble, *cut.body) for text in (p.text, *p.notes))
    kept = _words(text for p in act(name).provisions for text in _printed(p))
    assert source - kept == Counter()
    assert kept - source == Counter()


def test_superscript_numbers(act: Act) -> None:
    numbers = {a.number for a in act("tk").articles}
    assert {"312.1", "348.11-1", "351.7"} <= numbers
    assert not numbers & {"3121", "34811-1", "3517"}


def test_labour_code_counts_its_unnumbered_parts(act: Act) -> None:
    units = _by_address(act("tk"))
    assert units["st81/ch1"].kind is Kind.PART
    assert units["st81/ch1/p6/ppa"].text.startswith("прогула, то есть отсутствия на рабочем месте")
    assert units["st81/ch3"].text.startswith("Увольнение по основанию, предусмотренному пунктом 2 или 3")
    assert units["st57/ch2/abz2"].text.startswith("место работы")
    assert units["st81/ch1/p12"].repealed


def test_civil_code_has_points(act: Act) -> None:
    units = _by_address(act("gk1"))
    assert units["st35/p1/abz2"].kind is Kind.INDENT
    assert units["st12/abz4"].text.startswith("признания оспоримой сделки")
    assert units["st12/abz5"].notes == ("(Дополнение абзацем - Федеральный закон от 30.12.2012 № 302-ФЗ)",)


def test_criminal_code_has_lettered_points_and_notes(act: Act) -> None:
    units = _by_address(act("uk"))
    assert units["st158/ch2/pv"].text == "с причинением значительного ущерба гражданину;"
    assert units["st158/ch2/abz2"].text.startswith("наказывается штрафом")
    assert units["st158/prim/p2"].text.startswith("Значительный ущерб гражданину")
    assert units["st63/ch1/pe.1"].number == "е.1"


def test_repealed_indents_keep_their_place(act: Act) -> None:
    units = _by_address(act("nk1_1"))
    assert units["st11/p2/abz5"].repealed
    assert units["st11/p2/abz6"].text.startswith("лица (лицо) - организации")


def test_repealed_unnumbered_parts_keep_their_place(act: Act) -> None:
    units = _by_address(act("tk"))
    assert [units[f"st129/ch{n}"].repealed for n in (1, 2)] == [False, True]
    assert [n for n in range(1, 16) if units[f"st332/ch{n}"].repealed] == [3, 7, 12, 13, 14, 15]


def test_consumer_law_preamble(act: Act) -> None:
    units = _by_address(act("zozpp"))
    assert units["pre"].kind is Kind.PREAMBLE
    assert units["pre/abz3"].text.startswith("потребитель - гражданин, имеющий намерение")
    assert units["pre/abz3"].notes == ("(в ред. Федерального закона от 17.12.1999 N 212-ФЗ)",)
    assert "купли-продажи" in units["pre/abz6"].text
    assert units["pre/abz13"].text.endswith('"О национальной платежной системе".')


def test_consumer_law_articles(act: Act) -> None:
    units = _by_address(act("zozpp"))
    assert units["st18"].heading == "Права потребителя при обнаружении в товаре недостатков"
    assert units["st18/p1/abz2"].text.startswith("потребовать замены на товар этой же марки")
    assert units["st26"].repealed
    assert units["st26"].heading == ""
    assert "купли-продажи" in units["st18/p1/abz6"].text


def test_no_amendment_note_is_left_in_a_text(act: Act) -> None:
    note = re.compile(r"\((?:в ред\. |В редакции Федеральн|Дополнение \w+ - |п\. \d+ введен)")
    for name in FILES:
        assert [p.address for p in act(name).provisions if note.search(p.text)] == []


def test_administrative_code_from_consultant_text(act: Act) -> None:
    units = _by_address(act("koap"))
    assert units["st12.9/ch1"].repealed
    assert units["st12.9/ch2/abz2"].text == "влечет наложение административного штрафа в размере пятисот рублей."
    assert units["st5.1"].heading.startswith("Нарушение права гражданина")
    assert any("КонсультантПлюс: примечание" in note for note in units["st2.9"].notes)


def test_what_only_looks_repealed_is_not(act: Act) -> None:
    assert _by_address(act("tk"))["st422"].heading == "Признание утратившими силу отдельных законодательных актов"
    assert not _by_address(act("gk1"))["st64.2/p2"].repealed
    assert _by_address(act("zhk"))["st130/ch1/p2"].text == "исключения члена кооператива;"
    gone = _by_address(act("gk1"))["gl4/par2/par5"]
    assert (gone.kind, gone.heading, gone.repealed) == (Kind.PARAGRAPH, "5. (Статья 95)", True)


@pytest.mark.parametrize("name", FILES)
def test_numbers_grow_and_every_live_unit_has_words(act: Act, name: str) -> None:
    provisions = act(name).provisions
    parents = {p.parent for p in provisions}
    last: dict[tuple[int, Kind], str] = {}
    for i, provision in enumerate(provisions):
        assert provision.text or provision.repealed or i in parents or provision.kind is Kind.CHAPTER
        if provision.number and provision.kind in (Kind.PART, Kind.POINT, Kind.SUBPOINT):
            before = last.get((provision.parent, provision.kind), "0")
            assert sort_key(before) < sort_key(provision.number), provision.address
            last[provision.parent, provision.kind] = provision.number


def test_traffic_rules_have_points_instead_of_articles(act: Act) -> None:
    document = act("pdd")
    units = _by_address(document)
    assert document.articles == ()
    assert document.act.id == "pdd"
    assert units["razd2"].heading == "Общие обязанности водителей"
    assert units["p2.1.1"].text.startswith("Иметь при себе")
    assert document.edition_date is None
    assert document.warnings


def test_old_labour_code_is_repealed(act: Act) -> None:
    assert act("kzot").act.status is ActStatus.REPEALED


def _by_address(document: ParsedDocument) -> dict[str, Provision]:
    return {p.address: p for p in document.provisions}


def _printed(p: Provision) -> Iterable[str]:
    """What stands in the source for a provision: its word, number, heading, text and notes."""
    named = p.kind in _WORDS and p.number
    # A section of an act without articles has its number printed, and no word before it.
    word = _WORDS[p.kind] if named and not (p.kind is Kind.SECTION and p.number.isdigit()) else ""
    appendix = "Приложение" if p.kind is Kind.APPENDIX and p.address != "pril" else ""
    yield from (word, appendix, p.number if named or p.kind is Kind.PARAGRAPH else "", p.heading, p.text, *p.notes)


def _words(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in re.findall(r"\w+", text.casefold()))
