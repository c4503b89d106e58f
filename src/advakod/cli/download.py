"""A file of the hub onto the disk: whole and checked, or not at all.

What has come stays beside the target as `<name>.<hash>.part`, whatever stops the download, and the next one goes on
from there: the library's own `hf_hub_download` throws it away when its process ends.

DownloadError
├── TargetDiffersError  another file has that name
├── ChecksumError       what came is not what the hub has; it is deleted
├── NoRoomError         the disk is too full
└── NoFolderError       the folder cannot be written
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from ..errors import AdvakodError
from .hub import Hub, HubUnreachableError, RemoteFile, Repository

SPARE = 64 << 20  # bytes to be left on a disk: databases and logs live there too
PAUSES = (5.0, 15.0, 30.0, 60.0, 120.0)  # seconds between tries while nothing comes: a router restarts meanwhile
_BLOCK = 4 << 20  # bytes read at once for a checksum


class Doing(StrEnum):
    """What a download is at."""

    LOADING = "loading"
    WAITING = "waiting"  # for the network
    CHECKING = "checking"


Told = Callable[[Doing, int], None]  # and how many bytes are done


class DownloadError(AdvakodError):
    """The file could not be put where it was wanted."""

    code = "model_download"
    user_message = "Файл не записан."


class TargetDiffersError(DownloadError):
    """Another file is in the way."""

    code = "model_exists"
    user_message = "{path} уже есть, и это другой файл. Заменить его: --force; положить рядом: --to ПАПКА."


class ChecksumError(DownloadError):
    """The bytes that came are not those of the hub."""

    code = "model_checksum"
    user_message = "Контрольная сумма не сошлась: файл пришёл испорченным и удалён. Скачайте его ещё раз."


class NoRoomError(DownloadError):
    """The file does not fit the disk."""

    code = "disk_full"
    user_message = "На диске мало места: нужно ещё {need}, а в {folder} свободно {free}. Другая папка: --to ПАПКА."


class NoFolderError(DownloadError):
    """The folder cannot be used."""

    code = "model_folder"
    user_message = "В папку {folder} нельзя записать: {reason}. Другая папка: --to ПАПКА."


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file of the hub goes."""

    there: Repository
    file: RemoteFile
    path: Path  # absolute

    @property
    def part(self) -> Path:
        """Named by what it is a part of, so that another version never goes on with it."""
        return self.path.with_name(f"{self.path.name}.{(self.file.sha256 or self.file.git)[:8] or 'new'}.part")

    @property
    def done(self) -> int:
        """Bytes that are there already."""
        return self.part.stat().st_size if self.part.is_file() else 0

    def room(self) -> tuple[int, int]:
        """Bytes that are still needed, and that the disk has to give."""
        folder = next(folder for folder in self.path.parents if folder.is_dir())
        return self.file.bytes - self.done, max(0, shutil.disk_usage(folder).free - SPARE)


def is_there(target: Target, told: Told) -> bool:
    """Whether the file is there already, byte for byte. Raises TargetDiffersError when another one is."""
    if not target.path.exists():
        return False
    if target.path.is_file() and target.path.stat().st_size == target.file.bytes and _is_whole(target, told):
        return True
    raise TargetDiffersError(path=target.path)


def download(hub: Hub, target: Target, told: Told) -> None:
    """Put the file there, in place of whatever has its name. Raises HubError or DownloadError; then nothing changed."""
    with _on_disk(target):
        target.path.parent.mkdir(parents=True, exist_ok=True)
        _check_room(target)
        with target.part.open("ab") as part:
            _lock(part)
            _fetch(hub, target, part, told)
            part.flush()
            os.fsync(part.fileno())
            if not _is_whole(target, told, target.part):
                target.part.unlink()
                raise ChecksumError
            target.part.replace(target.path)


def readable(size: float) -> str:
    """«13,3 ГиБ», «512 МиБ»."""
    if size >= 1 << 30:
        return f"{size / (1 << 30):.1f} ГиБ".replace(".", ",")
    return f"{size / (1 << 20):.1f} МиБ".replace(".", ",") if size < 10 << 20 else f"{size / (1 << 20):.0f} МиБ"


def _check_room(target: Target) -> None:
    need, free = target.room()
    if need > free:
        raise NoRoomError(need=readable(need), free=readable(free), folder=target.path.parent)


def _lock(part: IO[bytes]) -> None:
    """The kernel frees it with the process."""
    try:
        fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DownloadError(str(error), message="Этот файл уже скачивает другой процесс.") from error


def _fetch(hub: Hub, target: Target, part: Any, told: Told) -> None:
    """A cut connection is opened again, at once when something came of it; one that never came is an error."""
    pauses: Iterator[float] = iter(())
    while (done := part.tell()) < target.file.bytes:
        try:
            hub.fetch(target.there, target.file, part, lambda size: told(Doing.LOADING, size))
        except HubUnreachableError:
            if part.tell() > done:
                pauses = iter(PAUSES)
            elif (pause := next(pauses, None)) is None:
                raise
            else:
                told(Doing.WAITING, done)
                time.sleep(pause)


def _is_whole(target: Target, told: Told, path: Path | None = None) -> bool:
    """By sha256, or by git's hash for what git keeps itself; what the hub has no hash of, by its size."""
    path, file = path or target.path, target.file
    if path.stat().st_size != file.bytes:
        return False
    if not (file.sha256 or file.git):
        return True
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.bytes}\0".encode(), usedforsecurity=False)
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
            told(Doing.CHECKING, content.tell())
    return digest.hexdigest() == (file.sha256 or file.git)


@contextmanager
def _on_disk(target: Target) -> Iterator[None]:
    """What the disk has against the file, in words."""
    try:
        yield
    except OSError as error:
        folder = target.path.parent
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            need, free = target.room()
            raise NoRoomError(str(error), need=readable(need), free=readable(free), folder=folder) from error
        raise NoFolderError(str(error), folder=folder, reason=error.strerror or error) from error
