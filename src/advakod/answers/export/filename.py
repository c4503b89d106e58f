"""Names of files that every system takes."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 80  # characters before the ending; Cyrillic is two bytes each, and file systems end at 255
NAMELESS = "Беседа"
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]+')
# Windows takes these for devices, whatever ending follows.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\s*\.|\s*$)", re.IGNORECASE)


def file_name(title: str, ending: str) -> str:
    """A title as a file's name; NAMELESS where nothing of it can stand in one."""
    visible = "".join(sign for sign in title if unicodedata.category(sign)[0] != "C" or sign in "\t\n")
    name = " ".join(_FORBIDDEN.sub(" ", visible).split())[:LONGEST].strip(" .")
    if _DEVICES.match(name):
        name = f"_{name}"
    return f"{name or NAMELESS}.{ending}"
