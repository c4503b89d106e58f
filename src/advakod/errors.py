"""The error tree. A class's docstring is its message in English; `code` is stable and goes over the
wire; `user_message` is the Russian sentence a person can act on. Where only who runs the server can
act, `admin_message` is for them, with the names of settings. HTTP status is decided in `api`.

AdvakodError
├── SettingsError            a variable has a bad value; the start stops
├── InputError               what was sent cannot be used
│   ├── QuestionError        empty, too long
│   ├── ExportTooLongError   more than one file should hold
│   ├── NotFoundError        no such run, conversation, act, provision (or somebody else's)
│   ├── ConflictError        what is asked for contradicts what is stored
│   │   └── IdempotencyError the same idempotency key with another body
│   └── DocumentError        a file that cannot become law text (ingest.errors)
├── AccessError
│   ├── KeyRequiredError     no key, unknown key
│   ├── ForbiddenError       the key's role is not enough, foreign origin or host
│   └── LimitError           too many requests of one key; carries retry_after
├── OverloadedError          the queue is full; carries retry_after
├── StorageError             the database cannot be reached, the disk is full
├── SearchError              the index cannot be opened or built
└── EngineError              the engine refused, hung, sent rubbish, went away
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class AdvakodError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_error"
    user_message: ClassVar[str] = "Внутренняя ошибка. Она записана в журнал; попробуйте ещё раз."
    admin_message: ClassVar[str] = ""  # empty: the same

    def __init__(
        self,
        detail: str = "",
        *,
        message: str = "",
        param: str | None = None,
        **facts: object,
    ) -> None:
        """`message` overrides the class's Russian sentence; `detail` is for the log; `facts` ride along."""
        self.detail = detail
        self.message = message or self.user_message.format_map(_Facts(facts))
        self.param = param
        self.facts = facts
        super().__init__(detail or type(self).__doc__)

    @property
    def for_admin(self) -> str:
        """What who runs the server is told, on the server's own console and pages."""
        return self.admin_message.format_map(_Facts(self.facts)) or self.message


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


class SettingsError(AdvakodError):
    """A setting has a value that cannot be used."""

    code = "bad_setting"
    user_message = "Неверное значение настройки."


class InputError(AdvakodError):
    """What was sent cannot be used."""

    code = "invalid_request"
    user_message = "Запрос составлен неверно."


class QuestionError(InputError):
    """The question is empty or too long."""

    code = "bad_question"
    user_message = "Вопрос пуст. Напишите, что вы хотите узнать."


class ExportTooLongError(InputError):
    """The conversation is longer than one file should hold."""

    code = "export_too_long"
    user_message = "Беседа слишком длинная для одного файла. Напечатайте её из браузера или сохраните по частям."


class NotFoundError(InputError):
    """Nothing is stored under this name for this key."""

    code = "not_found"
    user_message = "Не найдено. Проверьте адрес и ключ доступа."


class ConflictError(InputError):
    """The request contradicts what is already stored."""

    code = "conflict"
    user_message = "Запрос противоречит уже сохранённому."


class IdempotencyError(ConflictError):
    """The same idempotency key came with another request."""

    code = "idempotency_key_reused"
    user_message = "Этот Idempotency-Key уже использован с другим вопросом. Возьмите новый ключ."


class AccessError(AdvakodError):
    """Access is refused."""

    code = "forbidden"
    user_message = "Доступ запрещён."


class KeyRequiredError(AccessError):
    """A key is required and none, or an unknown one, was given."""

    code = "key_required"
    user_message = "Нужен ключ доступа. Передайте его в заголовке «Authorization: Bearer …»."


class ForbiddenError(AccessError):
    """The key's role, the origin or the host does not allow this."""

    code = "forbidden"
    user_message = "Этому ключу, сайту или адресу такое действие не разрешено."


class LimitError(AccessError):
    """Too many requests of one key."""

    code = "rate_limit_exceeded"
    user_message = "Слишком много вопросов одновременно. Повторите через {retry_after} с."


class OverloadedError(AdvakodError):
    """The queue is full."""

    code = "queue_full"
    user_message = "Очередь заполнена. Повторите через {retry_after} с."


class StorageError(AdvakodError):
    """The database cannot be written or read."""

    code = "storage_unavailable"
    user_message = "База данных недоступна или на диске нет места. Сообщите администратору."


class SearchError(AdvakodError):
    """The search index cannot be opened or built."""

    code = "search_unavailable"
    user_message = "Поисковый индекс недоступен. Выполните «advakod index»."


class EngineError(AdvakodError):
    """The engine refused, hung, sent rubbish or went away.

    `retryable`: asking again, or going on with the text so far, may succeed.
    """

    retryable: ClassVar[bool] = False

    code = "engine_failed"
    user_message = "Модель, которая пишет ответ, не справилась. Повторите вопрос позже."


BOUNDS = {"ge": "не меньше", "gt": "больше", "le": "не больше", "lt": "меньше"}
COMPLAINTS = {
    "missing": "нужно это поле",
    "string_type": "нужна строка",
    "string_unicode": "есть недопустимые знаки",
    "string_too_short": "нужно знаков: {min_length} или больше",
    "string_too_long": "можно знаков: {max_length} или меньше",
    "string_pattern_mismatch": "не подходит под образец {pattern}",
    "bool_type": "нужно true или false",
    "bool_parsing": "нужно true или false",
    "int_type": "нужно целое число",
    "int_parsing": "нужно целое число",
    "int_from_float": "нужно целое число",
    "float_type": "нужно число",
    "float_parsing": "нужно число",
    "finite_number": "нужно конечное число",
    "date_type": "нужна дата вида 2024-05-31",
    "date_parsing": "нужна дата вида 2024-05-31",
    "date_from_datetime_parsing": "нужна дата вида 2024-05-31",
    "date_from_datetime_inexact": "нужна дата вида 2024-05-31",
    "list_type": "нужен список",
    "dict_type": "нужен объект JSON",
    "model_type": "нужен объект JSON",
    "model_attributes_type": "нужен объект JSON",
    "too_short": "нужно элементов: {min_length} или больше",
    "too_long": "можно элементов: {max_length} или меньше",
}


def complaint(problem: Mapping[str, Any]) -> str:
    """What pydantic has against a value, in Russian; in its own words where nobody has met it yet."""
    context: Mapping[str, Any] = problem.get("ctx", {})
    for bound, words in BOUNDS.items():
        if bound in context:
            return f"значение должно быть {words} {context[bound]:g}"
    if "expected" in context:
        return f"допустимо {context['expected'].replace(' or ', ' или ')}"
    return COMPLAINTS.get(problem["type"], str(problem["msg"])).format_map(_Facts(context))
