"""Reads a run and reconnects: used by `ask --url`, doctor and the drills."""

from .errors import ClientError, ServerRefusedError, ServerUnreachableError
from .run_client import RunClient
from .stream import TERMINAL, Event

__all__ = ["TERMINAL", "ClientError", "Event", "RunClient", "ServerRefusedError", "ServerUnreachableError"]
