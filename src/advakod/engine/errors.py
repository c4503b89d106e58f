"""How an engine fails.

EngineError
├── EngineUnreachableError   nobody answers at the engine's address
├── EngineRefusedError       it answered with an error of its own
│   ├── EngineContextError   the question and its sources do not fit into the model
│   └── EngineFilteredError  the model's owner forbids this text
├── EngineRubbishError       what came is not the protocol
├── EngineLostError          the writing broke off: no finish reason, a closed connection, no way to go on
└── EngineFaultError         the scripted engine was told to fail here
"""

from __future__ import annotations

from ..errors import EngineError


class EngineUnreachableError(EngineError):
    """Nobody answers at the engine's address."""

    code = "engine_unreachable"
    retryable = True
    user_message = "Модель сейчас недоступна. Задайте вопрос ещё раз позже; если не поможет, сообщите администратору."
    admin_message = "Сервер модели не отвечает. Проверьте, что он запущен и что ADVAKOD_OPENAI_BASE_URL указан верно."


class EngineRefusedError(EngineError):
    """The engine answered with an error."""

    code = "engine_refused"
    user_message = "Сервер модели отклонил запрос: {reason}"


class EngineContextError(EngineRefusedError):
    """The prompt is longer than the model's context."""

    code = "engine_context"
    user_message = "Вопрос вместе с найденными нормами не помещается в память модели. Сократите вопрос."


class EngineFilteredError(EngineRefusedError):
    """The engine's content filter stopped the text."""

    code = "engine_filtered"
    user_message = "Сервер модели прервал ответ своим фильтром содержания. Сформулируйте вопрос иначе."


class EngineRubbishError(EngineError):
    """What the engine sent is not the protocol."""

    code = "engine_rubbish"
    user_message = "Модель ответила непонятно. Задайте вопрос ещё раз; если не поможет, сообщите администратору."
    admin_message = (
        "Сервер модели ответил непонятно. Проверьте, что по адресу ADVAKOD_OPENAI_BASE_URL "
        "работает сервер, совместимый с OpenAI."
    )


class EngineLostError(EngineError):
    """The writing broke off before its end."""

    code = "engine_lost"
    retryable = True
    user_message = "Связь с моделью прервалась до конца ответа. Написанное сохранено."


class EngineFaultError(EngineError):
    """The script demanded a failure here."""

    code = "engine_failed"
    retryable = True
    user_message = "Сценарий требует отказа в этом месте."
