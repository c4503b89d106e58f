"""Durable runs: from a question to events that nothing on the way can lose."""

from .model import Request, Run, Status
from .service import Answers, check_position

__all__ = ["Answers", "Request", "Run", "Status", "check_position"]
