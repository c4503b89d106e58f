"""What may stand in a file."""

from __future__ import annotations

import re

# What XML cannot hold, what steers a screen, and what turns the direction of writing.
_UNWANTED = re.compile(
    "[^\t\n\\x20-\\x7e\\xa0-\\u200d\\u2010-\\u2027\\u202f-\\u2065\\u206a-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]"
)
_LINE_BREAKS = re.compile("\r\n?|[\\x0b\\x0c\\x85\\u2028\\u2029]")


def clean(text: str) -> str:
    """The text without characters that a file cannot hold or that would make it look like another text."""
    return _UNWANTED.sub("", _LINE_BREAKS.sub("\n", text))
