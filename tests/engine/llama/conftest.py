"""The tiny model, made once, and settings that use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from advakod.settings import Settings
from tests.support.tiny_gguf import THINK, tiny_model


@pytest.fixture(scope="session")
def thinking_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that thinks between <think> and </think> first."""
    return tiny_model(tmp_path_factory.mktemp("models") / "thinking.gguf", thinking=THINK)


@pytest.fixture
def llama_settings(settings: Callable[..., Settings], tiny_gguf: Path, xllamacpp: None) -> Callable[..., Settings]:
    """A factory: the tiny model with a small context on one thread, which a busy machine still has."""

    def make(**overrides: object) -> Settings:
        return settings(**{"model_path": tiny_gguf, "n_ctx": 2048, "n_threads": 1, **overrides})

    return make
