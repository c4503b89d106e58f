"""What search tells besides its hits. All Russian sentences of search stand here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from ..corpus.model import Edition, EditionChoice
from ..law.acts import CODE, by_id, in_points
from ..law.guide import Subject
from .fields import act_title
from .model import Hit, Notice, NoticeCode

_FIXED = {
    NoticeCode.FOREIGN: "Вопрос касается права другого государства; загружены только российские законы.",
    NoticeCode.NOT_LAW: "Похоже, это не вопрос о праве.",
    NoticeCode.EMPTY: "Вопрос пуст. Напишите, что вы хотите узнать.",
    NoticeCode.NOT_RUSSIAN: "Спросите по-русски: загружены российские законы, и поиск ведётся по их словам.",
    NoticeCode.NOT_FOUND: "В загруженных законах ответ на этот вопрос, похоже, не содержится.",
}


def notice(code: NoticeCode) -> Notice:
    return Notice(code, _FIXED[code])


def summaries(hits: Sequence[Hit]) -> list[Notice]:
    """That some hits are summaries, and of which acts when others are the law itself; none when none is."""
    summarised = list(dict.fromkeys(hit.act_title for hit in hits if hit.summary))
    if not summarised:
        return []
    named = "" if all(hit.summary for hit in hits) else f" ({'; '.join(summarised)})"
    message = (
        f"Официальный текст закона не загружен{named}: показаны краткие пересказы. Закон мог измениться; "
        "сверьтесь с действующей редакцией."
    )
    return [Notice(NoticeCode.SUMMARIES, message)]


def act_not_loaded(act: str) -> Notice:
    known = by_id(act)
    return Notice(NoticeCode.ACT_NOT_LOADED, f"Акт не загружен: {known.short if known else act}.")


def absent_subject(subject: Subject) -> Notice:
    return Notice(NoticeCode.ACT_NOT_LOADED, f"Вероятно, на вопрос отвечает то, что не загружено: {subject.name}.")


def no_such_article(act: str, article: str) -> Notice:
    known = by_id(act)
    name = known.short if known else act
    unit = "Пункта" if in_points(act) else "Статьи"
    return Notice(NoticeCode.NO_SUCH_ARTICLE, f"{unit} {article} в загруженной редакции нет: {name}.")


def stranger_not_loaded(name: str) -> Notice:
    return Notice(
        NoticeCode.ACT_NOT_LOADED,
        f"Среди загруженных актов нет того, что назван в вопросе: «{name.strip('«»')}». "
        "Проверьте название или номер либо спросите своими словами.",
    )


def editions_not_loaded(choices: Iterable[EditionChoice], on: dt.date) -> Notice:
    """One remark about documents without an edition known to apply on the date: what is shown, what is not."""
    shown = [c.nearest for c in choices if c.edition is None and c.likely]
    absent = [c.nearest for c in choices if c.edition is None and not c.likely]
    sentences: list[str] = []
    if len(shown) == 1:
        sentences.append(
            f"Точная редакция на {_day(on)} неизвестна: показана ближайшая загруженная, "
            f"от {_day(shown[0].edition_date)} ({_name(shown[0])})."
        )
    elif shown:
        sentences.append(f"Точная редакция на {_day(on)} неизвестна: показаны ближайшие загруженные — {_dated(shown)}.")
    if absent:
        sentences.append(f"Редакция на {_day(on)} не загружена; ближайшая загруженная — {_dated(absent)}.")
    return Notice(NoticeCode.EDITION_NOT_LOADED, " ".join(sentences))


def _dated(editions: Iterable[Edition]) -> str:
    """«ТК РФ, от 24.10.2023; ГК РФ, часть 1, от 24.07.2023»."""
    return "; ".join(f"{_name(e)}, {'от ' * bool(e.edition_date)}{_day(e.edition_date)}" for e in editions)


def _name(edition: Edition) -> str:
    """«ТК РФ», «ГК РФ, часть 1», «Закон о защите прав потребителей»."""
    known = by_id(edition.act_id)
    name = act_title(edition.act_type, edition.act_title)
    if known is not None:
        name = f"{known.abbreviations[0]} РФ" if known.type == CODE and known.abbreviations else known.short
    return f"{name}, часть {edition.part}" if edition.part else name


def _day(day: dt.date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else "без даты"
