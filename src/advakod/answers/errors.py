"""How a run fails for reasons of its own.

EngineError
└── EngineNotReadyError   the model was not loaded in time
"""

from __future__ import annotations

from ..errors import EngineError


class EngineNotReadyError(EngineError):
    """The engine was not ready within the longest wait."""

    code = "engine_not_ready"
    user_message = (
        "Модель не успела загрузиться. Задайте вопрос ещё раз позже; если это повторится, сообщите администратору."
    )
