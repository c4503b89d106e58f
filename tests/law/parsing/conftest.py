"""Real acts, each parsed once a session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from advakod.ingest.reader import read
from advakod.law.model import ParsedDocument
from advakod.law.parsing import parse

Act = Callable[[str], ParsedDocument]


@pytest.fixture(scope="session")
def act(corpus_dir: Path) -> Act:
    """A parsed act by the beginning of its file's name."""

    @cache
    def load(name: str) -> ParsedDocument:
        return parse(read(next((corpus_dir / "statutes").glob(f"{name}*"))).paragraphs).document

    return load
