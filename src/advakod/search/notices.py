"""What search tells besides its hits. All Russian sentences of search stand here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from ..corpus.model import EditionChoice
from ..law.acts import by_id, in_points
from .model import Notice, NoticeCode

_FIXED = {
    NoticeCode.FOREIGN: "Вопрос касается права другого государства; загружены только российские законы.",
    NoticeCode.NOT_LAW: "Похоже, это не вопрос о праве.",
    NoticeCode.NOT_FOUND: "В загруженных законах ответ на этот вопрос, похоже, не содержится.",
    NoticeCode.SUMMARIES: (
        "Официальный текст закона не загружен: показаны краткие пересказы. Закон мог измениться; "
        "сверьтесь с действующей редакцией."
    ),
}


def notice(code: NoticeCode) -> Notice:
    return Notice(code, _FIXED[code])


def act_not_loaded(act: str) -> Notice:
    known = by_id(act)
    return Notice(NoticeCode.ACT_NOT_LOADED, f"Акт не загружен: {known.short if known else act}.")


def absent_subject(act: str) -> Notice:
    known = by_id(act)
    name = known.short if known else act
    return Notice(NoticeCode.ACT_NOT_LOADED, f"Вероятно, на вопрос отвечает акт, который не загружен: {name}.")


def no_such_article(act: str, article: str) -> Notice:
    known = by_id(act)
    name = known.short if known else act
    unit = "Пункта" if in_points(act) else "Статьи"
    return Notice(NoticeCode.NO_SUCH_ARTICLE, f"{unit} {article} в загруженной редакции нет: {name}.")


def editions_not_loaded(choices: Iterable[EditionChoice], on: dt.date) -> Iterator[Notice]:
    """A sentence for each document without an edition known to apply on the date."""
    for choice in choices:
        if choice.edition is None:
            near = choice.nearest
            dated = f"{near.edition_date:%d.%m.%Y}" if near.edition_date else "без даты"
            yield Notice(
                NoticeCode.EDITION_NOT_LOADED,
                f"Редакция на {on:%d.%m.%Y} не загружена: {near.act_title}. Ближайшая загруженная: {dated}.",
            )
