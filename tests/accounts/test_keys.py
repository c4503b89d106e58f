"""Keys: reading the setting, refusing bad entries without repeating them, finding a key by its secret."""

from __future__ import annotations

from hashlib import sha256

import pytest

from advakod.accounts import KeyRing, Role, new_key, parse_keys
from advakod.errors import InputError, SettingsError
from tests.accounts.house import KEYS, entry

DIGEST = sha256(b"secret").hexdigest()


def test_entries_are_read_with_spaces_and_trailing_commas() -> None:
    keys = parse_keys(f" anna:user:{DIGEST} , Пётр:admin:{'A' * 64},")
    assert [(key.name, key.role) for key in keys] == [("anna", Role.USER), ("Пётр", Role.ADMIN)]
    assert keys[1].sha256 == "a" * 64


def test_nothing_configured_is_no_error() -> None:
    assert parse_keys("") == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("adv_verysecret", "запись 1 — не имя:роль:sha256"),
        (f"a:user:{DIGEST},adv_verysecret:user", "запись 2 — не имя:роль:sha256"),
        (f"anna:root:{DIGEST}", "роль должна быть user или admin"),
        ("anna:user:adv_verysecret", "нужен его SHA-256"),
        (f"local:admin:{DIGEST}", "имя «local» занято"),
        (f":user:{DIGEST}", "имя"),
        (f"a b:user:{DIGEST}", "имя"),
        (f"{'n' * 81}:user:{DIGEST}", "имя"),
        (f"anna:user:{DIGEST},anna:admin:{'a' * 64}", "у двух ключей одно имя"),
        (f"anna:user:{DIGEST},boss:admin:{DIGEST.upper()}", "записан дважды"),
    ],
)
def test_a_bad_entry_stops_the_start_and_is_not_repeated(text: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_keys(text)
    assert "ADVAKOD_API_KEYS" in caught.value.message
    assert reason in caught.value.message
    for said in (caught.value.message, caught.value.detail, str(caught.value)):
        assert "verysecret" not in said
        assert DIGEST not in said


def test_a_new_key_is_found_by_its_secret_alone() -> None:
    secret, printed = new_key("anna", Role.USER)
    assert secret.startswith("adv_")
    assert secret not in printed
    ring = KeyRing(parse_keys(f"{KEYS},{printed}".replace("anna:user", "other:user", 1)))
    assert len(ring) == 3
    found = ring.find(secret.encode())
    assert found is not None
    assert (found.name, found.role) == ("anna", Role.USER)
    assert ring.find(secret.encode() + b"x") is None
    assert ring.find(b"") is None


def test_two_new_keys_differ() -> None:
    assert new_key("anna", Role.USER) != new_key("anna", Role.USER)


@pytest.mark.parametrize("name", ["", "local", "a:b", "a,b", "a b", "n" * 81])
def test_a_name_that_the_setting_could_not_hold_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        new_key(name, Role.USER)


def test_a_key_is_known_by_its_hash_while_it_is_configured() -> None:
    ring = KeyRing(parse_keys(entry("anna", "user", "secret")))
    assert ring.configured(DIGEST) is not None
    assert ring.configured("0" * 64) is None
