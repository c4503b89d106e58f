"""Which hosts and origins are ours, and what is loopback."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from ..errors import SettingsError
from ..settings import Settings
from .keys import parse_keys

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
WILDCARDS = frozenset({"", "0.0.0.0", "::", "*"})  # noqa: S104  # recognised, not bound
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Hosts:
    """What the settings say about addresses, ready for a check per request."""

    names: frozenset[str]  # allowed in the Host header, without port
    bound_to_loopback: bool
    bound_to_all: bool = False  # 0.0.0.0, ::
    public_origin: str = ""  # «https://law.example»; empty when none is set
    public_netloc: str = ""  # «law.example»

    @classmethod
    def of(cls, settings: Settings) -> Hosts:
        """Raises SettingsError when ADVAKOD_PUBLIC_URL is not an address."""
        bound = {_bracketed(settings.host.lower())} - WILDCARDS - {"[::]"}
        loopback, everywhere = is_loopback(settings.host.lower()), not bound
        if not settings.public_url:
            return cls(LOOPBACK_NAMES | bound, loopback, everywhere)
        scheme, name, port = _public(settings.public_url)
        netloc = name if port in (None, DEFAULT_PORTS[scheme]) else f"{name}:{port}"
        return cls(LOOPBACK_NAMES | bound | {name}, loopback, everywhere, f"{scheme}://{netloc}", netloc)

    @property
    def is_https(self) -> bool:
        """Whether people come over https, whatever the hop to this server is."""
        return self.public_origin.startswith("https:")

    def allows(self, host: str) -> bool:
        """Whether a Host header (lower case, with or without port) names this server.

        One that is bound to all addresses answers to each of them in numbers: no name server can send
        a page of somebody else's there, which is what the list of names is against.
        """
        name = host_name(host)
        return name in self.names or (self.bound_to_all and is_address(name))

    def is_own(self, origin: str, scheme: str, host: str) -> bool:
        """Whether an Origin is that of the address the request was sent to.

        The public address is ours whatever Host a proxy passes on; under its name no other scheme
        is, or somebody who can forge plain http could write to the https site.
        """
        if self.public_origin and origin == self.public_origin:
            return True
        return host != self.public_netloc and origin == f"{scheme}://{host.removesuffix(f':{DEFAULT_PORTS[scheme]}')}"


def check_exposure(settings: Settings) -> None:
    """Raises SettingsError when others could reach the server and no key is set: nobody could use it.

    Also the place where bad keys and a bad public address stop the start.
    """
    hosts = Hosts.of(settings)
    if parse_keys(settings.api_keys) or (hosts.bound_to_loopback and not hosts.public_origin):
        return
    variable = "ADVAKOD_PUBLIC_URL" if hosts.bound_to_loopback else f"ADVAKOD_HOST={settings.host}"
    sentence = (
        f"Сервер открыт другим машинам ({variable}), но ключей доступа нет. "
        "Создайте ключ командой «advakod key new» и впишите её строку в ADVAKOD_API_KEYS."
    )
    raise SettingsError(sentence, message=sentence, param="ADVAKOD_API_KEYS")


@lru_cache(maxsize=1024)
def host_name(host: str) -> str:
    """A Host header without its port, IPv6 in brackets; empty when it is malformed."""
    match = HOST.fullmatch(host)
    return match[1] if match else ""


@lru_cache(maxsize=1024)
def is_address(host: str) -> bool:
    """Whether a host is the IP address of a machine, IPv6 in brackets."""
    try:
        return not ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a name or address (brackets or not) means this very machine."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _public(url: str) -> tuple[str, str, int | None]:
    try:
        parts: SplitResult = urlsplit(url)
        name, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # UnicodeError, a malformed port or bracket
        raise _bad_public_url() from None
    name = _bracketed(name)
    if parts.scheme not in DEFAULT_PORTS or host_name(name) != name or not name:
        raise _bad_public_url()
    return parts.scheme, name, port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bad_public_url() -> SettingsError:
    sentence = "Неверная настройка ADVAKOD_PUBLIC_URL: нужен адрес вида https://law.example."
    return SettingsError(sentence, message=sentence, param="ADVAKOD_PUBLIC_URL")
