"""The index's documents. Texts: an article's passages, or a summary of the guide that stands for an article.
Guide: what people ask and what an article gives them, a document each; they lead to articles of the texts.
The two are indexes of their own, so that the length of one does not count in the other's BM25.
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

FORMAT = 3  # raise it when fields or their content change; an index of another format is rebuilt

HEADING, BODY, PLACE = "heading", "body", "place"
SEARCHED = (HEADING, BODY, PLACE)
ASKED = "asked"  # in the guide: one question or one summary; whole, a question beats a heap of words
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
    builder = _common(*SEARCHED)
    builder.add_text_field("ref", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("head", indexed=True)  # the first passage of an article stores the article
    builder.add_bytes_field("stored", stored=True)
    builder.add_unsigned_field(CITED, fast=True)
    return builder.build()


def guide_schema() -> tantivy.Schema:
    return _common(ASKED).build()


def _common(*searched: str) -> tantivy.SchemaBuilder:
    builder = tantivy.SchemaBuilder()
    for name in searched:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("act", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("edition", indexed=True)
    builder.add_unsigned_field(PLACE_OF, fast=True)
    return builder


def place_of(article: int, passage: int = 0) -> int:
    """Article and passage in one number: a column is read at a time, and each reading costs."""
    return article << PASSAGE_BITS | passage


def read_place(value: int) -> tuple[int, int]:
    return value >> PASSAGE_BITS, value & (1 << PASSAGE_BITS) - 1


@dataclass(frozen=True, slots=True)
class Documents:
    """What one article adds to the two indexes."""

    texts: list[tantivy.Document]
    guide: list[tantivy.Document]


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
        return Documents(list(_passages(stored, {}, edition.id, ordinal, 0)), [])
    terms = {HEADING: article.heading, PLACE: " ".join(article.path)}
    asked = _asked(entry, edition.id, ordinal) if entry else ()
    return Documents(list(_passages(stored, terms, edition.id, ordinal, cited)), list(asked))


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
    texts = _passages(stored, terms, NO_EDITION, ordinal, weight)
    return Documents(list(texts), list(_asked(entry, NO_EDITION, ordinal)))


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


def _asked(entry: Entry, edition: int, article: int) -> Iterator[tantivy.Document]:
    for words in (entry.summary, *entry.questions):
        document = _document(entry.act, edition, place_of(article))
        document.add_text(ASKED, _analysed(words))
        yield document


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
