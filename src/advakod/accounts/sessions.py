"""Sessions of the page: a random token in a cookie, its SHA-256 in the database."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select

from ..storage import Database
from ..storage.schema import session
from .keys import Key

TOKEN_BYTES = 32
CACHE_TTL = 15.0  # seconds: a sign-out is seen by the other processes of a server after this long at most
MOST_CACHED = 10_000


class _Cached(NamedTuple):
    key_sha256: str
    until: float


class Sessions:
    """Creates, finds and ends sessions.

    A session that has ended here is not found again by this process; by another one within
    CACHE_TTL. Whether its key still exists is the caller's question.
    """

    def __init__(self, database: Database, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._lifetime = lifetime
        self._clock = clock
        self._cache: OrderedDict[str, _Cached] = OrderedDict()
        self._ended = 0

    async def create(self, key: Key) -> str:
        """A new token, stored when this returns. Sessions whose time is over are swept out with it."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock()
        row = {
            "token_sha256": _hash(token),
            "key_name": key.name,
            "key_sha256": key.sha256,
            "expires_at": now + self._lifetime,
        }

        def change(connection: Connection) -> None:
            connection.execute(delete(session).where(session.c.expires_at <= now))
            connection.execute(insert(session).values(row))

        await self._database.write(change)
        return token

    async def find(self, token: str) -> str | None:
        """The SHA-256 of the key that the session belongs to; None when there is none, or its time is over."""
        digest, now = _hash(token), self._clock()
        cached = self._cache.get(digest)
        if cached is not None and now < cached.until:
            return cached.key_sha256
        ended = self._ended
        row = await self._database.read(lambda connection: _select(connection, digest))
        if row is None or row.expires_at <= now:
            self._cache.pop(digest, None)
            return None
        if ended == self._ended:  # else this very session may have ended since it was read
            self._remember(digest, _Cached(row.key_sha256, min(now + CACHE_TTL, row.expires_at)))
        return str(row.key_sha256)

    async def end(self, token: str) -> None:
        """Forget a session; one that does not exist is no error."""
        digest = _hash(token)
        try:
            await self._database.write(lambda connection: _delete(connection, digest))
        finally:  # a cancelled caller does not undo the change
            self._ended += 1
            self._cache.pop(digest, None)

    def _remember(self, digest: str, cached: _Cached) -> None:
        self._cache[digest] = cached
        self._cache.move_to_end(digest)
        if len(self._cache) > MOST_CACHED:
            self._cache.popitem(last=False)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _select(connection: Connection, digest: str) -> Row[Any, Any] | None:
    query = select(session.c.key_sha256, session.c.expires_at).where(session.c.token_sha256 == digest)
    return connection.execute(query).one_or_none()


def _delete(connection: Connection, digest: str) -> None:
    connection.execute(delete(session).where(session.c.token_sha256 == digest))
