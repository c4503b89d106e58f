"""The room's door: who is this, sign in, sign out."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import KeyRequiredError
from ..settings import Settings
from ..storage import Database
from .errors import UnknownKeyError
from .hosts import Hosts
from .keys import KeyRing, parse_keys
from .limits import FailureLimit
from .model import LOCAL, Principal, Via
from .sessions import Sessions

SESSION_COOKIE = "advakod_session"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session."""

    principal: Principal
    token: str  # for the cookie; nothing else ever holds it
    lifetime: float  # seconds


class Accounts:
    """Recognises people by key, by session, or by being on this machine.

    Keys are those of the settings it was made with; what changes them is a restart.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        """Raises SettingsError for bad keys or a bad public address."""
        self.hosts = Hosts.of(settings)
        self._keys = KeyRing(parse_keys(settings.api_keys))
        self._lifetime = settings.session_lifetime
        self._sessions = Sessions(database, settings.session_lifetime)
        self._failures = FailureLimit()

    async def authenticate(self, *, secret: bytes | None, token: str | None, local: bool) -> Principal:
        """Who sends a request with this bearer secret and this session token.

        `local` says that the request is from this very machine, straight. Raises KeyRequiredError;
        a secret that is wrong is never passed over in favour of something weaker.
        """
        # CASE 1: a key was given. Where none is configured there is nothing it could be checked against, and
        # clients that cannot be without one (the openai SDK) send a placeholder: it counts for nothing.
        if secret is not None and (self._keys or not local):
            return self._by_key(secret)
        # CASE 2: a session. One that is over is as good as none.
        if token and (principal := await self._by_session(token)):
            return principal
        # CASE 3: the same machine.
        if local:
            return LOCAL
        raise KeyRequiredError

    async def sign_in(self, secret: str, peer: str) -> SignedIn:
        """Exchange a key for a session. Raises UnknownKeyError, or SignInLimitError after too many of them."""
        self._failures.check(peer)
        key = self._keys.find(secret.encode())
        if key is None:
            self._failures.failed(peer)
            raise UnknownKeyError
        return SignedIn(key.principal(Via.SESSION), await self._sessions.create(key), self._lifetime)

    async def sign_out(self, token: str) -> None:
        """End a session; idempotent."""
        await self._sessions.end(token)

    def _by_key(self, secret: bytes) -> Principal:
        key = self._keys.find(secret)
        if key is None:
            raise UnknownKeyError
        return key.principal(Via.KEY)

    async def _by_session(self, token: str) -> Principal | None:
        key_sha256 = await self._sessions.find(token)
        key = self._keys.configured(key_sha256) if key_sha256 else None  # a session dies with its key
        return key.principal(Via.SESSION) if key else None
