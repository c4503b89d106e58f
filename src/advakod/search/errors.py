"""What can go wrong in search.

SearchError
├── IndexUnusableError   an index folder that cannot be opened or is half written; rebuilt, seldom seen
└── IndexNotBuiltError   a new index cannot be written
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
    user_message = "Поисковый индекс повреждён. Выполните «advakod index»."


class IndexNotBuiltError(SearchError):
    """A new index cannot be written."""

    code = "index_not_built"
    user_message = (
        "Поисковый индекс не построен. Проверьте место на диске и права на папку данных, "
        "затем выполните «advakod index»."
    )
