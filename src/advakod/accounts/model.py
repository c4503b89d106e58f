"""Facts about who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a key may do."""

    USER = "user"  # asks, and sees its own runs and conversations
    ADMIN = "admin"  # also metrics, settings in force, stats


class Via(StrEnum):
    """How somebody was recognised."""

    KEY = "key"  # Authorization: Bearer
    SESSION = "session"  # the page's cookie
    LOCAL = "local"  # on the same machine, without a key


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was let in. What they store belongs to `name`, however they came in."""

    name: str  # the key's name, or `local`
    role: Role
    via: Via

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


LOCAL = Principal("local", Role.ADMIN, Via.LOCAL)
