"""The scripted engine: speed, faults, its file."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from advakod.engine import (
    Continuation,
    EngineFaultError,
    EngineLostError,
    Fault,
    FaultKind,
    FinishReason,
    Piece,
    Script,
    ScriptedEngine,
    WritingTask,
    load_script,
)
from advakod.errors import SettingsError
from advakod.settings import Settings
from tests.support.fake_openai import words

pytestmark = pytest.mark.anyio
TEXT = words(60).strip()


async def read(script: Script, prefix: str = "", max_tokens: int = 1000) -> list[Piece]:
    """All pieces; those before a fault when there is one."""
    pieces: list[Piece] = []
    with pytest.raises(EngineFaultError) if _has_error(script, prefix) else _nothing():
        async for piece in ScriptedEngine(script).write(WritingTask("?", prefix=prefix, max_tokens=max_tokens)):
            pieces.append(piece)
    return pieces


def _has_error(script: Script, prefix: str) -> bool:
    return any(fault.kind is FaultKind.ERROR and fault.at > len(prefix.split()) for fault in script.faults)


class _nothing:  # noqa: N801
    def __enter__(self) -> None: ...
    def __exit__(self, *exc: object) -> None: ...


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)
