"""What a file is, told by its content. Its name is not looked at."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from io import BytesIO

from .errors import BrokenFileError, UnknownFormatError, UnsupportedFormatError


class Format(StrEnum):
    """Formats that are read; the value is what people call them."""

    PDF = "PDF"
    DOCX = "DOCX"
    HTML = "HTML"
    TXT = "TXT"


_HEAD = 4096  # bytes; where a signature or an HTML tag must stand
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|pre|p|div|table)\b", re.IGNORECASE)
_UNSUPPORTED = ((b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "DOC"), (b"{\\rtf", "RTF"))
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))
_MOST_CONTROL = 0.02  # share of bytes; noise has 0.1
_FEW_ZEROS = 20  # Russian UTF-16 has a zero in every tenth byte or so, noise one in 256
# Pictures, archives and programs: their bytes may happen to decode as text.
_BINARY = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\x00",
    b"MM\x00*",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"MZ",
    b"\x7fELF",
)


def detect(data: bytes) -> Format:
    """The format of a whole file; a DocumentError when it is not one that is read."""
    head = data[:_HEAD]
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(data)
    for signature, name in _UNSUPPORTED:
        if head.lstrip().startswith(signature):
            raise UnsupportedFormatError(format=name)
    if head.startswith(_BINARY):
        raise UnknownFormatError
    if _is_binary(head):
        raise UnknownFormatError("control characters")
    if _HTML.search(head.replace(b"\x00", b"")):
        return Format.HTML
    return Format.TXT


def _is_binary(head: bytes) -> bool:
    """Bytes that are no text in any encoding; UTF-16 and UTF-32 are known by their BOM or their many zeros."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(0) * _FEW_ZEROS > len(head):
        return False
    return len(head) - len(head.translate(None, _CONTROL)) > _MOST_CONTROL * len(head)


def _archive(data: bytes) -> Format:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise BrokenFileError(str(error), format="DOCX") from error
    if "word/document.xml" in names:
        return Format.DOCX
    if b"opendocument.text" in mimetype:
        raise UnsupportedFormatError(format="ODT")
    raise UnknownFormatError
