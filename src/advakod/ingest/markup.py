"""HTML by lxml: bytes into a tree, the tree into paragraphs."""

from __future__ import annotations

import re

import lxml.html
from lxml import etree

from ..law.parsing.html import paragraphs_of
from ..law.parsing.paragraphs import Paragraph
from .errors import BrokenFileError, UnreadableTextError
from .readability import check, decode

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_HEAD = 4096  # bytes; HTML's own rule is 1024, real pages put styles first


def read(data: bytes) -> list[Paragraph]:
    """Paragraphs of a page. A declared charset is believed when the text then reads as Russian."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        tree = lxml.html.document_fromstring(_text(data).encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise BrokenFileError(str(error), format="HTML") from error
    paragraphs = paragraphs_of(tree)
    check("\n".join(p.text for p in paragraphs))
    return paragraphs


def _text(data: bytes) -> str:
    declared = _CHARSET.search(data[:_HEAD])
    if declared is not None:
        try:
            return data.decode(declared.group(1).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # a wrong declaration; the content decides
    try:
        return decode(data)
    except UnreadableTextError:
        return data.decode("utf-8", "replace")  # the gate sees what comes of it
