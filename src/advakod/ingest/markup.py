"""HTML by lxml: bytes into a tree, the tree into paragraphs."""

from __future__ import annotations

import codecs
import re

import lxml.html
from lxml import etree

from ..law.parsing.html import paragraphs_of
from ..law.parsing.paragraphs import Paragraph
from .errors import BrokenFileError, NestedTooDeepError, UnreadableTextError
from .readability import check, decode

# Python knows hundreds of names, some of which unpack or compute; a page of law needs these.
_CHARSETS = frozenset({"utf-8", "cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic", "utf-16"})
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_HEAD = 4096  # bytes; HTML's own rule is 1024, real pages put styles first


def read(data: bytes) -> list[Paragraph]:
    """Paragraphs of a page, all of them: one nested too deep to be read whole is refused.

    A declared charset is believed when the bytes fit it.
    """
    # libxml2 stops without an error at depth 256, or with `huge_tree` at 2048; unclosed tags of old pages reach that.
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(_text(data).encode("utf-8", "replace"), parser=parser)
        if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
            raise NestedTooDeepError
        paragraphs = paragraphs_of(tree)
    except RecursionError as error:
        raise NestedTooDeepError from error
    except (etree.LxmlError, ValueError) as error:
        raise BrokenFileError(str(error), format="HTML") from error
    check("\n".join(p.text for p in paragraphs))
    return paragraphs


def _text(data: bytes) -> str:
    declared = _CHARSET.search(data[:_HEAD])
    if declared is not None:
        try:
            codec = codecs.lookup(declared.group(1).decode("ascii"))
            if codec.name in _CHARSETS:
                return codec.decode(data)[0]
        except (LookupError, UnicodeDecodeError):
            pass  # a wrong declaration; the content decides
    try:
        return decode(data)
    except UnreadableTextError:
        return data.decode("utf-8", "replace")  # the gate sees what comes of it
