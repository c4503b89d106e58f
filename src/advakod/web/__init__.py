"""Serves the built page: its sources are in `web/` at the root of the repository, `static/` is what becomes of them."""

from . import docs, pages
from .files import Site

__all__ = ["Site", "docs", "pages"]
