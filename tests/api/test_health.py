"""What a monitor and an administrator are told of the engine."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable

import orjson
import pytest

from tests.support.http_json import get
from tests.support.server import ServerProcess


def test_an_engine_that_loads_is_no_failure(serve: Callable[..., ServerProcess]) -> None:
    server = serve("Раз два три.", load_seconds=600.0)
    facts = get(server, "/ready")
    assert (facts["status"], facts["engine"]) == ("ready", "loading")
    assert facts["engine_facts"]["name"] == "scripted"


def test_its_speed_and_context_are_shown(serve: Callable[..., ServerProcess]) -> None:
    server = serve("Раз два три.", reading_speed=50.0, tokens_per_second=20.0, context=4096)
    facts = get(server, "/ready")["engine_facts"]
    assert (facts["state"], facts["reading_speed"], facts["writing_speed"], facts["context"]) == ("ready", 50, 20, 4096)
    assert get(server, "/api/v1/llm/stats")["engine"] == facts


def test_a_remote_engine_that_is_not_there_is_not_ready(serve: Callable[..., ServerProcess]) -> None:
    remote = {"ADVAKOD_ENGINE": "openai", "ADVAKOD_OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    with pytest.raises(urllib.error.HTTPError) as refusal:
        get(serve(env=remote), "/ready")
    assert refusal.value.code == 503
    facts = orjson.loads(refusal.value.read())
    assert (facts["status"], facts["engine"], facts["engine_facts"]["state"]) == ("unavailable", *["unreachable"] * 2)
    assert "ADVAKOD_OPENAI_BASE_URL" in facts["problem"]
