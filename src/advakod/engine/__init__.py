"""What writes the text: one interface, several engines, none of which knows law.

Each engine is imported from its own module, so that nobody pays for a client that is not used.
"""

from .errors import (
    EngineContextError,
    EngineFaultError,
    EngineFilteredError,
    EngineLostError,
    EngineRefusedError,
    EngineRubbishError,
    EngineUnreachableError,
)
from .interface import (
    Continuation,
    Engine,
    EngineInfo,
    FinishReason,
    Message,
    Piece,
    PromptSize,
    Reading,
    Source,
    Speed,
    WritingTask,
)

__all__ = [
    "Continuation",
    "Engine",
    "EngineContextError",
    "EngineFaultError",
    "EngineFilteredError",
    "EngineInfo",
    "EngineLostError",
    "EngineRefusedError",
    "EngineRubbishError",
    "EngineUnreachableError",
    "FinishReason",
    "Message",
    "Piece",
    "PromptSize",
    "Reading",
    "Source",
    "Speed",
    "WritingTask",
]
