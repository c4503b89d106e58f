"""Composes an answer out of provisions, without a model. Pure: the same question and sources give the same text."""

from .composition import COMPOSER_VERSION, compose
from .excerpt import cut, excerpt
from .overview import CANDIDATES, is_broad, overview

__all__ = ["CANDIDATES", "COMPOSER_VERSION", "compose", "cut", "excerpt", "is_broad", "overview"]
