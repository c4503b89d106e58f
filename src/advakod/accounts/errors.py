"""Why somebody is not let in.

InputError
├── BadHostError        the Host header names none of our hosts
└── SignInError         the sign-in's body has no key in it
KeyRequiredError
└── UnknownKeyError     a key was given, and it is none of ours
ForbiddenError
├── CrossSiteError      another site's page sent this
└── AdminOnlyError      the key's role is not enough
LimitError
└── SignInLimitError    too many wrong keys from one address
"""

from __future__ import annotations

from ..errors import ForbiddenError, InputError, KeyRequiredError, LimitError


class BadHostError(InputError):
    """The Host header names none of our hosts (DNS rebinding, or ADVAKOD_PUBLIC_URL is missing)."""

    code = "bad_host"
    user_message = (
        "Сервер не обслуживает это имя. Откройте его по адресу из ADVAKOD_PUBLIC_URL "
        "или, на той же машине, по http://127.0.0.1."
    )


class SignInError(InputError):
    """The body of a sign-in is not JSON with a `key`."""

    user_message = 'Пришлите ключ в теле запроса: {{"key": "…"}}.'


class UnknownKeyError(KeyRequiredError):
    """A key was given, and it is none of those configured."""

    user_message = "Этот ключ не подходит. Проверьте его или попросите новый у администратора."


class CrossSiteError(ForbiddenError):
    """A page of another site sent a request that changes something, or opened a WebSocket."""

    code = "cross_site"
    user_message = "Запрос пришёл со страницы другого сайта и отклонён. Откройте саму страницу сервера."


class AdminOnlyError(ForbiddenError):
    """The path is for administrators."""

    code = "admin_only"
    user_message = "Это доступно только с ключом администратора."


class SignInLimitError(LimitError):
    """Too many wrong keys from one address."""

    user_message = "Слишком много неверных ключей подряд. Повторите через {retry_after} с."
