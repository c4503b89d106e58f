"""`kill -9` of the serving process at random moments: the answer goes on, word for word."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.e2e.conftest import Serve, openai_env
from tests.e2e.reader import Reader
from tests.support.fake_openai import Behaviour, FakeOpenAI
from tests.support.pen import Pen
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess

TOKENS = 600
TEXT = " ".join(f"слово{number}" for number in range(TOKENS))
RATE = 60  # tokens a second: each kill meets a run that is being written
LAST = 340  # token before which every kill is due
AHEAD = 5  # tokens that may be written beyond what is waited for: twice for each kill, and the run cannot end before it


@pytest.mark.timeout(600)  # a slow machine takes its time to start twenty servers
@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 20), ("postgres", 3)])
def test_an_answer_survives_every_kill(
    kind: str, kills: int, serve: Serve, upstream: FakeOpenAI, pen: Pen, request: pytest.FixtureRequest
) -> None:
    env = openai_env(upstream)
    if kind == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        env["ADVAKOD_DATABASE_URL"] = postgres.create_database()
    upstream.behaviour = Behaviour(text=TEXT, rate=RATE)
    asyncio.run(_killed(serve(env=env), pen, kills))


async def _killed(server: ServerProcess, pen: Pen, kills: int) -> None:
    """Kill at `kills` random places of the text, and check what the reader has in the end."""
    reader = Reader(server.url)
    following = asyncio.create_task(reader.follow())
    for place in sorted(random.sample(range(LAST), kills)):
        pen.to(max(place, reader.words) + AHEAD)
        await reader.reach(place)
        await asyncio.sleep(random.uniform(0, 0.05))
        await asyncio.to_thread(server.kill9)
        await asyncio.to_thread(server.start)
        kept = reader.words
        pen.to(kept + AHEAD)
        await reader.reach(kept + 1)
    pen.finish()
    await following
    assert reader.text == TEXT
    reader.assert_nothing_missing()
    assert reader.end["type"] == "response.completed"
