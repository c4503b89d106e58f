"""Where a writing that has little time or few tokens left stops: at the end of a sentence. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..russian import sentence_spans

LOOKED_AT = 400  # characters before the new ones: enough to tell «ст.» from the end of a sentence
# «1.», «**2.», «### 3.», «Шаг 4.»: the number of what follows, and the end of nothing.
_NUMBERING = re.compile(r"[\s#*_>–—-]*(?:(?:шаг|пункт|этап)\s+)?\d+(?:\.\d+)*[.)]*[\s*_]*", re.IGNORECASE)
# An end, the marks that belong to the sentence, «товара. [1]», and what shows that another begins.
_END = re.compile(r"(?P<end>[.!?…]+[»\")\]]*)(?:\s{0,2}\[[\d ,;–—-]{1,30}\][.!?…]?)*(?=\s*\n|\s+[^\s\[a-zа-яё])")


@dataclass(frozen=True, slots=True)
class Brake:
    """When to look for an end."""

    from_time: float  # loop time
    from_tokens: int | None  # tokens of the whole answer; None: they are not what is short

    def is_on(self, now: float, tokens: int) -> bool:
        return now >= self.from_time or (self.from_tokens is not None and tokens >= self.from_tokens)


def kept_of(text: str, coming: str) -> int | None:
    """How many characters of `coming` complete the last sentence of `text`; None: none is seen to end there.

    An end is seen only when the next sentence has begun, or a new line: «[1]» may follow a full stop.
    """
    window = text[-LOOKED_AT:] + coming
    old = len(window) - len(coming)
    reached = len(window[:old].rstrip())
    ends = {end for _, end in sentence_spans(window)}
    for found in _END.finditer(window):
        if found.end() >= reached and found.end("end") in ends and not _is_numbering(window, found.end("end")):
            return max(0, found.end() - old)
    return None


def _is_numbering(text: str, end: int) -> bool:
    return _NUMBERING.fullmatch(text, text.rfind("\n", 0, end) + 1, end) is not None
