"""Words and numbers of a Russian text. Pure."""

from __future__ import annotations

import re
import unicodedata

_TOKEN = re.compile(r"\d+(?:\.\d+)*|[a-zа-я]+")
_ACCENT = "\u0301"  # за́мок
_SOFT_HYPHEN = "\u00ad"


def fold(text: str) -> str:
    """Lower case, ё as е, no accents, no soft hyphens. Idempotent; may be shorter than `text`."""
    lowered = unicodedata.normalize("NFC", text).lower()
    return lowered.replace("ё", "е").replace(_ACCENT, "").replace(_SOFT_HYPHEN, "")


def tokens(text: str) -> list[str]:
    """Words in reading order, hyphens split; a dotted number («312.1») stays whole."""
    return _TOKEN.findall(fold(text))
