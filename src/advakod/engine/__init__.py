"""What writes the text: one interface, several engines, none of which knows law."""

from .errors import (
    EngineContextError,
    EngineFaultError,
    EngineFilteredError,
    EngineLostError,
    EngineRefusedError,
    EngineRubbishError,
    EngineUnreachableError,
)
from .interface import Continuation, Engine, EngineInfo, FinishReason, Message, Piece, Source, WritingTask
from .openai import OpenAIEngine, Remote
from .script import Fault, FaultKind, Script, load_script
from .scripted import ScriptedEngine

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
    "Fault",
    "FaultKind",
    "FinishReason",
    "Message",
    "OpenAIEngine",
    "Piece",
    "Remote",
    "Script",
    "ScriptedEngine",
    "Source",
    "WritingTask",
    "load_script",
]
