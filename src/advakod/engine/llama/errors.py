"""How the llama engine fails, beside what every engine can fail with (`engine.errors`).

SettingsError
├── ModelFileError        VISTRAL_MODEL_PATH is no model that can be loaded; the start stops
├── ModelMemoryError      the model does not fit into the memory that is free; the start stops
└── LlamaServerError      there is nothing to run it with: no xllamacpp, no such binary, no GPU back end
EngineError
├── LlamaRubbishError     what came is not llama-server's protocol; an EngineRubbishError
└── EngineDeadError       the child dies again and again before the model is loaded; carries the last reason
"""

from __future__ import annotations

from ...errors import EngineError, SettingsError
from ..errors import EngineRubbishError


class ModelFileError(SettingsError):
    """The file is no GGUF model that can be loaded."""

    code = "model_file"
    user_message = "Файл модели {path} не подходит: {reason}."


class ModelMemoryError(SettingsError):
    """The model needs more memory than there is."""

    code = "model_memory"
    user_message = "Модели не хватит памяти: {reason}."


class LlamaServerError(SettingsError):
    """There is no llama.cpp that could run the model as the settings demand."""

    code = "llama_server"
    user_message = "Модель нечем запустить: {reason}"


class LlamaRubbishError(EngineRubbishError):
    """What the child sent is not llama-server's protocol."""

    admin_message = (
        "Сервер llama.cpp ответил непонятно. Проверьте, что VISTRAL_LLAMA_SERVER — это llama-server не старше 2026 "
        "года."
    )


class EngineDeadError(EngineError):
    """The model's process dies every time it is started; it is still tried now and then."""

    code = "engine_dead"
    user_message = "Модель на сервере не запускается. Сообщите администратору."
    admin_message = (
        "Модель не запускается: {reason} Попыток подряд: {deaths}. Исправьте причину: сервер пробует снова не реже "
        "чем раз в полминуты. Новые настройки он узнаёт только при своём запуске."
    )
