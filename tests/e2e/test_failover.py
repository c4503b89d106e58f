"""Two servers that write for one service: whatever one of them does, the reader sees one text without a seam."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import TEXT, WORDS, Serve, openai_env, running_upstream
from tests.e2e.wire import ask, call, ended, text_of, until, wait_for_words, whole_log
from tests.support.fake_openai import Behaviour, FakeOpenAI


@pytest.fixture
def two() -> Iterator[tuple[FakeOpenAI, FakeOpenAI]]:
    with running_upstream() as first, running_upstream() as second:
        second.behaviour = Behaviour(text=TEXT)
        yield first, second


def env_of(first: FakeOpenAI, second: FakeOpenAI) -> dict[str, str]:
    return openai_env(first) | {"ADVAKOD_OPENAI_BASE_URL": f"{first.base_url},{second.base_url}"}


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(text=TEXT, close_after=7), Behaviour(text=TEXT, hang_after=7), Behaviour(text=TEXT, error_after=7)],
    ids=["dies", "stalls", "breaks"],
)
def test_another_server_goes_on_with_the_same_answer(
    serve: Serve, two: tuple[FakeOpenAI, FakeOpenAI], behaviour: Behaviour
) -> None:
    first, second = two
    first.behaviour = behaviour
    server = serve(env=env_of(*two) | {"ADVAKOD_STALL_TIMEOUT": "20"})  # half of it for each
    run_id = ask(server)
    response = ended(server, run_id)
    assert (response["status"], text_of(response)) == ("completed", TEXT)
    numbers = [event.data["sequence_number"] for event in whole_log(server, run_id)]
    assert numbers == list(range(len(numbers)))
    assert [body["messages"][-1]["role"] for body in second.requests] == ["assistant"]
    assert len(response["output"][0]["content"][0]["text"].split()) == WORDS


def test_stop_reaches_whoever_writes(serve: Serve, two: tuple[FakeOpenAI, FakeOpenAI]) -> None:
    first, second = two
    first.behaviour = Behaviour(text=TEXT, close_after=3)
    second.behaviour = Behaviour(text=TEXT, rate=10)
    server = serve(env=env_of(*two))
    run_id = ask(server)
    wait_for_words(server, run_id, 5)
    assert second.open_streams == 1
    assert call(server, "POST", f"/v1/responses/{run_id}/cancel").status == 200
    until(lambda: not second.open_streams, within=30)
    assert ended(server, run_id)["status"] == "cancelled"
