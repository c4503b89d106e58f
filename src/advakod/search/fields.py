"""The index's documents: an article's passages, and summaries of the everyday guide."""

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

FORMAT = 1  # raise it when fields or their content change; an index of another format is rebuilt

HEADING, BODY, GUIDE, PLACE = "heading", "body", "guide", "place"
SEARCHED = (HEADING, BODY, GUIDE, PLACE)
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
    summary: bool = False
    repealed: bool = False
    figures: bool = False  # the guide's figures were taken from this very text

    def pack(self) -> bytes:
        return orjson.dumps(self)

    @staticmethod
    def unpack(packed: bytes) -> Stored:
        return Stored(**orjson.loads(packed))


def schema() -> tantivy.Schema:
    """Terms come analysed, so that white space is all that the index has to know about Russian."""
    builder = tantivy.SchemaBuilder()
    for name in SEARCHED:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for name in ("ref", "act"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("edition", "head"):
        builder.add_unsigned_field(name, indexed=True)
    for name in ("article", "start", "end"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


def article_documents(
    article: ArticleText, edition: Edition, entry: Entry | None, ordinal: int
) -> Iterator[tantivy.Document]:
    """One document a passage. A repealed article has no terms: it is found by its number alone."""
    stored = Stored(
        act=article.act_id,
        act_title=act_title(edition.act_type, edition.act_title),
        article=article.number,
        title=article.heading,
        address=article.address,
        edition_date=article.edition_date.isoformat() if article.edition_date else "",
        text=article.text,
        repealed=article.repealed or article.status is ActStatus.REPEALED,
        figures=entry is not None and bool(entry.figures_beside(article.text)),
    )
    terms = {
        HEADING: article.heading,
        PLACE: " ".join((edition.act_title, *article.path)),
        GUIDE: _guide_text(entry),
    }
    yield from _documents(stored, {} if article.repealed else terms, edition.id, ordinal)


def summary_document(entry: Entry, ordinal: int) -> Iterator[tantivy.Document]:
    """An entry of the guide that stands for an article of an act that is not loaded."""
    known = by_id(entry.act)
    title = act_title(known.type, known.title) if known else entry.act
    date = entry.edition_date.isoformat()
    address = f"ru/{entry.act}@{date}/st{entry.article}"
    stored = Stored(entry.act, title, entry.article, entry.title, address, date, entry.as_text, summary=True)
    terms = {HEADING: entry.title, PLACE: title, GUIDE: " ".join(entry.questions)}
    yield from _documents(stored, terms, NO_EDITION, ordinal)


def summaries(guide: Guide, loaded: set[str]) -> Iterator[Entry]:
    """Entries of acts that are not loaded."""
    return (entry for entry in guide.entries if entry.act not in loaded)


def act_title(type_: str, title: str) -> str:
    """«Закон РФ «О защите прав потребителей»»; a title that names its kind of act stands alone."""
    return f"{type_} «{title}»" if title.startswith(("О ", "Об ")) and type_ else title


def _documents(stored: Stored, terms: dict[str, str], edition: int, ordinal: int) -> Iterator[tantivy.Document]:
    analysed = {name: _analysed(text) for name, text in terms.items()}
    for number, (start, end) in enumerate(passage_spans(stored.text)):
        document = tantivy.Document()
        numbers = {"article": ordinal, "start": start, "end": end, "edition": edition}
        for name, value in (numbers | ({"head": ordinal} if number == 0 else {})).items():
            document.add_unsigned(name, value)
        document.add_text("act", stored.act)
        if number == 0:
            document.add_text("ref", f"{stored.act}/{stored.article}")
            document.add_bytes("stored", stored.pack())
        for name, words in analysed.items():
            document.add_text(name, words)
        if terms:
            document.add_text(BODY, _analysed(stored.text[start:end]))
        yield document


def _guide_text(entry: Entry | None) -> str:
    return "" if entry is None else " ".join((entry.title, entry.summary, *entry.questions))


def _analysed(text: str) -> str:
    return " ".join(analyse(text))
