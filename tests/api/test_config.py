"""What is in force, where it came from, and that nothing secret is told."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from advakod import __version__
from advakod.settings import MASK, Origin, Settings, describe, describe_time, load_settings
from tests.support.http_json import get
from tests.support.server import ServerProcess


def shown(settings: Settings) -> dict[str, tuple[object, str]]:
    return {fact.name: (fact.value, fact.source) for fact in describe(settings)}


def test_each_value_says_where_it_came_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env_file = tmp_path / "settings.env"
    env_file.write_text("ADVAKOD_PORT=9000\nADVAKOD_HEARTBEAT=5\nadvakod_sources=4\n", encoding="utf-8")
    monkeypatch.setenv("ADVAKOD_ENV_FILE", str(env_file))
    monkeypatch.setenv("ADVAKOD_HEARTBEAT", "7")
    monkeypatch.setenv("vistral_top_p", "0.5")
    got = shown(load_settings(host="127.0.0.2"))
    assert got["ADVAKOD_HOST"] == ("127.0.0.2", Origin.OPTION)
    assert got["ADVAKOD_HEARTBEAT"] == (7.0, Origin.ENVIRONMENT)
    assert got["VISTRAL_TOP_P"] == (0.5, Origin.ENVIRONMENT)
    assert got["ADVAKOD_PORT"] == (9000, Origin.ENV_FILE)
    assert got["ADVAKOD_SOURCES"] == (4, Origin.ENV_FILE)
    assert got["VISTRAL_MAX_TOKENS"] == (1024, Origin.DEFAULT)
    assert got["ADVAKOD_QUEUE_TIMEOUT"] == (None, Origin.DEFAULT)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("openai_api_key", "sk-secret", MASK),
        ("openai_api_key", "", ""),
        ("database_url", "postgresql://anna:p:se@cret@host/law", "postgresql://anna:***@host/law"),
        (
            "database_url",
            "postgresql://host/law?user=anna&password=secret",
            "postgresql://host/law?user=anna&password=***",
        ),
        ("database_url", "postgresql://anna@host:5432/law", "postgresql://anna@host:5432/law"),
        ("openai_base_url", "http://me:secret@gpu:8080/v1", "http://me:***@gpu:8080/v1"),
        ("api_keys", "anna:user:" + "a" * 64 + ", boss:admin:" + "b" * 64, "anna:user:***, boss:admin:***"),
        ("api_keys", "secret", MASK),
    ],
)
def test_secrets_are_masked(field: str, value: str, expected: str) -> None:
    settings = load_settings(**{field: value})
    assert expected in [fact.value for fact in describe(settings)]
    assert "secret" not in str(describe(settings))


def test_every_time_is_there_and_computed(settings: Callable[..., Settings]) -> None:
    times = describe_time(settings(inference_timeout=2.0, heartbeat=0.06).time)
    assert (times["budget"], times["queue_wait"], times["proxy_read"]) == (2, 2, 2)
    assert (times["lease"], times["renewal"], times["client_silence"]) == pytest.approx((0.12, 0.02, 0.15))


def test_over_http(serve: Callable[..., ServerProcess]) -> None:
    key = f"boss:admin:{sha256(b'boss-key').hexdigest()}"
    got = get(serve(heartbeat=2.0, env={"ADVAKOD_API_KEYS": key}), "/api/v1/config")
    facts = {fact["name"]: fact for fact in got["settings"]}
    assert facts["ADVAKOD_HEARTBEAT"]["value"] == 2
    assert facts["ADVAKOD_HEARTBEAT"]["description"]
    assert (facts["ADVAKOD_ENGINE"]["value"], facts["ADVAKOD_ENGINE"]["source"]) == ("scripted", "environment")
    assert facts["ADVAKOD_API_KEYS"]["value"] == "boss:admin:***"
    assert (got["time"]["lease"], got["engine"]["name"], got["versions"]["advakod"]) == (4, "scripted", __version__)
