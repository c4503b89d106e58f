"""A bad value stops the start with one sentence that names the variable; every time follows from D and H."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from advakod.errors import SettingsError
from advakod.settings import EngineKind, Settings, TimeBudget, env_name, load_settings

BAD = [
    ("ADVAKOD_SESSION_LIFETIME", "inf"),
    ("VISTRAL_INFERENCE_TIMEOUT", "30s"),
    ("VISTRAL_INFERENCE_TIMEOUT", "-1"),
    ("VISTRAL_INFERENCE_TIMEOUT", "inf"),
    ("VISTRAL_INFERENCE_TIMEOUT", "nan"),
    ("VISTRAL_MAX_CONCURRENCY", "-1"),
    ("VISTRAL_MAX_TOKENS", "много"),
    ("VISTRAL_TEMPERATURE", "3"),
    ("ADVAKOD_HEARTBEAT", "0"),
    ("ADVAKOD_PORT", "80000"),
    ("ADVAKOD_PORT", "восемь"),
    ("ADVAKOD_ENGINE", "gpt"),
    ("ADVAKOD_LOG_LEVEL", "loud"),
    ("ADVAKOD_OPENAI_PREFILL", "maybe"),
    ("ADVAKOD_QUEUE_LIMIT", "0"),
    ("ADVAKOD_QUEUE_TIMEOUT", "901"),
    ("ADVAKOD_FIRST_TOKEN_TIMEOUT", "901"),
    ("ADVAKOD_STALL_TIMEOUT", "901"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_one_russian_sentence_with_the_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    sentence = refusal.value.message
    assert sentence.startswith("Неверная настройка ")
    assert name in sentence
    assert value in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_secret_is_not_repeated(settings: Callable[..., Settings]) -> None:
    made = settings(openai_api_key="sk-very-secret")
    assert "sk-very-secret" not in repr(made)
    assert made.openai_api_key.get_secret_value() == "sk-very-secret"


def test_what_is_not_set_has_its_default(settings: Callable[..., Settings], tmp_path: Path) -> None:
    made = settings()
    assert made.engine is EngineKind.EXTRACTIVE
    assert made.inference_timeout == 900
    assert made.sqlalchemy_url == f"sqlite:///{tmp_path / 'var' / 'advakod.db'}"


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.env"
    file.write_text("ADVAKOD_PORT=1\nADVAKOD_HOST=::1\nADVAKOD_SOURCES=9\nSOMETHING_ELSE=x\n", "utf-8")
    monkeypatch.setenv("ADVAKOD_ENV_FILE", str(file))
    monkeypatch.setenv("ADVAKOD_PORT", "2")
    monkeypatch.setenv("ADVAKOD_SOURCES", "3")
    made = load_settings(sources=4)
    assert (made.host, made.port, made.sources) == ("::1", 2, 4)


def test_a_bad_value_in_the_file_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.env"
    file.write_text("ADVAKOD_PORT=http\n", "utf-8")
    monkeypatch.setenv("ADVAKOD_ENV_FILE", str(file))
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "ADVAKOD_PORT" in refusal.value.message


def test_an_empty_wait_is_no_wait_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVAKOD_STALL_TIMEOUT", "")
    assert load_settings().stall_timeout is None


def test_variables_are_named_after_the_product() -> None:
    for field in Settings.model_fields:
        assert env_name(field).startswith(("ADVAKOD_", "VISTRAL_"))


# -- time (DESIGN §6) --------------------------------------------------------------------------------


@pytest.fixture
def time(settings: Callable[..., Settings]) -> TimeBudget:
    return settings().time


def test_the_defaults_are_the_design(time: TimeBudget) -> None:
    assert (time.budget, time.heartbeat) == (900, 15)
    assert (time.engine_read, time.proxy_read) == (900, 900)
    assert time.client_silence == 37.5
    assert (time.lease, time.renewal, time.reaper) == (30, 5, 15)
    assert time.lease_horizon == 35
    assert (time.queue_wait, time.first_token, time.stall) == (900, 900, 300)
    assert time.progress == 5


@pytest.mark.parametrize("budget", [0.5, 2, 60, 900, 86_400])
@pytest.mark.parametrize("heartbeat", [0.05, 1, 15, 60])
def test_the_order_that_nothing_may_break(settings: Callable[..., Settings], budget: float, heartbeat: float) -> None:
    time = settings(inference_timeout=budget, heartbeat=heartbeat).time
    assert time.proxy_read >= time.budget
    assert time.engine_read >= time.budget
    assert max(time.queue_wait, time.first_token, time.stall) <= time.budget
    assert time.client_silence > 2 * time.heartbeat
    assert time.renewal * 3 <= time.lease < time.lease_horizon
    assert time.server_keepalive > time.proxy_keepalive
    assert time.shutdown >= time.budget + time.heartbeat
    assert time.liveness <= 1


def test_every_time_scales_with_the_heartbeat(settings: Callable[..., Settings]) -> None:
    one, ten = (settings(heartbeat=h).time for h in (0.5, 5))
    for name in ("client_silence", "lease", "renewal", "reaper", "progress", "proxy_keepalive", "server_keepalive"):
        assert getattr(ten, name) == pytest.approx(10 * getattr(one, name))
