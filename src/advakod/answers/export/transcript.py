"""What an export tells of a conversation: read from the database, in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from ...engine.interface import Source
from .. import event_log, queries, wire
from ..conversations import Conversation, Message
from ..model import Run, Status
from . import wording


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
    """Of a running answer, the words that are committed."""
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
    bodies = event_log.read_all(connection, run.id)
    citations = next((facts["citations"] for facts in _facts(bodies[::-1], b"advakod.citations")), None)
    context = run.context
    told = [*(context.notices if context else ()), *_facts(bodies, b"advakod.notice")]
    text = event_log.progress(bodies).text
    return Answer(
        text,
        sources=_lines(context.sources if context else (), citations, bool(text)),
        notices=tuple(dict.fromkeys(notice["message"] for notice in told)),
        ending=wording.ENDINGS.get(run.status, "") if not run.status.terminal else _outcome(run),
    )


def _outcome(run: Run) -> str:
    return "" if run.status is Status.COMPLETED else run.error_message or wording.NOT_COMPLETED


def _facts(bodies: Sequence[bytes], kind: bytes) -> Iterator[dict[str, Any]]:
    return (orjson.loads(body) for body in bodies if wire.event_type(body) == kind)


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
