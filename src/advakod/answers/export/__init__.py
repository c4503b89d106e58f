"""A conversation as a file to keep: Markdown or DOCX."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .filename import file_name
from .transcript import Transcript, read

__all__ = ["MEDIA_TYPES", "Exported", "Format", "export", "read"]


class Format(StrEnum):
    """The kinds of file; the values are their endings."""

    MARKDOWN = "md"
    DOCX = "docx"


MEDIA_TYPES = {
    Format.MARKDOWN: "text/markdown",
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's name and bytes."""

    name: str
    media_type: str
    content: bytes


def export(transcript: Transcript, kind: Format) -> Exported:
    """Pure and slow, for a thread of its own: 20 answers of 14,000 characters take a second of CPU."""
    # The writers and what they need are loaded when somebody exports: most processes never do.
    from .document import document, title_of

    blocks = document(transcript)
    if kind is Format.DOCX:
        from . import docx

        content = docx.write(blocks, title_of(transcript), transcript.made_at)
    else:
        from . import markdown

        content = markdown.write(blocks).encode()
    return Exported(file_name(transcript.title, kind), MEDIA_TYPES[kind], content)
