"""Access keys: `ADVAKOD_API_KEYS` holds only their SHA-256, so reading the settings gives nobody a key."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from ..errors import InputError, SettingsError
from .model import LOCAL, Principal, Role, Via

KEY_PREFIX = "adv_"  # lets people and secret scanners recognise a key
SECRET_BYTES = 32  # of randomness: no salt or slow hash is needed against guessing
NAME = re.compile(r"[\w.@-]{1,80}")  # as long as the columns that hold it; no separators of the setting
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of ADVAKOD_API_KEYS."""

    name: str
    role: Role
    sha256: str  # of the secret, lower-case hex

    def principal(self, via: Via) -> Principal:
        return Principal(self.name, self.role, via)


class KeyRing:
    """The keys configured."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = [(bytes.fromhex(key.sha256), key) for key in keys]
        self._by_sha256 = {key.sha256: key for key in keys}

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, secret: bytes) -> Key | None:
        """The key with this secret. How long it takes tells nothing about any secret."""
        digest, found = sha256(secret).digest(), None
        for known, key in self._keys:
            if hmac.compare_digest(digest, known):
                found = key  # no early way out: the time must not depend on which one it is
        return found

    def configured(self, key_sha256: str) -> Key | None:
        """The key with this hash, if it still is among those configured."""
        return self._by_sha256.get(key_sha256)


def parse_keys(text: str) -> tuple[Key, ...]:
    """Read ADVAKOD_API_KEYS. Raises SettingsError that names the bad entry by its place, never by its content."""
    entries = [entry.strip() for entry in text.split(",")]
    keys = tuple(_parse(place, entry) for place, entry in enumerate(entries, 1) if entry)
    _refuse_twice([key.name for key in keys], "у двух ключей одно имя")
    _refuse_twice([key.sha256 for key in keys], "один и тот же ключ записан дважды")
    return keys


def new_key(name: str, role: Role) -> tuple[str, str]:
    """A new secret, to be given to its user, and its entry for ADVAKOD_API_KEYS."""
    if not _is_name(name):
        raise InputError(message="Имя ключа: до 80 букв, цифр и знаков . _ - @; имя «local» занято.", param="name")
    secret = KEY_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    return secret, f"{name}:{role}:{sha256(secret.encode()).hexdigest()}"


def _parse(place: int, entry: str) -> Key:
    parts = entry.split(":")
    if len(parts) != 3:
        raise _bad(f"запись {place} — не имя:роль:sha256")
    name, role, digest = parts[0], parts[1], parts[2].lower()
    if not _is_name(name):
        raise _bad(f"запись {place} — имя: до 80 букв, цифр и знаков . _ - @, имя «local» занято")
    if role not in tuple(Role):
        raise _bad(f"запись {place} — роль должна быть user или admin")
    if not SHA256.fullmatch(digest):
        raise _bad(f"запись {place} — вместо ключа нужен его SHA-256, 64 шестнадцатеричные цифры")
    return Key(name, Role(role), digest)


def _is_name(name: str) -> bool:
    return NAME.fullmatch(name) is not None and name != LOCAL.name


def _refuse_twice(values: Sequence[str], reason: str) -> None:
    if len(set(values)) < len(values):
        raise _bad(reason)


def _bad(reason: str) -> SettingsError:
    sentence = f"Неверная настройка ADVAKOD_API_KEYS: {reason}. Новый ключ делает «advakod key new»."
    return SettingsError(sentence, message=sentence, param="ADVAKOD_API_KEYS")
