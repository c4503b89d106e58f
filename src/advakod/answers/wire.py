"""Event bodies of the Responses API, exactly as they are stored and sent (DESIGN §5).

Every body begins with `{"type":"…","sequence_number":N`: `event_type` relies on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from ..engine.interface import Source
from .expectation import Expected
from .model import Citation, Outcome, Plan, Run, Status

EXCERPT = 300  # characters of a source that travel with the event
TYPE_AT = len(b'{"type":"')

TERMINAL = {
    Status.COMPLETED: "response.completed",
    Status.FAILED: "response.failed",
    Status.INCOMPLETE: "response.incomplete",
    Status.CANCELLED: "response.incomplete",  # with response.status set
}
TERMINAL_TYPES = frozenset(kind.encode() for kind in TERMINAL.values())
FAILURE_CODES = {"rate_limit_exceeded": "rate_limit_exceeded", "bad_question": "invalid_prompt"}


def event(kind: str, seq: int, **fields: Any) -> bytes:
    """One event's body."""
    return orjson.dumps({"type": kind, "sequence_number": seq, **fields})


def event_type(body: bytes) -> bytes:
    """The type of a body, without parsing it."""
    return body[TYPE_AT : body.index(b'"', TYPE_AT)]


def is_terminal(body: bytes) -> bool:
    """Whether a body ends its run."""
    return event_type(body) in TERMINAL_TYPES


def delta(item_id: str, seq: int, text: str) -> bytes:
    """`response.output_text.delta`; the one event that is made often."""
    return (
        b'{"type":"response.output_text.delta","sequence_number":%d,"item_id":"%b","output_index":0,'
        b'"content_index":0,"delta":%b,"logprobs":[]}' % (seq, item_id.encode(), orjson.dumps(text))
    )


def delta_text(body: bytes) -> str:
    """The text of a delta's body."""
    return str(orjson.loads(body)["delta"])


def sse_frame(seq: int, body: bytes) -> bytes:
    """A body as a server-sent event."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (seq, event_type(body), body)


def body_of(frame: bytes) -> bytes:
    """The body in a server-sent event, cut out without parsing: a body has no line break."""
    return frame[frame.index(b"\ndata: ") + len(b"\ndata: ") : -2]


def text_part(text: str, annotations: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": annotations or [], "logprobs": []}


def message_item(run: Run, status: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": run.item_id, "type": "message", "role": "assistant", "status": status, "content": parts}


def annotation(citation: Citation) -> dict[str, Any]:
    """A citation as an annotation that the SDK knows, our own facts beside it."""
    return {
        "type": "url_citation",
        "start_index": citation.start,
        "end_index": citation.end,
        "title": citation.title or citation.text,
        "url": f"/law/{citation.act}/{citation.article}" if citation.act and citation.article else "",
        "advakod": citation_facts(citation),
    }


def citation_facts(citation: Citation) -> dict[str, Any]:
    names = ("act", "article", "address", "verdict", "text", "start", "end", "source", "title", "edition_date")
    return {name: getattr(citation, name) for name in names}


def source_facts(source: Source) -> dict[str, Any]:
    """A provision found, with the beginning of its text; the whole stands at its address."""
    names = ("n", "act", "act_title", "article", "title", "address", "edition_date", "score", "summary")
    return {name: getattr(source, name) for name in names} | {"excerpt": source.text[:EXCERPT]}


def plan_facts(
    plan: Plan | None, expected: Expected, budget: float, max_tokens: int, provisions: int
) -> dict[str, Any]:
    """What is expected (None: nobody knows), what the prompt and the answer may have, in the model's own tokens,
    and the bounds: seconds of writing and tokens.
    """
    return {
        "expected_seconds": expected.seconds,
        "expected_tokens": expected.tokens,
        "expected_first_word": expected.first_word,
        "budget": budget,
        "max_tokens": max_tokens,
        "prompt_tokens": plan.prompt_tokens if plan else None,
        "cached_tokens": plan.cached_tokens if plan else None,
        "answer_tokens": plan.answer_tokens if plan else None,
        "provisions": provisions,
    }


@dataclass(frozen=True, slots=True)
class Usage:
    """What an attempt knows of its tokens beside those of the answer."""

    cached: int = 0  # of the prompt, not read anew
    reasoning: int = 0  # thought, and no part of the answer


def usage(run: Run, more: Usage = Usage()) -> dict[str, Any]:
    written = run.output_tokens + more.reasoning
    return {
        "input_tokens": run.input_tokens,
        "input_tokens_details": {"cached_tokens": min(more.cached, run.input_tokens), "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": more.reasoning},
        "total_tokens": run.input_tokens + written,
    }


def response(
    run: Run,
    status: Status,
    output: Iterable[dict[str, Any]] = (),
    outcome: Outcome | None = None,
    more: Usage = Usage(),
) -> dict[str, Any]:
    """The response object of a run in `status`."""
    request = run.request
    ended = outcome is not None
    failed = outcome if outcome and outcome.status is Status.FAILED else None
    stopped = outcome if outcome and outcome.status in (Status.INCOMPLETE, Status.CANCELLED) else None
    return {
        "id": run.id,
        "object": "response",
        "created_at": int(run.created_at),
        "completed_at": int(run.finished_at) if ended and run.finished_at else None,
        "status": status,
        "error": failure(failed) if failed else None,
        "incomplete_details": {"reason": stopped.reason, "message": stopped.message} if stopped else None,
        "instructions": request.instructions or None,
        "max_output_tokens": request.max_output_tokens,
        "metadata": request.metadata,
        "model": request.model,
        "output": list(output),
        "parallel_tool_calls": False,
        "previous_response_id": request.previous_response_id,
        "conversation": {"id": run.conversation} if run.conversation else None,
        "background": request.background,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "text": {"format": {"type": "text"}},
        "tool_choice": "none",
        "tools": [],
        "truncation": "disabled",
        "usage": usage(run, more) if ended else None,
    }


def failure(outcome: Outcome) -> dict[str, Any]:
    """`response.error`: the SDK's closed list of codes, our own code beside it."""
    code = outcome.reason or "internal_error"
    return {"code": FAILURE_CODES.get(code, "server_error"), "message": outcome.message, "advakod_code": code}
