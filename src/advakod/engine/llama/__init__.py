"""The llama engine: llama.cpp's server as a child process that is kept alive, and what it takes to write with it."""

from .engine import LlamaEngine
from .errors import EngineDeadError, LlamaServerError, ModelFileError, ModelMemoryError

__all__ = ["EngineDeadError", "LlamaEngine", "LlamaServerError", "ModelFileError", "ModelMemoryError"]
