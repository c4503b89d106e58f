"""The gate between files and law: text that a person could not read does not pass."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from .errors import NotRussianError, UnreadableTextError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLD_ENCODINGS = ["cp1251", "koi8_r", "cp866", "utf_16_le", "utf_16_be", "mac_cyrillic", "iso8859_5"]
_SAMPLE = 65_536  # bytes or characters; enough to tell an encoding or a language
_VOWELS = frozenset("аеёиоуыэюя")
_CYRILLIC = 0.5  # share of letters; Russian law quotes Latin words, but not in every other letter
_FEWEST_LETTERS = 40
# Share of vowels in Russian words is 0.42–0.46. Text decoded with a wrong table has next to none
# («РЎС‚Р°С‚СЊСЏ») or far too many of one letter.
_VOWEL_SHARE = (0.30, 0.60)
_COMMON = frozenset("оеаинтсрвл")
_COMMON_SHARE = 0.5  # of letters; Russian words have 0.65–0.70, other tables' letters rarely 0.4
_CONTROL = 0.005  # share of characters


def decode(data: bytes) -> str:
    """Text of unknown encoding: a BOM, UTF-8, UTF-16, or one of the old Russian tables."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strictly(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    sample = data[:_SAMPLE]
    if sample.count(0) * 20 > len(sample):
        return _strictly(data, _utf16(sample))
    best = from_bytes(sample, cp_isolation=_OLD_ENCODINGS).best()
    if best is None:
        raise UnreadableTextError("no encoding fits")
    return data.decode(best.encoding, errors="replace")


def check(text: str) -> str:
    """The text itself when it reads as Russian, else UnreadableTextError."""
    sample = text[:_SAMPLE] if len(text) < 4 * _SAMPLE else text[:_SAMPLE] + text[-_SAMPLE:]
    letters = [c for c in sample.lower() if c.isalpha()]
    cyrillic = [c for c in letters if "а" <= c <= "ё"]
    if sum(c.isascii() for c in letters) > max(_FEWEST_LETTERS, _CYRILLIC * len(letters)):
        raise NotRussianError(f"{len(cyrillic)} Cyrillic letters of {len(letters)}")
    if len(letters) < _FEWEST_LETTERS or len(cyrillic) < _CYRILLIC * len(letters):
        raise UnreadableTextError(f"{len(cyrillic)} Cyrillic letters of {len(letters)}")
    vowels = sum(c in _VOWELS for c in cyrillic) / len(cyrillic)
    if not _VOWEL_SHARE[0] < vowels < _VOWEL_SHARE[1]:
        raise UnreadableTextError(f"share of vowels {vowels:.2f}")
    common = sum(c in _COMMON for c in cyrillic) / len(cyrillic)
    if common < _COMMON_SHARE:
        raise UnreadableTextError(f"share of common letters {common:.2f}")
    control = sum((c < " " and c not in "\t\n\r\f") or c == "\ufffd" for c in sample)
    if control > _CONTROL * len(sample):
        raise UnreadableTextError(f"{control} control characters of {len(sample)}")
    return text


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableTextError(str(error)) from error


def _utf16(sample: bytes) -> str:
    """Spaces and line ends have their zero byte second in little-endian text."""
    return "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
