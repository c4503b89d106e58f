"""A run as of one event: what a reader would have made of the log from 0 on, without reading it.

A page that opens in the middle of an answer takes a snapshot and follows the log from `last_seq`. What the
snapshot says is folded from the log itself, so nothing is missed and nothing comes twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection

from . import event_log, feedback, wire
from .asking import owned
from .model import Run, Status

_DELTA = b"response.output_text.delta"
_ABOUT_THE_LOG = ("type", "sequence_number")


@dataclass(slots=True)
class View:
    """What the events so far say. `take` is how any client folds one more."""

    status: str = Status.QUEUED
    reason: str | None = None
    message: str | None = None  # Russian, for the person who asked
    sources: list[dict[str, Any]] = field(default_factory=list)
    summary: bool = False
    citations: list[dict[str, Any]] | None = None  # None: not checked yet
    notices: list[dict[str, Any]] = field(default_factory=list)
    stage: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    last_seq: int = -1
    _words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self._words)

    def take(self, body: bytes) -> None:
        """The next event of the log."""
        self.last_seq += 1
        kind = wire.event_type(body)
        if kind == _DELTA:
            self._words.append(wire.delta_text(body))
        elif kind.startswith(b"advakod."):
            self._fact(kind, {k: v for k, v in orjson.loads(body).items() if k not in _ABOUT_THE_LOG})
        elif kind == b"response.in_progress":
            self.status = Status.IN_PROGRESS
        elif kind in wire.TERMINAL_TYPES:
            self._end(orjson.loads(body)["response"])

    def _fact(self, kind: bytes, facts: dict[str, Any]) -> None:
        match kind:
            case b"advakod.stage":
                self.stage = facts
            case b"advakod.plan":
                self.plan = facts
            case b"advakod.sources":
                self.sources, self.summary = facts["sources"], facts["summary"]
            case b"advakod.notice":
                self.notices.append(facts)
            case b"advakod.citations":
                self.citations = facts["citations"]

    def _end(self, response: dict[str, Any]) -> None:
        failure, stopped = response["error"] or {}, response["incomplete_details"] or {}
        self.status = response["status"]
        self.reason = failure.get("advakod_code") or stopped.get("reason")
        self.message = failure.get("message") or stopped.get("message")
        self.input_tokens = response["usage"]["input_tokens"]
        self.output_tokens = response["usage"]["output_tokens"]


def fold(bodies: Iterable[bytes]) -> View:
    """A whole log, or any beginning of one."""
    view = View()
    for body in bodies:
        view.take(body)
    return view


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run and its log, read together."""

    run: Run
    view: View
    feedback: feedback.Feedback | None

    @property
    def can_continue(self) -> bool:
        """As far as the run goes; whether the engine can is the engine's to say."""
        return self.view.status in (Status.INCOMPLETE, Status.CANCELLED)

    def facts(self, now: float, *, can_continue: bool) -> dict[str, Any]:
        """As it goes over the wire; `now` is this server's clock."""
        run, view = self.run, self.view
        of_log = ("status", "reason", "message", "text", "sources", "summary", "citations", "notices", "stage", "plan")
        times = ("created_at", "started_at", "first_text_at", "finished_at")
        return {
            "id": run.id,
            "question": run.request.question,
            "conversation": run.conversation,
            "continues": run.continues,
            **{name: getattr(view, name) for name in of_log},
            **{name: getattr(run, name) for name in times},
            "now": now,
            "input_tokens": view.input_tokens,
            "output_tokens": view.output_tokens if run.status.terminal else run.output_tokens,
            "can_continue": can_continue,
            "last_seq": view.last_seq,
            "feedback": asdict(self.feedback) if self.feedback else None,
        }


def read(connection: Connection, owner: str, run_id: str) -> Snapshot:
    """In one transaction, so that all of it is of one moment, packed or not. Raises NotFoundError."""
    run = owned(connection, owner, run_id)
    given = feedback.get(connection, run_id) if run.status.terminal else None
    return Snapshot(run, fold(event_log.read_all(connection, run_id)), given)
