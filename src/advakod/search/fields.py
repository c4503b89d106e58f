"""The index's documents: an article's passages, or a summary of the guide that stands for an article; and the
profile of each, by which it is found when people ask in words of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import tantivy

from ..corpus.model import ArticleText, Edition
from ..law.acts import by_id
from ..law.guide import Entry, Guide
from ..law.model import ActStatus
from ..russian import analyse
from .passages import passage_spans
from .profiles import HEAD, Profile

FORMAT = 5  # raise it when fields or their content change; an index of another format is rebuilt

HEADING, BODY, PLACE = "heading", "body", "place"
SEARCHED = (HEADING, BODY, PLACE)
PLACE_OF = "at"
CITED = "cited"  # in how many articles of its act an article is referred to: a sign of its weight
PASSAGE_BITS = 16
NO_EDITION = 0  # of a summary


@dataclass(frozen=True, slots=True)
class Stored:
    """What a hit is made of, kept with an article's first passage."""

    act: str
    act_title: str
    article: str
    title: str
    address: str
    edition_date: str  # ISO, empty when unknown
    text: str
    passages: list[list[int]]  # start and end in the text of each
    summary: bool = False
    repealed: bool = False
    figures: bool = False  # the guide's figures were taken from this very text
    document: str = ""  # «gk-1»; empty for a summary

    def pack(self) -> bytes:
        return orjson.dumps(self)

    @staticmethod
    def unpack(packed: bytes) -> Stored:
        return Stored(**orjson.loads(packed))


def text_schema() -> tantivy.Schema:
    """Terms come analysed, so that white space is all that the index has to know about Russian."""
    builder = tantivy.SchemaBuilder()
    for name in SEARCHED:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("act", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("edition", indexed=True)
    builder.add_unsigned_field(PLACE_OF, fast=True)
    builder.add_text_field("ref", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("head", indexed=True)  # the first passage of an article stores the article
    builder.add_bytes_field("stored", stored=True)
    builder.add_unsigned_field(CITED, fast=True)
    return builder.build()


def place_of(article: int, passage: int = 0) -> int:
    """Article and passage in one number: a column is read at a time, and each reading costs."""
    return article << PASSAGE_BITS | passage


def read_place(value: int) -> tuple[int, int]:
    return value >> PASSAGE_BITS, value & (1 << PASSAGE_BITS) - 1


@dataclass(frozen=True, slots=True)
class Documents:
    """What one article adds to the index."""

    passages: list[tantivy.Document]
    profile: Profile


def article_documents(
    article: ArticleText, edition: Edition, entry: Entry | None, ordinal: int, cited: int
) -> Documents:
    """A repealed article has no terms: it is found by its number alone."""
    stored = Stored(
        act=article.act_id,
        act_title=act_title(edition.act_type, edition.act_title),
        article=article.number,
        title=article.heading,
        address=article.address,
        edition_date=article.edition_date.isoformat() if article.edition_date else "",
        text=article.text,
        passages=_spans(article.text),
        repealed=article.repealed or article.status is ActStatus.REPEALED,
        figures=entry is not None and bool(entry.figures_beside(article.text)),
        document=edition.document_id,
    )
    if article.repealed:
        return Documents(list(_passages(stored, {}, edition.id, ordinal, 0)), Profile("", article.act_id, edition.id))
    terms = {HEADING: article.heading, PLACE: " ".join(article.path)}
    said = "\n".join((article.heading, *_asked(entry), article.text[:HEAD]))
    passages = _passages(stored, terms, edition.id, ordinal, cited)
    return Documents(list(passages), Profile(said, article.act_id, edition.id))


def summary_documents(entry: Entry, ordinal: int) -> Documents:
    """An entry of the guide that stands for an article of an act that is not loaded."""
    known = by_id(entry.act)
    title = act_title(known.type, known.title) if known else entry.act
    date = entry.edition_date.isoformat()
    address = f"ru/{entry.act}@{date}/st{entry.article}"
    text = entry.summary  # no figures: there is no loaded text that they could be held against
    stored = Stored(entry.act, title, entry.article, entry.title, address, date, text, _spans(text), summary=True)
    terms = {HEADING: entry.title}
    weight = len(entry.questions) + len(entry.figures)  # the more there is to ask, the weightier
    passages = _passages(stored, terms, NO_EDITION, ordinal, weight)
    said = "\n".join((entry.title, *_asked(entry)))
    return Documents(list(passages), Profile(said, entry.act, NO_EDITION))


def subject_profiles(guide: Guide) -> Iterator[Profile]:
    """Of what other acts answer, or none; they come after all articles."""
    return (Profile(subject.text, "", NO_EDITION) for subject in guide.subjects)


def summaries(guide: Guide, loaded: set[str]) -> Iterator[Entry]:
    """Entries of acts that are not loaded."""
    return (entry for entry in guide.entries if entry.act not in loaded)


def act_title(type_: str, title: str) -> str:
    """«Закон РФ «О защите прав потребителей»»; a title that names its kind of act stands alone."""
    return f"{type_} «{title}»" if title.startswith(("О ", "Об ")) and type_ else title


def _passages(
    stored: Stored, terms: dict[str, str], edition: int, article: int, cited: int
) -> Iterator[tantivy.Document]:
    analysed = {name: _analysed(text) for name, text in terms.items()}
    for number, (start, end) in enumerate(stored.passages):
        document = _document(stored.act, edition, place_of(article, number))
        document.add_unsigned(CITED, cited)
        if number == 0:
            document.add_unsigned("head", article)
            document.add_text("ref", f"{stored.act}/{stored.article}")
            document.add_bytes("stored", stored.pack())
        for name, words in analysed.items():
            document.add_text(name, words)
        if terms:
            document.add_text(BODY, _analysed(stored.text[start:end]))
        yield document


def _asked(entry: Entry | None) -> Iterator[str]:
    if entry is not None:
        yield from (entry.summary, *entry.questions, *entry.figures)


def _document(act: str, edition: int, place: int) -> tantivy.Document:
    document = tantivy.Document()
    document.add_text("act", act)
    document.add_unsigned("edition", edition)
    document.add_unsigned(PLACE_OF, place)
    return document


def _spans(text: str) -> list[list[int]]:
    return [list(span) for span in passage_spans(text)]


def _analysed(text: str) -> str:
    return " ".join(analyse(text))
