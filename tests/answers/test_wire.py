"""Every body as the SDK reads it: `openai`'s own types take the whole log of every kind of run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import ValidationError

from advakod.answers import wire
from advakod.answers.model import Citation, Outcome, Reason, Request, Run, Status
from advakod.engine.errors import EngineFaultError
from advakod.engine.interface import Continuation, FinishReason, Source
from advakod.settings import Settings
from advakod.storage import Database
from tests.answers.room import Puppet, ended, events, room, types_in, until

Quick = Callable[..., Settings]
# The SDK's class for each type of event.
READS = {
    model.model_fields["type"].annotation.__args__[0]: model for model in get_args(get_args(ResponseStreamEvent)[0])
}
OURS_ALONE = {"timeout", "stalled", "engine_lost", "cancelled"}  # reasons that the SDK's types do not list
ORDER = [
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}").open()
    yield database
    database.close()


def check_events(log: list[dict[str, Any]]) -> None:
    """Types of the SDK take each event as it is, `advakod.*` are numbered like all others."""
    for event in log:
        body = wire.event(kind=event["type"], seq=event["sequence_number"])
        assert body.startswith(
            b'{"type":"%b","sequence_number":%d' % (event["type"].encode(), event["sequence_number"])
        )
        assert "error" not in event  # the SDK raises for it
        if not event["type"].startswith("advakod."):
            _read(event)
    first = [kind for kind in dict.fromkeys(types_in(log)) if kind in ORDER]
    assert first == [kind for kind in ORDER if kind in first]


def _read(event: dict[str, Any]) -> None:
    try:
        read = READS[event["type"]].model_validate(event)
    except ValidationError as error:
        (fault,) = error.errors()
        assert fault["loc"] == ("response", "incomplete_details", "reason")
        assert fault["input"] in OURS_ALONE
    else:
        assert read.model_dump(include={"type", "sequence_number"}).items() <= event.items()


def completed(engine: Puppet) -> None:
    engine.voice("вопрос").say("Ответ по ст. 18.").end()


def cut(engine: Puppet) -> None:
    engine.voice("вопрос").say("Ответ").end(FinishReason.LENGTH)


def empty(engine: Puppet) -> None:
    engine.voice("вопрос").end()


def broken(engine: Puppet) -> None:
    engine.continuation = Continuation.NONE
    engine.voice("вопрос").say("Отв").fail(EngineFaultError("x"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("play", "status", "reason"),
    [
        (completed, Status.COMPLETED, None),
        (cut, Status.INCOMPLETE, "max_output_tokens"),
        (empty, Status.FAILED, "engine_empty"),
        (broken, Status.INCOMPLETE, "engine_lost"),
    ],
)
async def test_whole_logs(
    sqlite: Database, quick: Quick, play: Callable[[Puppet], None], status: Status, reason: str | None
) -> None:
    engine = Puppet()
    play(engine)
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос", model="advakod", metadata={"k": "v"}, background=True))
        done = await ended(answers, run)
        final = await answers.response("local", run.id)
    assert (done.status, done.reason) == (status, reason)
    log = events(sqlite, run.id)
    check_events(log)
    assert log[-1]["type"] == wire.TERMINAL[status]
    assert log[-1]["response"] == final
    assert Response.model_construct(**final).id == run.id
    if status is Status.COMPLETED:
        read = Response.model_validate(final)
        assert read.output_text == "Ответ по ст. 18."
        assert read.usage is not None
        assert (read.usage.input_tokens, read.usage.output_tokens) == (7, 1)


@pytest.mark.anyio
async def test_a_run_that_was_stopped(sqlite: Database, quick: Quick) -> None:
    engine = Puppet()
    async with room(quick(), sqlite, engine) as answers:
        run = await answers.ask("local", Request("вопрос"))
        await until(lambda: engine.voice("вопрос").writing)
        await answers.cancel("local", run.id)
        await ended(answers, run)
    log = events(sqlite, run.id)
    check_events(log)
    assert log[-1]["response"]["status"] == "cancelled"


@given(st.text(), st.integers(0, 10**9))
def test_a_delta_made_by_hand_is_the_one_made_by_the_serializer(text: str, seq: int) -> None:
    body = wire.delta("msg_1", seq, text)
    by_hand = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": text, "logprobs": []}
    assert orjson.loads(body) == {"type": "response.output_text.delta", "sequence_number": seq, **by_hand}
    assert wire.delta_text(body) == text
    assert b"\n" not in body
    frame = wire.sse_frame(seq, body)
    assert frame.count(b"\n") == 4
    assert wire.body_of(frame) == body


@given(st.recursive(st.none() | st.integers(-5, 5) | st.text(), lambda inner: st.lists(inner), max_leaves=5))
def test_any_event_is_one_line_that_says_its_type_first(value: Any) -> None:
    body = wire.event("advakod.stage", 12, value=value)
    assert wire.event_type(body) == b"advakod.stage"
    assert body.startswith(b'{"type":"advakod.stage","sequence_number":12')
    assert wire.body_of(wire.sse_frame(12, body)) == body
    assert not wire.is_terminal(body)


def test_a_citation_is_an_annotation_of_the_sdk() -> None:
    cited = Citation("zozpp", "18", "ru/zozpp@2023-08-04/st18", "verified", "ст. 18", 0, 6, 1, "Права", "2023-08-04")
    note = wire.annotation(cited)
    part = wire.text_part("ст. 18", [note])
    run = Run("resp_1", "local", Status.IN_PROGRESS, Request("?"), created_at=1.0)
    _read(wire_event("response.output_item.done", output_index=0, item=wire.message_item(run, "completed", [part])))
    _read(wire_event("response.content_part.done", item_id="m", output_index=0, content_index=0, part=part))
    assert note["advakod"]["verdict"] == "verified"
    assert wire.annotation(Citation(None, None, None, "ambiguous", "ст. 5", 0, 5))["url"] == ""


def wire_event(kind: str, **fields: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(wire.event(kind, 3, **fields))
    return loaded


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_place_on_the_wire(reason: Reason) -> None:
    run = Run("resp_1", "local", Status.IN_PROGRESS, Request("?"), created_at=1.0, finished_at=2.0)
    failed = wire.response(run, Status.FAILED, outcome=Outcome(Status.FAILED, reason, "Почему."))
    assert failed["error"] == {"code": "server_error", "message": "Почему.", "advakod_code": reason}
    assert failed["incomplete_details"] is None
    Response.model_validate(failed)
    stopped = wire.response(run, Status.CANCELLED, outcome=Outcome(Status.CANCELLED, reason, "Почему."))
    assert (stopped["error"], stopped["incomplete_details"]["reason"]) == (None, reason)


def test_a_source_travels_with_the_beginning_of_its_text() -> None:
    facts = wire.source_facts(Source(1, "gk", "ГК", "10", "Пределы", "ru/gk@x/st10", "", "я" * 5_000))
    assert len(facts["excerpt"]) == wire.EXCERPT
    assert "text" not in facts
