"""Hold the everyday guide against its rules, and against the acts that it was written from where they are at hand.

    python -m tools.check_guide            the rules that need no text: form, lengths, repetitions
    python -m tools.check_guide FILE…      also against these official texts: articles, hashes, nothing copied

Prints a line for each fault and ends with 1 when there is any. What the rules are stands in docs/howto/guide.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from advakod.law.guide import Entry, GuideError, load_guide, text_hash
from advakod.russian import tokens
from tools.stamp_guide import article_texts

SUMMARY = range(100, 951)  # characters
QUESTION = range(8, 181)
QUESTIONS = range(4, 11)  # of an entry
COPIED = 8  # words in a row that summary, figure or question may not have in common with the article
OLD = frozenset({"koap"})  # acts whose text is too old for its sums and terms to be told
_NUMBER = re.compile(r"\d")
_NAMES_ARTICLE = re.compile(r"\bстать(?:я|и|е|ю|ёй|ей)\s+\d|\bст\.\s*\d", re.IGNORECASE)


def main(files: list[str]) -> int:
    try:
        entries = load_guide().entries
    except GuideError as error:
        print(error)
        return 1
    faults = list(in_form(entries))
    texts: dict[tuple[str, str], str] = {}
    for path in files:
        act, found = article_texts(Path(path))
        texts |= {(act, number): text for number, text in found.items()}
    acts = {act for act, _ in texts}
    faults += against([entry for entry in entries if entry.act in acts], texts)
    print(*faults, sep="\n", end="\n" if faults else "")
    asked = sum(len(entry.questions) for entry in entries)
    checked = f", {len(texts)} articles read" if texts else ""
    print(f"Everyday guide: {len(entries)} entries, {asked} questions{checked}, {len(faults)} faults")
    return 1 if faults else 0


def in_form(entries: Iterable[Entry]) -> Iterator[str]:
    """Faults that an entry shows by itself, and questions that stand twice in an act."""
    asked: dict[tuple[str, str], str] = {}
    for entry in entries:
        yield from (f"{_name(entry)}: {fault}" for fault in _faults(entry))
        for question in entry.questions:
            before = asked.setdefault((entry.act, " ".join(tokens(question))), entry.article)
            if before != entry.article:
                yield f"{_name(entry)}: asked of article {before} too: {question}"


def _faults(entry: Entry) -> Iterator[str]:
    if len(entry.summary) not in SUMMARY:
        yield f"a summary of {len(entry.summary)} characters"
    if _NUMBER.search(entry.summary):
        yield "figures in the summary: they belong into the field of their own"
    if entry.figures and entry.act in OLD:
        yield "figures of an act whose text is too old"
    if len(entry.questions) not in QUESTIONS:
        yield f"{len(entry.questions)} questions"
    if len({" ".join(tokens(question)) for question in entry.questions}) < len(entry.questions):
        yield "the same question twice"
    for question in entry.questions:
        if len(question) not in QUESTION:
            yield f"a question of {len(question)} characters: {question}"
        if _NAMES_ARTICLE.search(question):
            yield f"a question that names an article: {question}"


def against(entries: Iterable[Entry], texts: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Faults that only the act's text shows."""
    for entry in entries:
        text = texts.get((entry.act, entry.article))
        if text is None:
            yield f"{_name(entry)}: no such article"
            continue
        if entry.text_hash != text_hash(text):
            yield f"{_name(entry)}: written from another text, see tools/stamp_guide.py"
        known = set(_runs(text))
        for said in (entry.summary, *entry.figures, *entry.questions):
            copied = next((run for run in _runs(said) if run in known), None)
            if copied:
                yield f"{_name(entry)}: copied from the act: «{' '.join(copied)}»"


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = tokens(text)
    return (tuple(words[at : at + COPIED]) for at in range(len(words) - COPIED + 1))


def _name(entry: Entry) -> str:
    return f"{entry.act}, article {entry.article}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
