"""A file comes whole and checked or not at all, and what has come is never fetched again."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants

from advakod.cli import download as downloading
from advakod.cli.download import (
    ChecksumError,
    Doing,
    DownloadError,
    NoFolderError,
    NoRoomError,
    Target,
    TargetDiffersError,
    download,
    is_there,
    readable,
)
from advakod.cli.hub import (
    Address,
    ClosedModelError,
    Hub,
    HubError,
    HubUnreachableError,
    NoSuchModelError,
    OtherHubError,
    address,
)
from tests.support.hub import COMMIT, TOKEN, FakeHub

CONTENT = random.Random(4).randbytes(100_000)
NAME = "owner/name-GGUF"

Aim = Callable[[], Target]


def ignore(doing: Doing, done: int) -> None:
    """Nobody listens."""


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def aim(hub: FakeHub, tmp_path: Path) -> Aim:
    """The one file of a repository, and where it goes."""
    hub.repositories[NAME] = {"README.md": b"#", "deep/model.gguf": CONTENT}

    def look() -> Target:
        there = Hub().repository(Address(NAME))
        return Target(there, there.files[0], tmp_path / "models" / "model.gguf")

    return look


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is gone is given up at once, by the library too."""
    monkeypatch.setattr(downloading, "PAUSES", ())
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)


def test_a_file_comes_whole_and_alone(hub: FakeHub, aim: Aim) -> None:
    target, heard = aim(), list[tuple[Doing, int]]()
    download(Hub(), target, lambda doing, done: heard.append((doing, done)))
    assert target.path.read_bytes() == CONTENT
    assert names(target.path.parent) == ["model.gguf"]
    assert [done for doing, done in heard if doing is Doing.LOADING][-1] == len(CONTENT)
    assert heard[-1] == (Doing.CHECKING, len(CONTENT))
    assert hub.ranges() == [""]


def test_the_token_goes_to_the_hub_and_not_to_its_store(
    hub: FakeHub, aim: Aim, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.private.add(NAME)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    download(Hub(), aim(), ignore)
    assert {(asked.path.startswith("/store/"), asked.token) for asked in hub.asked} == {(False, TOKEN), (True, "")}
    assert all(asked.agent.startswith("advakod/") for asked in hub.asked)


def test_what_is_downloaded_is_what_was_listed(hub: FakeHub, aim: Aim) -> None:
    """A branch may move in between."""
    download(Hub(), aim(), ignore)
    assert [a.path for a in hub.asked if "/resolve/" in a.path] == [f"/{NAME}/resolve/{COMMIT}/deep/model.gguf"]


def test_a_cut_connection_is_opened_again(hub: FakeHub, aim: Aim, impatient: None) -> None:
    hub.faults.cut_after = [50_000, 20_000]
    target = aim()
    download(Hub(), target, ignore)
    assert target.path.read_bytes() == CONTENT
    assert hub.ranges() == ["", "bytes=49152-", "bytes=65536-"]


def test_a_lost_network_keeps_the_part_and_the_next_one_goes_on(hub: FakeHub, aim: Aim, impatient: None) -> None:
    target = aim()
    hub.faults.cut_after = [50_000, *[0] * 20]
    with pytest.raises(HubUnreachableError):
        download(Hub(), target, ignore)
    assert not target.path.exists()
    assert target.done == 49_152
    hub.faults.cut_after = []
    hub.asked.clear()
    download(Hub(), aim(), ignore)
    assert target.path.read_bytes() == CONTENT
    assert hub.ranges() == ["bytes=49152-"]
    assert not target.part.exists()


def test_a_network_that_comes_back_in_time_is_waited_for(
    hub: FakeHub, aim: Aim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    target, waits = aim(), list[int]()
    hub.faults.cut_after = [50_000, *[0] * 12]  # more than the library's own patience

    def told(doing: Doing, done: int) -> None:
        waits.extend([done] if doing is Doing.WAITING else [])

    download(Hub(), target, told)
    assert target.path.read_bytes() == CONTENT
    assert waits == [49_152]


def test_a_store_that_cannot_go_on_begins_anew(hub: FakeHub, aim: Aim, impatient: None) -> None:
    hub.faults.cut_after = [50_000]
    hub.faults.ignore_range = True
    target = aim()
    download(Hub(), target, ignore)
    assert target.path.read_bytes() == CONTENT


def test_another_version_does_not_go_on_with_the_old_part(hub: FakeHub, aim: Aim) -> None:
    aim().path.parent.mkdir()
    aim().part.write_bytes(CONTENT[:10_000])
    hub.repositories[NAME] = {"deep/model.gguf": CONTENT[::-1]}
    target = aim()
    download(Hub(), target, ignore)
    assert target.path.read_bytes() == CONTENT[::-1]
    assert hub.ranges() == [""]


def test_a_wrong_checksum_deletes_what_came(hub: FakeHub, aim: Aim) -> None:
    hub.faults.flip = 70_000
    target = aim()
    with pytest.raises(ChecksumError, match="not those of the hub"):
        download(Hub(), target, ignore)
    assert names(target.path.parent) == []
    hub.faults.flip = None
    download(Hub(), target, ignore)
    assert target.path.read_bytes() == CONTENT


def test_a_spoilt_part_is_found_out(hub: FakeHub, aim: Aim) -> None:
    target = aim()
    target.path.parent.mkdir()
    target.part.write_bytes(bytes(10_000))
    with pytest.raises(ChecksumError):
        download(Hub(), target, ignore)
    assert not target.part.exists()


def test_what_git_keeps_is_checked_by_its_hash(hub: FakeHub, aim: Aim) -> None:
    hub.faults.plain = True
    target = aim()
    download(Hub(), target, ignore)
    assert is_there(target, ignore)
    hub.faults.flip = 5
    target.path.unlink()
    with pytest.raises(ChecksumError):
        download(Hub(), target, ignore)


def test_the_same_file_is_recognised_and_another_stays(hub: FakeHub, aim: Aim) -> None:
    target = aim()
    assert not is_there(target, ignore)
    target.path.parent.mkdir()
    target.path.write_bytes(CONTENT)
    assert is_there(target, ignore)
    for other in (CONTENT[:-1], CONTENT[::-1]):
        target.path.write_bytes(other)
        with pytest.raises(TargetDiffersError) as refused:
            is_there(target, ignore)
        assert "--force" in refused.value.message
        assert target.path.read_bytes() == other


def test_the_old_file_stays_until_the_new_one_is_whole(hub: FakeHub, aim: Aim) -> None:
    target = aim()
    target.path.parent.mkdir()
    target.path.write_bytes(b"old")
    hub.faults.flip = 7
    with pytest.raises(ChecksumError):
        download(Hub(), target, ignore)
    assert target.path.read_bytes() == b"old"
    hub.faults.flip = None
    download(Hub(), target, ignore)
    assert target.path.read_bytes() == CONTENT


def test_two_do_not_write_one_part(hub: FakeHub, aim: Aim) -> None:
    target = aim()
    said = list[str]()

    def second(doing: Doing, done: int) -> None:
        if not said:
            with pytest.raises(DownloadError) as refused:
                download(Hub(), target, ignore)
            said.append(refused.value.message)

    download(Hub(), target, second)
    assert said == ["Этот файл уже скачивает другой процесс."]
    assert target.path.read_bytes() == CONTENT


def test_what_does_not_fit_the_disk_is_not_begun(hub: FakeHub, aim: Aim) -> None:
    hub.faults.sizes["deep/model.gguf"] = 1 << 60
    target = aim()
    with pytest.raises(NoRoomError) as refused:
        download(Hub(), target, ignore)
    assert "нужно ещё 1073741824,0 ГиБ" in refused.value.message
    assert names(target.path.parent) == []
    assert hub.ranges() == []


def test_what_has_come_counts_as_room(hub: FakeHub, aim: Aim) -> None:
    target = aim()
    target.path.parent.mkdir()
    target.part.write_bytes(CONTENT[:40_000])
    assert target.room()[0] == 60_000


def test_a_folder_that_is_a_file(hub: FakeHub, aim: Aim) -> None:
    target = aim()
    target.path.parent.write_text("")
    with pytest.raises(NoFolderError) as refused:
        download(Hub(), target, ignore)
    assert str(target.path.parent) in refused.value.message


def test_parts_of_a_split_model_are_one_file(hub: FakeHub) -> None:
    hub.repositories["a/b"] = {f"q8/big-0000{n}-of-00003.gguf": b"x" * n for n in (1, 2, 3)} | {"small.gguf": b"x"}
    files = Hub().repository(Address("a/b")).files
    assert [(file.name, file.bytes, file.parts) for file in files] == [
        ("small.gguf", 1, 1),
        ("q8/big-00001-of-00003.gguf", 6, 3),
    ]


@pytest.mark.parametrize(
    ("kind", "token", "error", "said"),
    [
        ("absent", "", NoSuchModelError, "нет хранилища a/b, или оно закрыто"),
        ("absent", TOKEN, NoSuchModelError, "нет хранилища a/b, или оно закрыто"),
        ("private", "", NoSuchModelError, "HF_TOKEN"),
        ("private", "hf_wrong", ClosedModelError, "Ключ HF_TOKEN не даёт доступа к a/b"),
        ("gated", "", ClosedModelError, "примите условия на http://127.0.0.1"),
    ],
)
def test_who_may_not(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, kind: str, token: str, error: type[HubError], said: str
) -> None:
    if kind != "absent":
        hub.repositories["a/b"] = {"m.gguf": b"x"}
    hub.private |= {"a/b"} if kind == "private" else set()
    hub.gated |= {"a/b"} if kind == "gated" else set()
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(error) as refused:
        Hub().repository(Address("a/b"))
    assert said in refused.value.message


@pytest.mark.parametrize("name", ["Vistral", "a/b/c", "a b/c", "", "../a", "владелец/модель"])
def test_what_is_no_name(hub: FakeHub, name: str) -> None:
    with pytest.raises(NoSuchModelError):
        Hub().repository(Address(name))


def test_no_such_revision(hub: FakeHub) -> None:
    hub.repositories["a/b"] = {"m.gguf": b"x"}
    with pytest.raises(NoSuchModelError) as refused:
        Hub().repository(Address("a/b", revision="v9"))
    assert refused.value.message == "У a/b нет версии v9."


def test_a_file_removed_after_it_was_listed(hub: FakeHub, aim: Aim) -> None:
    target = aim()
    hub.repositories[NAME].clear()
    with pytest.raises(NoSuchModelError, match="Entry Not Found"):
        download(Hub(), target, ignore)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_is_down(hub: FakeHub, status: int) -> None:
    hub.faults.statuses = [status] * 10
    with pytest.raises(HubUnreachableError) as refused:
        Hub().repository(Address("a/b"))
    assert f"HTTP {status}" in refused.value.message


def test_nobody_there(hub: FakeHub) -> None:
    hub.stop()
    with pytest.raises(HubUnreachableError) as refused:
        Hub().repository(Address("a/b"))
    assert f"Нет связи с {hub.endpoint}" in refused.value.message


def test_the_network_switched_off(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubUnreachableError) as refused:
        Hub().repository(Address("a/b"))
    assert "HF_HUB_OFFLINE" in refused.value.message


def test_somebody_else_answers(hub: FakeHub) -> None:
    hub.faults.rubbish = True
    with pytest.raises(HubError) as refused:
        Hub().repository(Address("a/b"))
    assert "отвечает не хранилище моделей" in refused.value.message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a/b", Address("a/b")),
        ("a/b/", Address("a/b")),
        ("https://huggingface.co/a/b", Address("a/b")),
        ("https://huggingface.co/a/b/tree/main", Address("a/b", "", "main")),
        ("https://HuggingFace.co/a/b/blob/v1/q4/x%20y.gguf?download=true", Address("a/b", "q4/x y.gguf", "v1")),
        ("https://huggingface.co/a/b/resolve/main/x.gguf", Address("a/b", "x.gguf", "main")),
    ],
)
def test_addresses_as_browsers_show_them(written: str, meant: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert address(written) == meant


def test_an_address_is_of_the_hub_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/mirror/")
    assert address("https://hub.example/mirror/a/b/tree/v1") == Address("a/b", "", "v1")
    with pytest.raises(OtherHubError):
        address("https://huggingface.co/a/b")


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0,0 МиБ"), (1 << 20, "1,0 МиБ"), (100 << 20, "100 МиБ"), (13_300_000_000, "12,4 ГиБ")],
)
def test_sizes_for_people(size: int, said: str) -> None:
    assert readable(size) == said
