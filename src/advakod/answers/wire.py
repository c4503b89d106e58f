"""Event bodies of the Responses API, exactly as they are stored and sent (DESIGN §5).

Every body begins with `{"type":"…","sequence_number":N`: `event_type` relies on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from ..engine.interface import Source
from .model import Citation, Outcome, Run, Status

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


def plan_facts(seconds: float | None, tokens: int | None, budget: float, max_tokens: int) -> dict[str, Any]:
    """What is expected (None: nobody knows), and the bounds: seconds of writing and tokens."""
    return {"expected_seconds": seconds, "expected_tokens": tokens, "budget": budget, "max_tokens": max_tokens}


def usage(run: Run) -> dict[str, Any]:
    return {
        "input_tokens": run.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": run.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": run.input_tokens + run.output_tokens,
    }


def response(
    run: Run,
    status: Status,
    output: Iterable[dict[str, Any]] = (),
    outcome: Outcome | None = None,
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
        "usage": usage(run) if ended else None,
    }


def failure(outcome: Outcome) -> dict[str, Any]:
    """`response.error`: the SDK's closed list of codes, our own code beside it."""
    code = outcome.reason or "internal_error"
    return {"code": FAILURE_CODES.get(code, "server_error"), "message": outcome.message, "advakod_code": code}
