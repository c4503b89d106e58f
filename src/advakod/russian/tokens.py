"""Words and numbers of a Russian text. Pure."""

from __future__ import annotations

import re
import unicodedata

_TOKEN = re.compile(r"\d+(?:\.\d+)*|[a-zа-я]+")
_ACCENT = "\u0301"  # за́мок
_SOFT_HYPHEN = "\u00ad"
_FOLDED = str.maketrans({"ё": "е", _ACCENT: None, _SOFT_HYPHEN: None})


def fold(text: str) -> str:
    """Lower case, ё as е, no accents, no soft hyphens. Idempotent; may be shorter than `text`."""
    return unicodedata.normalize("NFC", text).lower().translate(_FOLDED)


def tokens(text: str) -> list[str]:
    """Words in reading order, hyphens split; a dotted number («312.1») stays whole."""
    return _TOKEN.findall(fold(text))
