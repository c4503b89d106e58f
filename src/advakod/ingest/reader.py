"""A file into paragraphs, or a DocumentError that says why not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..law.parsing.paragraphs import Paragraph, from_lines
from ..law.parsing.text import lines_of
from . import docx, markup, pdf
from .errors import EmptyFileError, FileTooLargeError, NoReadableFilesError, NoSuchFileError
from .formats import Format, detect
from .readability import check, decode

MOST_BYTES = 100 * 2**20  # the longest code with all its marks is some 30 MB
_MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Source:
    """A file's content, ready for the parser."""

    name: str
    sha256: str
    format: Format
    paragraphs: list[Paragraph]


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes, not yet looked at."""

    name: str
    data: bytes
    sha256: str


def load(path: Path) -> File:
    """The bytes of a file; one that is too large is refused before it is opened."""
    data = _bytes(path)
    name = os.fsencode(path.name).decode("utf-8", "replace")  # a name in another encoding cannot be stored
    return File(name, data, hashlib.sha256(data).hexdigest())


def parse(file: File) -> Source:
    """What the bytes say."""
    format_ = detect(file.data)
    return Source(file.name, file.sha256, format_, _paragraphs(format_, file.data))


def read(path: Path) -> Source:
    """Both at once."""
    return parse(load(path))


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Files in the order given; a folder is walked in sorted order, hidden files apart.

    A path that does not exist, or a folder without files, stays in the list: reading it is what fails.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
        found += inside or [path]
    return list(dict.fromkeys(found))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise NoReadableFilesError(str(path))
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise FileTooLargeError(megabytes=size // _MEGABYTE, limit=MOST_BYTES // _MEGABYTE)
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)  # it may have grown, or be a pipe
    except OSError as error:
        raise NoSuchFileError(str(error)) from error
    if len(data) > MOST_BYTES:
        raise FileTooLargeError(megabytes=len(data) // _MEGABYTE, limit=MOST_BYTES // _MEGABYTE)
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise EmptyFileError
    return data


def _paragraphs(format_: Format, data: bytes) -> list[Paragraph]:
    if format_ is Format.PDF:
        return pdf.read(data)
    if format_ is Format.DOCX:
        return docx.read(data)
    if format_ is Format.HTML:
        return markup.read(data)
    return from_lines(lines_of(check(decode(data))))
