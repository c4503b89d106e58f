"""DOCX by python-docx, after the archive has proved to be of a bearable size."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.table import Table, _Cell
from lxml import etree

from ..law.parsing.paragraphs import Paragraph, from_lines
from .errors import ArchiveBombError, BrokenFileError
from .readability import check

_MOST_BYTES = 200 * 2**20  # unpacked; the longest code with all its marks is some 30 MB
_MOST_RATIO = 200  # unpacked to packed; text with tags reaches 30
_RATIO_FROM = 5 * 2**20  # bytes unpacked; below this no ratio is dangerous
_MOST_MEMBERS = 5_000
_CHUNK = 2**16
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def read(data: bytes) -> list[Paragraph]:
    """Paragraphs and table cells in reading order. Numbers that Word counts by itself are not in the text."""
    check_size(data)
    try:
        document = docx.Document(BytesIO(data))
        lines = list(_lines(document))
    # python-docx has no error tree of its own: a broken package raises what its parts do.
    except (KeyError, ValueError, AttributeError, OSError, zipfile.BadZipFile, etree.LxmlError) as error:
        raise BrokenFileError(repr(error), format="DOCX") from error
    check("\n".join(lines))
    return from_lines(lines)


def check_size(data: bytes) -> None:
    """Refuse an archive that says, or turns out, to unpack into too much. Unpacks in pieces and keeps none."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
            limit = min(_MOST_BYTES, max(_RATIO_FROM, _MOST_RATIO * len(data)))
            if len(members) > _MOST_MEMBERS or sum(m.file_size for m in members) > limit:
                raise ArchiveBombError(f"{sum(m.file_size for m in members)} bytes in {len(members)} members")
            left = limit
            for member in members:
                with archive.open(member) as stream:
                    while chunk := stream.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise ArchiveBombError("unpacks into more than it declares")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise BrokenFileError(str(error), format="DOCX") from error


def _lines(container: Any) -> Iterator[str]:
    for block in container.iter_inner_content():
        if isinstance(block, Table):
            # Not `row.cells`, which repeats a merged cell as many times as the file says it is wide.
            for cell in (c for row in block._tbl.tr_lst for c in row.tc_lst):
                yield from _lines(_Cell(cell, block))
        else:
            yield from _text(block).split("\n")


def _text(paragraph: Any) -> str:
    """The paragraph's text, superscript digits as such: 312¹."""
    if paragraph._p.find(f".//{qn('w:vertAlign')}") is None:
        return str(paragraph.text)
    return "".join(run.text.translate(_SUPERSCRIPTS) if run.font.superscript else run.text for run in paragraph.runs)
