"""What is in force and where it came from: the same facts as `advakod config` prints."""

from __future__ import annotations

import platform
import sqlite3
from dataclasses import dataclass
from importlib import metadata

from fastapi import APIRouter, Depends

from .. import __version__
from ..engine.interface import EngineInfo
from ..settings import SettingFact, describe, describe_time
from .doors import require_admin
from .responses import Room

PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "tantivy", "pymorphy3-dicts-ru")  # what a bug report needs

router = APIRouter(prefix="/api/v1/config", tags=["operations"], dependencies=[Depends(require_admin)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReply:
    """Settings with their source, every time computed from them, and versions. Secrets are masked."""

    settings: list[SettingFact]
    time: dict[str, float]  # seconds
    engine: EngineInfo
    versions: dict[str, str]


@router.get("", summary="Настройки в силе и откуда они")
async def config(answers: Room) -> ConfigReply:
    """Секреты скрыты. Время в секундах."""
    return ConfigReply(
        settings=describe(answers.settings),
        time=describe_time(answers.settings.time),
        engine=await answers.engine.info(),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """Of the server and of what it stands on."""
    own = {"advakod": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    return own | {name: metadata.version(name) for name in PACKAGES}
