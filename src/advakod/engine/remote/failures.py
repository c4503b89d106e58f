"""What a failure of one server means when there are others."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import EngineError
from ..errors import EngineContextError, EngineFilteredError, EngineLostError, EngineUnreachableError
from .http import BUSY, status_of

# The question's fault, or the text's: another server with such a model says the same.
BLAMELESS = (EngineContextError, EngineFilteredError)


class UnfitError(EngineLostError):
    """Nothing is wrong with the server, but it is not the one for this text."""


class SilentError(EngineLostError):
    """The server took the question and gave no sign for too long; none of the text has come."""


# What one of several did that says nothing of the text as a whole.
OWN = (UnfitError, SilentError)


def is_busy(error: EngineError) -> bool:
    """The server is there, and will be of use later."""
    return status_of(error) in BUSY


def together(failures: Sequence[tuple[str, EngineError]], *, begun: bool) -> EngineError:
    """The one error for all that failed, by address; it names each of them.

    What all say alike is said once. Otherwise it may help to ask again.
    """
    errors = [error for _, error in failures]
    if isinstance(errors[-1], BLAMELESS):
        return errors[-1]
    if len(failures) == 1:
        return EngineLostError(errors[0].detail) if isinstance(errors[0], UnfitError) else errors[0]
    detail = "; ".join(f"{url}: {error.detail or error.code}" for url, error in failures)
    kind = type(errors[0])
    if kind not in OWN and all(type(error) is kind for error in errors):
        same = kind(detail, message=errors[0].message)
        same.facts = errors[0].facts
        return same
    if begun:
        return EngineLostError(detail)
    return EngineUnreachableError(detail)
