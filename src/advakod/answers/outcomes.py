"""How a writing ends, and the sentence that the person who asked is told."""

from __future__ import annotations

from ..engine.interface import Continuation, EngineInfo, FinishReason
from ..errors import EngineError
from .model import Outcome, Reason, Status

ENGINE_TRIES = 5  # in a row without a word gained, 7.5 s: a server that restarts; then it counts as lost

SENTENCES = {
    Reason.TIMEOUT: "Время на ответ вышло. Всё написанное сохранено; ответ можно продолжить.",
    Reason.STALLED: "Модель перестала отвечать. Всё написанное сохранено; ответ можно продолжить.",
    Reason.ENGINE_LOST: "Связь с моделью потеряна. Всё написанное сохранено; задайте вопрос ещё раз.",
    Reason.MAX_OUTPUT_TOKENS: "Ответ достиг наибольшей длины. Его можно продолжить.",
    Reason.CANCELLED: "Ответ остановлен. Всё написанное сохранено; ответ можно продолжить.",
    Reason.QUEUE_TIMEOUT: "Вопрос слишком долго ждал своей очереди. Задайте его ещё раз позже.",
}
SHORTENED = {
    "code": "shortened",
    "message": "Ответ короче, чем мог бы быть: больше за отведённое время модель написать не успела бы.",
}
UNCITED = {
    "code": "uncited",
    "message": "В ответе нет ни одной ссылки на норму, проверить его по закону нельзя. Задайте вопрос точнее.",
}
EMPTY = Outcome(Status.FAILED, "engine_empty", "Модель ничего не написала. Задайте вопрос иначе или ещё раз.")
ONLY_THOUGHT = Outcome(
    Status.FAILED,
    "engine_only_thought",
    "Модель всё отведённое ей истратила на размышление и ответа не написала. Задайте вопрос проще; если не поможет, "
    "сообщите администратору.",
)


def ended(status: Status, reason: Reason) -> Outcome:
    return Outcome(status, reason, SENTENCES[reason])


def finished(finish: FinishReason, *, empty: bool, thought: bool, hurried: bool) -> Outcome:
    """An engine has ended by itself; `hurried`: for want of time its room was less than what was asked for."""
    if empty:
        return ONLY_THOUGHT if thought and finish is FinishReason.LENGTH else EMPTY
    if finish is FinishReason.LENGTH and not hurried:
        return ended(Status.INCOMPLETE, Reason.MAX_OUTPUT_TOKENS)
    return Outcome(Status.COMPLETED)


def cannot_continue(info: EngineInfo) -> bool:
    """Whether it is known that this engine cannot go on with a text."""
    return info.reachable and info.continuation is Continuation.NONE


def lost(error: EngineError, info: EngineInfo, tries: int, *, begun: bool) -> Outcome | None:
    """What an engine's failure means; None: try again."""
    if begun and cannot_continue(info):
        return ended(Status.INCOMPLETE, Reason.ENGINE_LOST)
    if tries < ENGINE_TRIES and (error.retryable or begun):
        return None
    return given_up(error, begun=begun)


def given_up(error: EngineError, *, begun: bool) -> Outcome:
    """Nothing more is to be expected of the engine."""
    if begun:
        return ended(Status.INCOMPLETE, Reason.ENGINE_LOST)
    return Outcome(Status.FAILED, error.code, error.message)
