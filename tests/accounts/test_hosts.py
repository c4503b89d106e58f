"""Hosts, origins, loopback, and the guard before serving."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from advakod.accounts import Hosts, check_exposure, is_loopback
from advakod.accounts.hosts import host_name
from advakod.errors import SettingsError
from advakod.settings import Settings
from tests.accounts.house import KEYS

Make = Callable[..., Settings]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "::", "law.example", "127.0.0.1.evil.example"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("localhost:8000", "localhost"),
        ("[::1]:8000", "[::1]"),
        ("law.example:443", "law.example"),
        ("", ""),
        ("::1", ""),
        ("localhost:8000@evil.example", ""),
        ("[::1].evil.example", ""),
        ("localhost:x", ""),
        ("localhost\n", ""),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("overrides", "known", "unknown"),
    [
        ({}, "localhost:1", "evil.example"),
        ({"host": "192.168.1.5"}, "192.168.1.5:8000", "192.168.1.6:8000"),
        ({"host": "0.0.0.0"}, "127.0.0.1", "0.0.0.0:8000"),
        ({"host": "::"}, "[::1]:8000", "[::]:8000"),
        ({"host": "0.0.0.0"}, "192.168.1.5:8000", "evil.example:8000"),
        ({"host": "::"}, "[fd00::5]:8000", "10.evil.example"),
        ({"public_url": "https://law.example"}, "127.0.0.1", "192.168.1.5"),
        ({"host": "fd00::5"}, "[fd00::5]:8000", "[fd00::6]:8000"),
        ({"public_url": "https://Law.Example/x"}, "law.example", "law.example.evil"),
        ({"public_url": "https://адвокат.рф"}, "xn--80aae5apca.xn--p1ai", "evil.example"),
    ],
)
def test_allowed_hosts(settings: Make, overrides: dict[str, str], known: str, unknown: str) -> None:
    hosts = Hosts.of(settings(**overrides))
    known = known if "рф" not in overrides.get("public_url", "") else "адвокат.рф".encode("idna").decode()
    assert hosts.allows(known)
    assert not hosts.allows(unknown)


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "own"),
    [
        ("http://127.0.0.1:8000", "http", "127.0.0.1:8000", True),
        ("http://127.0.0.1", "http", "127.0.0.1:80", True),
        ("http://localhost:8000", "http", "127.0.0.1:8000", False),
        ("http://127.0.0.1:3000", "http", "127.0.0.1:8000", False),
        ("https://127.0.0.1:8000", "http", "127.0.0.1:8000", False),
        ("https://law.example", "http", "law.example", True),
        ("https://law.example", "http", "127.0.0.1:8000", True),
        ("http://law.example", "http", "law.example", False),
        ("https://law.example.evil", "http", "law.example", False),
        ("null", "http", "law.example", False),
    ],
)
def test_own_origins(settings: Make, origin: str, scheme: str, host: str, own: bool) -> None:
    assert Hosts.of(settings(public_url="https://law.example:443/")).is_own(origin, scheme, host) is own


@pytest.mark.parametrize(
    "url", ["law.example", "ftp://law.example", "https://", "https://a:x", "https://a b", "http://["]
)
def test_a_public_url_that_is_no_address(settings: Make, url: str) -> None:
    with pytest.raises(SettingsError, match="ADVAKOD_PUBLIC_URL"):
        Hosts.of(settings(public_url=url))


@pytest.mark.parametrize(
    "overrides", [{"host": "0.0.0.0"}, {"host": "10.0.0.5"}, {"public_url": "https://law.example"}]
)
def test_an_exposed_server_needs_a_key(settings: Make, overrides: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        check_exposure(settings(**overrides))
    assert "advakod key new" in caught.value.message
    assert "ADVAKOD_API_KEYS" in caught.value.message
    check_exposure(settings(**overrides, api_keys=KEYS))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_local_server_needs_none(settings: Make, host: str) -> None:
    check_exposure(settings(host=host))
    with pytest.raises(SettingsError, match="ADVAKOD_API_KEYS"):
        check_exposure(settings(host=host, api_keys="nonsense"))
