"""Sessions in the database, on each kind of it."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest
from sqlalchemy import Connection, delete, select

from advakod.accounts.keys import Key
from advakod.accounts.model import Role
from advakod.accounts.sessions import CACHE_TTL, Sessions
from advakod.storage import Database
from advakod.storage.schema import session

KEY = Key("anna", Role.USER, "a" * 64)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _stored(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.scalars(select(session.c.token_sha256)))


def test_a_session_is_found_until_it_ends_and_only_its_hash_is_stored(database: Database) -> None:
    async def scenario() -> None:
        sessions = Sessions(database, lifetime=3_600)
        token = await sessions.create(KEY)
        assert _stored(database) == [sha256(token.encode()).hexdigest()]
        assert await sessions.find(token) == KEY.sha256
        assert await sessions.find(token + "x") is None
        assert await Sessions(database, lifetime=3_600).find(token) == KEY.sha256, "after a restart"
        await sessions.end(token)
        await sessions.end(token)
        assert await sessions.find(token) is None

    asyncio.run(scenario())
    assert _stored(database) == []


def test_a_session_expires_in_the_cache_too_and_is_swept_out(database: Database, clock: Clock) -> None:
    async def scenario() -> None:
        sessions = Sessions(database, lifetime=10, clock=clock)
        token = await sessions.create(KEY)
        assert await sessions.find(token) == KEY.sha256
        clock.now += 10
        assert await sessions.find(token) is None
        fresh = await sessions.create(KEY)
        assert _stored(database) == [sha256(fresh.encode()).hexdigest()]

    asyncio.run(scenario())


def test_the_database_is_asked_once_in_a_while(database: Database, clock: Clock) -> None:
    """What another process deletes is seen when the cached entry is old, not before."""

    def forget(connection: Connection) -> None:
        connection.execute(delete(session))

    async def scenario() -> None:
        sessions = Sessions(database, lifetime=3_600, clock=clock)
        token = await sessions.create(KEY)
        assert await sessions.find(token) == KEY.sha256
        await database.write(forget)
        assert await sessions.find(token) == KEY.sha256
        clock.now += CACHE_TTL
        assert await sessions.find(token) is None

    asyncio.run(scenario())


def test_a_sign_out_beats_a_look_up_under_way(database: Database) -> None:
    async def scenario() -> None:
        sessions = Sessions(database, lifetime=3_600)
        for _ in range(20):
            token = await sessions.create(KEY)
            await asyncio.gather(sessions.find(token), sessions.end(token), sessions.find(token))
            assert await sessions.find(token) is None

    asyncio.run(scenario())
