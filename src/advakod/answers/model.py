"""Facts about runs: what was asked, what is frozen before the first word, how it ended."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..engine.interface import Message, Source


class Status(StrEnum):
    """A run's state; the values are the wire's."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"  # with a code
    INCOMPLETE = "incomplete"  # every word kept; can be continued
    CANCELLED = "cancelled"  # stopped by its owner, every word kept

    @property
    def terminal(self) -> bool:
        return self not in (Status.QUEUED, Status.IN_PROGRESS)


class Reason(StrEnum):
    """Why a run ended without being completed."""

    TIMEOUT = "timeout"  # the budget D is spent
    STALLED = "stalled"  # the engine was silent for too long
    ENGINE_LOST = "engine_lost"  # the engine went away and cannot go on with the text
    MAX_OUTPUT_TOKENS = "max_output_tokens"
    CANCELLED = "cancelled"
    QUEUE_TIMEOUT = "queue_timeout"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, as it is stored with the run."""

    question: str
    instructions: str = ""  # do not carry over to follow-up questions
    history: tuple[Message, ...] = ()  # earlier turns that came with the request itself
    model: str = ""
    as_of: dt.date | None = None  # the date whose law is asked about
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    background: bool = False
    previous_response_id: str | None = None
    conversation: str | None = None
    stateless: bool = False  # chat completions: no conversation is kept

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Request:
        """From what a JSON column makes of one."""
        as_of = facts.get("as_of")
        return cls(
            **{
                **facts,
                "as_of": dt.date.fromisoformat(as_of) if as_of else None,
                "history": tuple(Message(**turn) for turn in facts.get("history", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a language model is given of a run, and what that takes. None: nobody can know.

    Tokens are the model's own. Frozen with the context, so that every attempt has the same prompt.
    """

    packed: tuple[str, ...] = ()  # what is given of each source, in their order
    history: tuple[Message, ...] = ()  # the conversation so far, as it is given
    question: str = ""  # as it is given: cut where the whole does not fit
    instructions: str = ""  # likewise
    prompt_tokens: int | None = None
    cached_tokens: int | None = None  # of them, that need not be read
    answer_tokens: int | None = None  # the answer's room; None: no less than was asked for
    hurried: bool = False  # it is time that bounds the answer, and neither what was asked for nor the context
    unread: bool = False  # provisions were found, and there is no room for any
    first_word: float | None = None  # seconds of reading
    seconds: float | None = None  # of reading and writing, were all the room used

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Plan:
        """From what a JSON column makes of one."""
        turns = tuple(Message(**turn) for turn in facts["history"])
        return cls(**{**facts, "packed": tuple(facts["packed"]), "history": turns})


@dataclass(frozen=True, slots=True)
class Context:
    """Frozen before the first text; a later attempt uses it again and never searches anew."""

    sources: tuple[Source, ...] = ()
    history: tuple[Message, ...] = ()  # turns of the conversation that the engine sees
    notices: tuple[dict[str, Any], ...] = ()  # {code, message}: what the reader must know
    prompt_version: str = ""
    engine: str = ""
    fingerprint: str = ""
    seed: int = 0
    summary: bool = False  # rests on the everyday guide alone
    written: str = ""  # the text of the run that this one continues; its own begins with it
    plan: Plan | None = None  # None: the engine is no language model, or an earlier version wrote this

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Context:
        """From what a JSON column makes of one."""
        return cls(
            **{
                **facts,
                "sources": tuple(Source(**source) for source in facts["sources"]),
                "history": tuple(Message(**turn) for turn in facts["history"]),
                "notices": tuple(facts["notices"]),
                "plan": Plan.from_json(facts["plan"]) if facts.get("plan") else None,
            }
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to answer one message, as stored."""

    id: str
    owner: str
    status: Status
    request: Request
    created_at: float
    conversation: str | None = None
    question_message: str | None = None
    answer_message: str | None = None
    continues: str | None = None
    reason: str | None = None
    error_message: str | None = None
    context: Context | None = None
    attempt: int = 0
    worker: str | None = None
    spent: float = 0.0
    cancel_requested: bool = False
    detached: bool = True
    last_seq: int = -1
    packed: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    started_at: float | None = None
    first_text_at: float | None = None
    finished_at: float | None = None

    @property
    def item_id(self) -> str:
        """The one output item's id; the same in every attempt."""
        return "msg_" + self.id.removeprefix("resp_")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ends."""

    status: Status
    reason: str | None = None
    message: str | None = None  # Russian, for the person who asked


@dataclass(frozen=True, slots=True)
class Citation:
    """A reference in an answer and the verdict on it (DESIGN §2)."""

    act: str | None
    article: str | None
    address: str | None
    verdict: str  # verified | not_in_context | no_such_provision | act_not_loaded | ambiguous | repealed | summary
    text: str  # as it stands in the answer
    start: int  # in code points of the answer
    end: int
    source: int | None = None  # its number in the list of sources
    title: str = ""
    edition_date: str = ""


def new_id(prefix: str) -> str:
    """An identifier that cannot be guessed: `resp_…`, `conv_…`, `msg_…`."""
    return f"{prefix}_{uuid.uuid4().hex}"
