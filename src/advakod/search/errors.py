"""What can go wrong in search.

SearchError
└── IndexUnusableError   an index folder that cannot be opened or is half written; rebuilt, seldom seen
ConflictError
└── LockBusyError        another process is building the index
"""

from __future__ import annotations

from ..errors import ConflictError, SearchError


class LockBusyError(ConflictError):
    """Another process is building the index."""

    code = "index_busy"
    user_message = "Поисковый индекс сейчас строит другой процесс. Повторите через минуту."


class IndexUnusableError(SearchError):
    """The index folder cannot be opened."""

    code = "index_unusable"
