"""What is said of an engine that answers, loads, fails or is not there."""

from __future__ import annotations

import pytest

from advakod.api import engine_state
from advakod.api.engine_state import facts_of
from advakod.engine import openai
from advakod.settings import Prefill
from tests.support.fake_openai import Behaviour, FakeFacts, FakeOpenAI
from tests.support.remote_engine import engine_at

pytestmark = pytest.mark.anyio
LONG = 3600.0  # seconds: what has to be waited for


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine changes nothing."""
    monkeypatch.setattr(engine_state, "WITHIN", LONG)
    monkeypatch.setattr(engine_state, "TOLD_WITHIN", LONG)


@pytest.mark.usefixtures("patient")
async def test_one_that_answers_is_ready() -> None:
    async with FakeOpenAI() as server, engine_at(server.base_url) as engine:
        facts = await facts_of(engine)
    assert (facts.state, facts.problem, facts.model) == ("ready", None, "fake-model")


@pytest.mark.usefixtures("patient")
async def test_one_of_several_is_enough() -> None:
    async with FakeOpenAI() as gone, FakeOpenAI() as server:
        await gone.stop()
        async with engine_at(f"{gone.base_url},{server.base_url}") as engine:
            assert (await facts_of(engine)).state == "ready"


@pytest.mark.usefixtures("patient")
async def test_one_that_is_busy_with_its_probe_is_ready() -> None:
    async with (
        FakeOpenAI(Behaviour(mute=True)) as server,
        engine_at(server.base_url, prefill=Prefill.AUTO) as engine,
    ):
        assert (await facts_of(engine)).state == "ready"


@pytest.mark.usefixtures("patient")
async def test_one_that_is_down_is_unreachable_and_its_administrator_is_told_what_to_do() -> None:
    async with FakeOpenAI() as server:
        pass
    async with engine_at(server.base_url) as engine:
        facts = await facts_of(engine)
    assert facts.state == "unreachable"
    assert "ADVAKOD_OPENAI_BASE_URL" in str(facts.problem)
    assert facts.details["unknown"]


@pytest.mark.usefixtures("patient")
async def test_silence_is_no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_state, "TOLD_WITHIN", 0.01)
    mute = FakeFacts(mute=("/v1/models",))
    async with FakeOpenAI(Behaviour(facts=mute)) as server, engine_at(server.base_url) as engine:
        assert (await facts_of(engine)).state == "unreachable"


@pytest.mark.usefixtures("patient")
async def test_one_that_says_that_it_loads_is_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "GLANCE", LONG)
    behaviour = Behaviour(facts=FakeFacts(loading=1_000_000))
    async with FakeOpenAI(behaviour) as server, engine_at(server.base_url) as engine:
        monkeypatch.setattr(engine_state, "WITHIN", 0.05)
        facts = await facts_of(engine)
        assert (facts.state, facts.problem) == ("loading", None)
        behaviour.facts.loading = 0
        monkeypatch.setattr(engine_state, "WITHIN", LONG)
        assert (await facts_of(engine)).state == "ready"
