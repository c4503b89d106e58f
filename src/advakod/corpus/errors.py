"""What a reader may look for in vain.

NotFoundError
├── ActNotLoadedError       no text of the act is in the database
├── EditionNotLoadedError   none is known to apply on the date asked for
└── NoSuchProvisionError    the edition has no such article or point
"""

from __future__ import annotations

from ..errors import NotFoundError


class ActNotLoadedError(NotFoundError):
    """No text of the act is loaded."""

    code = "act_not_loaded"
    user_message = "Такой акт не загружен. Список загруженных — на странице законов."


class EditionNotLoadedError(NotFoundError):
    """No loaded edition is known to apply on the date."""

    code = "edition_not_loaded"
    user_message = "Редакция на {on} не загружена. Ближайшая загруженная: {nearest}."


class NoSuchProvisionError(NotFoundError):
    """The edition has no such article or point."""

    code = "no_such_provision"
    user_message = "В загруженной редакции нет такой статьи или пункта. Проверьте номер по оглавлению."
