"""What is done again and again for as long as the process lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ..errors import StorageError

log = logging.getLogger(__name__)


async def every(seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
    """Do a chore at once and then after each pause, until cancelled; a failure is logged, and the next round comes."""
    name = getattr(chore, "__name__", "chore")
    while True:
        try:
            await chore()
        except StorageError as error:
            log.warning("%s: %s", name, error.detail)
        # A chore that ended silently would be missed by nobody but the users.
        except Exception:
            log.exception("%s failed", name)
        await asyncio.sleep(seconds)
