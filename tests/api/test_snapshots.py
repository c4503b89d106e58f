"""What a page needs of a run beyond the protocol: a snapshot, and what one may ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from advakod.answers.snapshot import fold
from tests.api.conftest import TEXT, Serve
from tests.e2e.wire import ask, assert_refused, call, read, wait_for_words
from tests.support.server import HELD, ServerProcess, start_server

READING = {"prompt_seconds": 0.3, "prompt_tokens": 900}


def snapshot(server: ServerProcess, run_id: str) -> dict[str, Any]:
    reply = call(server, "GET", f"/api/v1/responses/{run_id}")
    assert reply.status == 200, reply.body.decode()
    facts: dict[str, Any] = reply.json
    return facts


def test_a_page_that_opens_in_the_middle_misses_nothing(serve: Serve) -> None:
    server = serve(tokens_per_second=60, **READING)
    run_id = ask(server)
    stages: list[dict[str, Any]] = []
    for _ in range(12):
        facts = snapshot(server, run_id)
        rest = list(read(server, run_id, facts["last_seq"])) if len(stages) % 4 == 3 else []
        if rest:
            assert facts["text"] + "".join(event.delta for event in rest) == TEXT
            assert rest[0].seq == facts["last_seq"] + 1
        if facts["stage"] is not None:
            stages.append(facts["stage"])
    whole = fold(event.raw for event in read(server, run_id))
    last = snapshot(server, run_id)
    for name in ("text", "status", "plan", "stage", "notices", "sources", "citations", "last_seq"):
        assert last[name] == getattr(whole, name), name
    assert last["plan"]["max_tokens"] == 1_024
    assert last["stage"] == {"stage": "checking"}  # nothing but the stage's own fields
    told = [event.data for event in read(server, run_id) if event.data.get("stage") == "reading"]
    assert told[0]["done"] < told[-1]["done"] <= told[-1]["total"] == 900


def test_a_page_outlives_a_killed_server(serve: Serve) -> None:
    """What it had before, and the stream from there after the restart, are the whole answer; nothing comes twice."""
    server = serve(**HELD, **READING)
    run_id = ask(server)
    wait_for_words(server, run_id, 10)
    before = snapshot(server, run_id)
    server.kill9()
    server.start()
    rest = list(read(server, run_id, before["last_seq"]))
    assert before["text"] + "".join(event.delta for event in rest) == TEXT
    assert rest[0].seq == before["last_seq"] + 1
    after = snapshot(server, run_id)
    assert (after["text"], after["status"], after["plan"]) == (TEXT, "completed", before["plan"])
    assert rest[-1].seq == after["last_seq"]


def test_expectations_outlive_a_restart(serve: Serve) -> None:
    server = serve()
    for n in range(4):
        list(read(server, ask(server, f"Вопрос {n}")))
    server.stop()
    server.start()
    plan = next(event.data for event in read(server, ask(server)) if event.type == "advakod.plan")
    assert plan["expected_tokens"] == len(TEXT.split())
    assert plan["expected_seconds"] is not None


def test_who_waits_is_told_soon(serve: Serve) -> None:
    """Long before H/3."""
    server = serve(heartbeat=60, **HELD, env={"VISTRAL_MAX_CONCURRENCY": "1"})
    first, second = ask(server), ask(server)
    waiting = next(event.data for event in read(server, second) if event.type == "advakod.stage")
    assert (waiting["stage"], waiting["position"], waiting["expected_wait"]) == ("queued", 1, None)
    assert snapshot(server, second)["stage"] == {"stage": "queued", "position": 1, "expected_wait": None}
    for run_id in (second, first):
        call(server, "POST", f"/v1/responses/{run_id}/cancel")


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of the default engine, without any law but the guide."""
    running = start_server(tmp_path_factory.mktemp("guided"))
    yield running
    running.stop()


def test_examples_to_start_from(guided: ServerProcess) -> None:
    first, second = (call(guided, "GET", "/api/v1/suggestions").json["questions"] for _ in range(2))
    assert len(first) == len(second) == 6
    assert first != second
    assert set(first[0]) == {"question", "act", "act_title", "article"}
    assert len(call(guided, "GET", "/api/v1/suggestions?limit=1").json["questions"]) == 1
    assert_refused(call(guided, "GET", "/api/v1/suggestions?limit=0"), 400, "invalid_request")


def test_what_to_ask_next(guided: ServerProcess) -> None:
    question = "Кроссовки малы, но целые, обменяют на размер больше?"
    run_id = ask(guided, question)
    events = list(read(guided, run_id))
    offered = call(guided, "GET", f"/api/v1/responses/{run_id}/suggestions").json["questions"]
    assert len(offered) == 3
    assert question not in [one["question"] for one in offered]
    found = next(event.data["sources"] for event in events if event.type == "advakod.sources")
    assert {(one["act"], one["article"]) for one in offered} <= {(one["act"], one["article"]) for one in found}
    facts = snapshot(guided, run_id)
    assert facts["sources"] == found
    assert facts["summary"]


def test_what_is_not_there(guided: ServerProcess) -> None:
    for path in ("/api/v1/responses/resp_no", "/api/v1/responses/resp_no/suggestions"):
        assert_refused(call(guided, "GET", path), 404, "not_found")
