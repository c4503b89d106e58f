"""Folders of the index: `index/<n>`, each complete from the moment it has its name.

A generation is built in a folder of another name and renamed; readers open the highest number.
The folder that was current before is kept for readers that have it open, older ones are removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ..russian import ANALYSIS_VERSION
from .errors import IndexNotBuiltError, IndexUnusableError, LockBusyError
from .fields import FORMAT

KEPT = 2  # generations: the current one and the one that readers may still have open
MANIFEST = "manifest.json"
TEXTS, PROFILES = "texts", "profiles"  # folders of the two parts


@dataclass(frozen=True, slots=True)
class Source:
    """What an index is built from and by; an index of another source is old."""

    corpus: int
    guide: str
    analysis: int = ANALYSIS_VERSION
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class EditionFacts:
    """An edition in the index, and whether it is offered when no date is asked for and no act is named."""

    id: int
    act: str
    document: str
    newest: bool
    in_force: bool  # false: the act is repealed or another state's
    title: str = ""  # of the act: «О связи»
    number: str = ""  # of the document: «126-ФЗ»


@dataclass(frozen=True, slots=True)
class Manifest:
    """Facts written beside an index, last of all."""

    source: Source
    editions: list[EditionFacts] = field(default_factory=list)
    articles: int = 0
    passages: int = 0
    seconds: float = 0.0
    built_at: float = 0.0

    @property
    def acts(self) -> set[str]:
        return {edition.act for edition in self.editions}


def newest(root: Path) -> Path | None:
    """The current generation's folder."""
    return max(_generations(root), key=lambda path: int(path.name), default=None)


def read_manifest(folder: Path) -> Manifest:
    """Raises IndexUnusableError."""
    try:
        raw = orjson.loads((folder / MANIFEST).read_bytes())
        editions = [EditionFacts(**facts) for facts in raw.pop("editions")]
        return Manifest(Source(**raw.pop("source")), editions, **raw)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise IndexUnusableError(f"{folder}: {error}") from error


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Be the one that builds. Raises LockBusyError at once when another process is; `kill -9` frees the lock."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / "lock").open("w")
    except OSError as error:
        raise IndexNotBuiltError(str(error)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockBusyError(str(root)) from error
        yield


@contextmanager
def new_generation(root: Path) -> Iterator[Path]:
    """An empty folder that becomes the current generation when the block ends well, and vanishes otherwise.

    Only under `writing`. Folders left behind by a killed builder are removed.
    """
    for left in root.glob("building-*"):
        shutil.rmtree(left, ignore_errors=True)
    number = max((int(path.name) for path in _generations(root)), default=0) + 1
    folder = root / f"building-{number}"
    try:
        folder.mkdir()
        yield folder
        folder.rename(root / str(number))
    except OSError as error:
        raise IndexNotBuiltError(str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for old in sorted(_generations(root), key=lambda path: int(path.name))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Durable when it returns, so that a complete folder is never mistaken for a half-written one."""
    with (folder / MANIFEST).open("wb") as file:
        file.write(orjson.dumps(manifest))
        file.flush()
        os.fsync(file.fileno())


def _generations(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.name.isdigit()] if root.is_dir() else []
