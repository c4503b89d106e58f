"""The parts of a room that every writing works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..engine.interface import Engine
from ..settings import Settings
from ..storage import Database
from .expectation import Expectations
from .recorder import Flusher
from .retrieval import Retrieval


@dataclass(frozen=True, slots=True)
class Desk:
    """What every writing needs."""

    database: Database
    engine: Engine
    retrieval: Retrieval
    flusher: Flusher
    settings: Settings
    expectations: Expectations = field(default_factory=Expectations)
    begun: Callable[[str], None] = lambda _: None  # told the id of each run whose writing begins
