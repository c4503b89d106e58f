"""Stats of a real server: what was asked shows up, and is there after a restart."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable

import orjson
import pytest

from tests.support.http_json import ask, get, get_text
from tests.support.server import ServerProcess

NAMES_OF_OLD = {
    "average_response_time",
    "p95_response_time",
    "error_rate",
    "requests_per_minute",
    "total_requests",
    "successful_requests",
    "failed_requests",
    "queue_length",
    "concurrent_requests",
}


def test_what_was_asked_is_counted_and_survives_a_kill(serve: Callable[..., ServerProcess]) -> None:
    server = serve("один два три четыре пять шесть", tokens_per_second=100)
    assert get(server, "/api/v1/llm/stats")["total_requests"] == 0
    ask(server, "Сколько дней отпуска?")
    server.kill9()
    got = get(server.start(), "/api/v1/llm/stats?window=600")
    assert got.keys() >= NAMES_OF_OLD
    assert (got["window"], got["total_requests"], got["successful_requests"], got["error_rate"]) == (600, 1, 1, 0)
    assert 0 < got["time_to_first_token_p50"] <= got["average_response_time"] == got["p95_response_time"]
    assert got["tokens_per_second_p50"] > 1
    assert got["outcomes"] == [{"status": "completed", "reason": None, "count": 1}]


def test_the_limits_in_force_stand_beside(serve: Callable[..., ServerProcess]) -> None:
    limits = get(serve(heartbeat=2, env={"VISTRAL_MAX_CONCURRENCY": "3"}), "/api/v1/llm/stats")["limits"]
    assert (limits["max_concurrency"], limits["queue_limit"], limits["runs_per_key"]) == (3, 1_000, 20)
    assert (limits["time"]["budget"], limits["time"]["heartbeat"], limits["time"]["client_silence"]) == (900, 2, 5)


def test_the_history_shows_the_run_in_its_minute(server: ServerProcess) -> None:
    ask(server, "Сколько дней отпуска?")
    got = get(server, "/api/v1/llm/stats/history?window=600&step=60")
    assert (got["window"], got["step"], len(got["points"])) == (600, 60, 11)
    assert all(point["time"] % 60 == 0 for point in got["points"])
    assert sum(point["requests"] for point in got["points"]) == 1


def test_the_history_says_how_many_were_written_at_once(server: ServerProcess) -> None:
    ask(server, "Сколько дней отпуска?")
    points = get(server, "/api/v1/llm/stats/history?window=600&step=60")["points"]
    assert sum(point["average_running"] for point in points) > 0
    assert points[0]["average_queue"] == points[0]["average_running"] == points[0]["cancelled"] == 0
    assert points[0]["p50_response_time"] is points[0]["tokens_per_second_p50"] is None


def test_failures_are_listed_without_the_questions(serve: Callable[..., ServerProcess]) -> None:
    server = serve("один два", continuation="none", faults=[{"at": 1, "kind": "disconnect"}])
    assert get(server, "/api/v1/llm/stats/failures") == {"data": []}
    ended = ask(server, "Совсем тайный вопрос?")
    text = get_text(server, "/api/v1/llm/stats/failures?limit=5")
    [failure] = orjson.loads(text)["data"]
    assert (failure["response_id"], failure["key"], failure["status"]) == (ended["id"], "local", ended["status"])
    assert failure["reason"]
    assert failure["engine"]
    assert failure["created_at"] <= failure["finished_at"]
    assert "тайный" not in text


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("/failures?limit=0", "limit"),
        ("/failures?limit=201", "limit"),
        ("?window=59", "window"),
        ("?window=nan", "window"),
        ("?window=inf", "window"),
        ("?window=2592001", "window"),
        ("/history?step=9", "step"),
        ("/history?window=2592000", "step"),
    ],
)
def test_bounds(server: ServerProcess, query: str, param: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(server, f"/api/v1/llm/stats{query}")
    with refused.value as reply:
        assert (reply.code, orjson.loads(reply.read())["error"]["param"]) == (400, param)
