"""Places: the short names under which a reader opens what stands in an act. Pure.

A place is an article's number, «312.1»; in an act without articles a point's, «10.3»; for whatever has no
number of its own, or shares it, the address: «pre», «pril/p1».
"""

from __future__ import annotations

import re

from ..law.model import Kind
from ..law.numbers import dotted, normalise, segment
from .model import Edition

_ADDRESS = re.compile(r"[a-z0-9./~-]{1,200}")


def place_of(edition: Edition, address: str, number: str) -> str:
    """The place of the unit that stands at this address; `address_at` finds it again."""
    return number if number and address == segment(_counted(edition), number) else address


def address_at(edition: Edition, place: str) -> str | None:
    """The address that a place names; None for what can be neither a number nor an address.

    People's spelling is taken: «312¹», «18–1», «ST18/P1». Whether anything stands there is for the database to say.
    """
    written = place.strip().strip("/")
    number = normalise(written) or written
    if number[:1].isdigit() and "/" not in number:
        written = segment(_counted(edition), number)
    address = dotted(written).lower()
    return address if _ADDRESS.fullmatch(address) else None


def _counted(edition: Edition) -> Kind:
    return Kind.POINT if edition.in_points else Kind.ARTICLE
