"""How runs end when they do not simply complete: each way has a type, and every word so far is kept (DESIGN §4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import TEXT, WORDS, Serve, openai_env, running_upstream
from tests.e2e.wire import (
    Reply,
    ask,
    assert_refused,
    assert_sentence,
    call,
    ended,
    read,
    status_of,
    text_of,
    until,
    wait_for_words,
)
from tests.support.fake_openai import Behaviour, FakeOpenAI, Refusal
from tests.support.pen import Pen
from tests.support.server import HELD, ServerProcess, start_server


def assert_ends(response: dict[str, Any], status: str, reason: str) -> None:
    """A typed end with a sentence for the person who asked; what is there is the beginning of the text."""
    assert response["status"] == status, response
    if status == "failed":
        assert response["error"]["advakod_code"] == reason
        assert_sentence(response["error"]["message"])
    else:
        assert response["incomplete_details"]["reason"] == reason
    assert TEXT.startswith(text_of(response))


def continued(server: ServerProcess, run_id: str) -> dict[str, Any]:
    """The end of a new run that goes on with an incomplete one."""
    reply = call(server, "POST", f"/api/v1/responses/{run_id}/continue?stream=false")
    assert reply.status == 200, reply.body.decode()
    assert reply.json["id"] != run_id
    return ended(server, reply.json["id"])


# -- time ----------------------------------------------------------------------------------------


def test_a_spent_budget_keeps_the_text_and_can_be_continued(serve: Serve) -> None:
    hangs = [{"at": place, "kind": "silence", "seconds": 600} for place in (20, 40)]
    server = serve(TEXT, faults=hangs, env={"VISTRAL_INFERENCE_TIMEOUT": "1"})
    run_id = ask(server)
    response = ended(server, run_id)
    assert_ends(response, "incomplete", "timeout")
    said = [text_of(response)]
    while response["status"] != "completed":
        response = continued(server, response["id"])
        assert text_of(response).startswith(said[-1])
        said.append(text_of(response))
        assert len(said) < 20, said
    assert said[-1] == TEXT
    assert len(said) >= 3
    assert text_of(status_of(server, run_id)) == said[0]
    assert "время" not in said[-1].lower()  # a time-out is never text inside the answer


def test_the_budget_counts_no_downtime(serve: Serve, upstream: FakeOpenAI, pen: Pen, tmp_path: Path) -> None:
    upstream.behaviour.text = TEXT
    server = serve(env=openai_env(upstream) | {"VISTRAL_INFERENCE_TIMEOUT": "60"})
    pen.to(10)
    run_id = ask(server)
    wait_for_words(server, run_id, 10)
    server.kill9()
    with sqlite3.connect(tmp_path / "var" / "advakod.db") as database:  # as if it had been an hour ago
        [(spent,)] = database.execute("SELECT spent FROM run")
        database.execute("UPDATE run SET created_at = created_at - 3600, started_at = started_at - 3600")
    database.close()
    assert 0 < spent < 60
    server.start()
    pen.finish()
    assert text_of(ended(server, run_id)) == TEXT


def test_a_silent_engine_is_stalled(serve: Serve) -> None:
    fault = {"at": 10, "kind": "silence", "seconds": 60}
    server = serve(TEXT, faults=[fault], env={"ADVAKOD_STALL_TIMEOUT": "0.5"})
    response = ended(server, ask(server))
    assert_ends(response, "incomplete", "stalled")
    assert len(text_of(response).split()) == 10
    assert text_of(continued(server, response["id"])) == TEXT


def test_an_engine_that_never_begins_is_stalled(serve: Serve) -> None:
    server = serve(TEXT, prompt_seconds=60, env={"ADVAKOD_FIRST_TOKEN_TIMEOUT": "0.5"})
    response = ended(server, ask(server))
    assert_ends(response, "incomplete", "stalled")
    assert text_of(response) == ""


def test_waiting_too_long_in_the_queue_fails(serve: Serve) -> None:
    env = {"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_QUEUE_TIMEOUT": "1"}
    server = serve(TEXT, **HELD, env=env)
    running = ask(server)
    wait_for_words(server, running)
    waiting = ask(server)
    assert_ends(ended(server, waiting), "failed", "queue_timeout")
    assert status_of(server, running)["status"] == "in_progress"


# -- engines -------------------------------------------------------------------------------------


def test_a_lost_engine_that_cannot_go_on_is_a_typed_end(serve: Serve) -> None:
    server = serve(TEXT, continuation="none", faults=[{"at": 10, "kind": "disconnect"}])
    response = ended(server, ask(server))
    assert_ends(response, "incomplete", "engine_lost")
    assert len(text_of(response).split()) == 10
    assert_refused(call(server, "POST", f"/api/v1/responses/{response['id']}/continue"), 409, "conflict")


def test_a_crash_loses_an_engine_that_cannot_go_on(serve: Serve) -> None:
    server = serve(TEXT, continuation="none", **HELD)
    run_id = ask(server)
    said = wait_for_words(server, run_id, 10)
    server.kill9()
    server.start()
    response = ended(server, run_id)
    assert_ends(response, "incomplete", "engine_lost")
    assert text_of(response).startswith(said)


def test_an_engine_that_goes_on_hides_its_fault(serve: Serve) -> None:
    faults = [{"at": 10, "kind": "disconnect"}, {"at": 20, "kind": "error"}]
    server = serve(TEXT, faults=faults)
    response = ended(server, ask(server))
    assert (response["status"], text_of(response)) == ("completed", TEXT)


FAULTS = {
    "refuses": (Behaviour(refusals=[Refusal(400)] * 20), "failed", "engine_refused", 0),
    "says it is broken": (Behaviour(refusals=[Refusal(500)] * 100), "failed", None, 0),
    "never answers": (Behaviour(mute=True), "incomplete", "stalled", 0),
    "hangs": (Behaviour(hang_after=10), "incomplete", "stalled", 10),
    "sends a page": (Behaviour(body=b"<html>hello</html>", content_type="text/html"), "failed", None, 0),
    "sends rubbish": (Behaviour(body=b"data: \xff\xfe{{{\n\ndata: 5\n\n"), "failed", None, 0),
    "closes mid-word": (Behaviour(close_after=10), "incomplete", "engine_lost", 10),
    "ends without a finish reason": (Behaviour(finish=None, done=False), "incomplete", "engine_lost", WORDS),
    "says done without a finish reason": (Behaviour(finish=None), "incomplete", "engine_lost", WORDS),
    "fails in the stream": (Behaviour(error_after=10), "incomplete", "engine_lost", 10),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeOpenAI, ServerProcess]]:
    """One upstream that each test breaks anew, and a server that writes with it."""
    times = {"ADVAKOD_STALL_TIMEOUT": "1", "ADVAKOD_FIRST_TOKEN_TIMEOUT": "3"}
    with running_upstream() as upstream:
        env = openai_env(upstream, "none") | {"ADVAKOD_OPENAI_MODEL": "fake-model"} | times
        server = start_server(tmp_path_factory.mktemp("faulty"), env)
        yield upstream, server
        server.stop()


@pytest.mark.parametrize(("behaviour", "status", "reason", "words"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_engine_is_never_completed(
    faulty: tuple[FakeOpenAI, ServerProcess], behaviour: Behaviour, status: str, reason: str | None, words: int
) -> None:
    upstream, server = faulty
    behaviour.text = TEXT
    upstream.behaviour = behaviour
    response = ended(server, ask(server))
    code = response["error"]["advakod_code"] if response["error"] else response["incomplete_details"]["reason"]
    assert_ends(response, status, reason or code)
    assert len(text_of(response).split()) == words
    assert code.startswith("engine_") or code == "stalled"


def test_an_engine_that_is_not_there(serve: Serve) -> None:
    env = {"ADVAKOD_ENGINE": "openai", "ADVAKOD_OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    server = serve(env=env | {"ADVAKOD_FIRST_TOKEN_TIMEOUT": "20"})
    assert ended(server, ask(server))["status"] == "failed"


def test_stop_stops_the_engine(serve: Serve, upstream: FakeOpenAI, pen: Pen) -> None:
    upstream.behaviour.text = TEXT
    server = serve(env=openai_env(upstream))
    pen.to(5)
    run_id = ask(server)
    said = wait_for_words(server, run_id, 5)
    assert upstream.open_streams == 1
    assert call(server, "POST", f"/v1/responses/{run_id}/cancel").status == 200
    until(lambda: not upstream.open_streams)
    response = ended(server, run_id)
    assert_ends(response, "cancelled", "cancelled")
    assert text_of(response).startswith(said)
    assert call(server, "POST", f"/v1/responses/{run_id}/cancel").json == response
    pen.finish()
    assert text_of(continued(server, run_id)) == TEXT


# -- the queue -----------------------------------------------------------------------------------


def test_places_in_the_queue(serve: Serve, upstream: FakeOpenAI, pen: Pen) -> None:
    upstream.behaviour.text = TEXT
    env = {"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_HEARTBEAT": "0.3"}
    server = serve(env=openai_env(upstream) | env)
    pen.to(1)
    running = ask(server)
    wait_for_words(server, running)
    waiting = [ask(server) for _ in range(2)]
    assert next(_places(server, waiting[0])) == 1
    places = _places(server, waiting[1])
    assert next(places) == 2
    call(server, "POST", f"/v1/responses/{running}/cancel")  # the first in the queue begins, and stays
    assert next(places) == 1
    pen.finish()
    assert [list(_places(server, run_id)) for run_id in waiting] == [[1], [2, 1]]


def _places(server: ServerProcess, run_id: str) -> Iterator[int]:
    """The places that a run is told, as they come."""
    return (event.data["position"] for event in read(server, run_id) if event.data.get("stage") == "queued")


def _busy(reply: Reply, status: int, code: str) -> None:
    assert_refused(reply, status, code)
    assert int(reply.headers["retry-after"]) >= 1
    assert "x-should-retry" not in reply.headers  # the SDK may, after that time


def test_a_full_queue_says_when_to_come_back(serve: Serve) -> None:
    env = {"VISTRAL_MAX_CONCURRENCY": "1", "ADVAKOD_QUEUE_LIMIT": "2"}
    server = serve(TEXT, **HELD, env=env)
    running = ask(server)
    wait_for_words(server, running)
    waiting = [ask(server) for _ in range(2)]
    _busy(call(server, "POST", "/v1/responses", {"input": "Вопрос"}), 503, "queue_full")
    for run_id in (*waiting, running):
        call(server, "POST", f"/v1/responses/{run_id}/cancel")
    assert {ended(server, run_id)["status"] for run_id in waiting} == {"cancelled"}
    ask(server)


def test_a_key_has_its_own_limit(serve: Serve, keys: tuple[str, dict[str, dict[str, str]]]) -> None:
    entries, headers = keys
    env = {"ADVAKOD_API_KEYS": entries, "ADVAKOD_RUNS_PER_KEY": "2"}
    server = serve(TEXT, **HELD, env=env)
    for _ in range(2):
        ask(server, headers=headers["anna"])
    body = {"input": "Вопрос", "background": True}
    _busy(call(server, "POST", "/v1/responses", body, headers["anna"]), 429, "rate_limit_exceeded")
    ask(server, headers=headers["boris"])


# -- conversations and repeated requests ---------------------------------------------------------


def test_a_second_question_waits_and_sees_what_was_said(serve: Serve, upstream: FakeOpenAI, pen: Pen) -> None:
    upstream.behaviour.text = TEXT
    server = serve(env=openai_env(upstream))
    pen.to(5)
    first = ask(server, "Первый вопрос")
    wait_for_words(server, first)
    second = ask(server, "Второй вопрос", previous_response_id=first)
    assert status_of(server, second)["status"] == "queued"
    pen.finish()
    assert ended(server, second)["status"] == "completed"
    facts = [ended(server, run_id) for run_id in (first, second)]
    assert facts[0]["conversation"] == facts[1]["conversation"]
    said = [(message["role"], message["content"]) for message in upstream.requests[-1]["messages"]]
    assert ("assistant", TEXT) in said
    assert any(role == "user" and "Первый вопрос" in content for role, content in said)
    assert said[-1][0] == "user"
    assert "Второй вопрос" in said[-1][1]


def test_one_idempotency_key_is_one_run(serve: Serve) -> None:
    server = serve(TEXT)
    once = {"Idempotency-Key": "once"}
    first = ask(server, headers=once)
    assert ask(server, headers=once) == first
    ended(server, first)
    assert ask(server, headers=once) == first
    again = call(server, "POST", "/v1/responses", {"input": "Другой вопрос"}, once)
    assert_refused(again, 422, "idempotency_key_reused")
    assert ask(server) != first


def test_a_run_outlives_its_reader(serve: Serve, upstream: FakeOpenAI, pen: Pen) -> None:
    upstream.behaviour.text = TEXT
    server = serve(env=openai_env(upstream))
    run_id = ask(server)
    assert next(read(server, run_id)).seq == 0  # and gone
    pen.finish()
    until(lambda: status_of(server, run_id)["status"] == "completed")
    assert text_of(status_of(server, run_id)) == TEXT
