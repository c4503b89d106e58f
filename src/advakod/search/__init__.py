"""Search over the corpus: the Tantivy index beside the database, exact references, refusal."""

from .model import Hit, Notice, NoticeCode, SearchResult
from .searcher import Search

__all__ = ["Hit", "Notice", "NoticeCode", "Search", "SearchResult"]
