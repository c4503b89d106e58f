"""The everyday guide: for each article that matters to people, what it says in our words and what people ask.

One TOML file an act stands beside this module:

    [act]
    id = "zozpp"
    edition_date = 2023-08-04      # of the text that the entries were written from

    [[entry]]
    article = "18"
    title = "…"                    # the article's heading
    summary = "…"                  # what it gives a person; no sums, no terms
    figures = ["…"]                # sums and terms, one sentence each
    questions = ["…"]              # as people ask
    text_hash = "…"                # of the article's text, written by tools/stamp_guide.py

`subjects.toml` says what people ask that other acts answer, or no act at all, so that search can say so:

    [[subject]]
    act = "nk"                     # empty or left out: the registry does not know it
    witness = "208"                # an article: where it is loaded, the subject is; left out: any of the act
    name = "Налоговый кодекс, часть вторая"
    about = "…"                    # a sentence of key words
    questions = ["…"]
    kind = "not_law"               # left out: law
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from ...russian import fold

_NOT_LETTERS = re.compile(r"[\W_]+")
_HASH_LENGTH = 16  # hex digits; tells editions of one article apart, guards against no one


class GuideError(ValueError):
    """A guide file that breaks the format; the message names file and entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One article of the guide."""

    act: str
    article: str
    title: str
    summary: str
    figures: tuple[str, ...]
    questions: tuple[str, ...]
    text_hash: str  # empty: not yet stamped, figures are never shown beside a loaded text
    edition_date: dt.date

    def figures_beside(self, text: str) -> tuple[str, ...]:
        """Sums and terms, as long as `text`, the loaded article, is the one they were taken from."""
        return self.figures if self.text_hash and self.text_hash == text_hash(text) else ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What the acts of the guide do not answer."""

    name: str
    text: str  # a sentence about it, and what people ask
    act: str = ""
    witness: str = ""
    law: bool = True


@dataclass(frozen=True)
class Guide:
    """All entries and subjects; `fingerprint` changes with any byte of them."""

    entries: tuple[Entry, ...]
    fingerprint: str
    subjects: tuple[Subject, ...] = ()

    def find(self, act: str, article: str) -> Entry | None:
        return self._by_key.get((act, article))

    @cached_property
    def _by_key(self) -> dict[tuple[str, str], Entry]:
        return {(entry.act, entry.article): entry for entry in self.entries}


def text_hash(text: str) -> str:
    """Hash of an article's letters and digits: blind to case, ё, punctuation, line breaks and layout."""
    return hashlib.sha256(_NOT_LETTERS.sub("", fold(text)).encode()).hexdigest()[:_HASH_LENGTH]


@cache
def load_guide() -> Guide:
    """The guide that is shipped."""
    return read_guide(files(__name__))


def read_guide(folder: Traversable) -> Guide:
    """Every `*.toml` of a folder. Raises GuideError."""
    sources = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    digest = hashlib.sha256()
    entries: dict[tuple[str, str], Entry] = {}
    subjects: list[Subject] = []
    for source in sources:
        content = source.read_bytes()
        digest.update(content)
        found, absent = _parse(source.name, content)
        subjects += absent
        for entry in found:
            if entries.setdefault((entry.act, entry.article), entry) is not entry:
                raise GuideError(f"{source.name}: статья {entry.article} описана дважды")
    return Guide(tuple(entries.values()), digest.hexdigest()[:_HASH_LENGTH], tuple(subjects))


def _parse(name: str, content: bytes) -> tuple[list[Entry], list[Subject]]:
    try:
        data = tomllib.loads(content.decode())
        subjects = [_subject(raw) for raw in data.get("subject", [])]
        if subjects and "act" not in data:
            return [], subjects
        act = data["act"]
        return [_entry(act["id"], act["edition_date"], raw) for raw in data.get("entry", [])], subjects
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GuideError(f"{name}: не TOML в UTF-8: {error}") from error
    except KeyError as error:
        raise GuideError(f"{name}: нет поля {error}") from error


def _entry(act: str, edition_date: dt.date, raw: dict[str, Any]) -> Entry:
    unknown = raw.keys() - {"article", "title", "summary", "figures", "questions", "text_hash"}
    if unknown:
        raise GuideError(f"{act}, статья {raw.get('article')}: неизвестные поля {sorted(unknown)}")
    return Entry(
        act=act,
        article=raw["article"],
        title=raw["title"],
        summary=" ".join(raw["summary"].split()),
        figures=tuple(raw.get("figures", ())),
        questions=tuple(raw["questions"]),
        text_hash=raw.get("text_hash", ""),
        edition_date=edition_date,
    )


def _subject(raw: dict[str, Any]) -> Subject:
    unknown = raw.keys() - {"act", "witness", "name", "about", "questions", "kind"}
    if unknown:
        raise GuideError(f"{raw.get('name')}: неизвестные поля {sorted(unknown)}")
    text = "\n".join((raw["name"], raw["about"], *raw["questions"]))
    law = raw.get("kind", "law") != "not_law"
    return Subject(raw["name"], text, raw.get("act", ""), raw.get("witness", ""), law)
