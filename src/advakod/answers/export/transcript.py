"""What an export tells of a conversation: read from the database, in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ...engine.interface import Source
from ...errors import ExportTooLongError
from .. import event_log, queries
from ..conversations import Conversation, Message
from ..model import Run, Status
from ..snapshot import fold
from . import wording

# Characters of one file: 600 answers of usual length. The worst of as many, made to be slow, take two minutes, and
# the others who want a file wait for it.
LONGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked, as typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, in Markdown, and what a reader must know of it."""

    text: str
    sources: tuple[str, ...] = ()  # a line each
    notices: tuple[str, ...] = ()
    ending: str = ""  # how it ended, where it did not simply end


@dataclass(frozen=True, slots=True)
class Transcript:
    """One path through a conversation."""

    title: str
    begun_at: float
    made_at: float
    said: tuple[Question | Answer, ...]


def read(connection: Connection, shown: Conversation, path: Sequence[Message], now: float) -> Transcript:
    """Of a running answer, the words that are committed. Raises ExportTooLongError."""
    if (length := sum(len(message.text) for message in path)) > LONGEST:
        raise ExportTooLongError(f"{length} characters")
    said = tuple(_said(connection, message) for message in path)
    return Transcript(shown.title, shown.created_at, now, said)


def _said(connection: Connection, message: Message) -> Question | Answer:
    if message.role == "user":
        return Question(message.text)
    if message.run is None:
        return Answer(message.text)
    run = queries.get(connection, message.run)
    return _answer(connection, run) if run else Answer("", ending=wording.ERASED)


def _answer(connection: Connection, run: Run) -> Answer:
    view, context = fold(event_log.read_all(connection, run.id)), run.context
    told = [*(context.notices if context else ()), *view.notices]
    return Answer(
        view.text,
        sources=_lines(context.sources if context else (), view.citations, bool(view.text)),
        notices=tuple(dict.fromkeys(notice["message"] for notice in told)),
        ending=wording.ENDINGS.get(run.status, "") if not run.status.terminal else _outcome(run),
    )


def _outcome(run: Run) -> str:
    return "" if run.status is Status.COMPLETED else run.error_message or wording.NOT_COMPLETED


def _lines(sources: Sequence[Source], citations: Sequence[dict[str, Any]] | None, written: bool) -> tuple[str, ...]:
    """A line for each source with the verdicts on it; then what the answer names besides."""
    lines = [wording.source(source, _verdict_on(source, citations, written)) for source in sources]
    others = [c for c in citations or () if c["source"] is None]
    lines += dict.fromkeys(wording.mention(citation) for citation in others)
    return tuple(lines)


def _verdict_on(source: Source, citations: Sequence[dict[str, Any]] | None, written: bool) -> str:
    if citations is None:
        return wording.NOT_CHECKED if written else ""
    verdicts = dict.fromkeys(c["verdict"] for c in citations if c["source"] == source.n)
    return "; ".join(wording.VERDICTS.get(v, v) for v in verdicts) or wording.NOT_CITED
