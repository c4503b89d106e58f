from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from advakod.settings import Settings, load_settings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def quick(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with every time scaled down, as drills do; all state in this test's own folder."""

    def make(**overrides: object) -> Settings:
        facts = {"data_dir": tmp_path / "var", "port": 0, "heartbeat": 0.2, "inference_timeout": 30, **overrides}
        return load_settings(**facts)

    return make
