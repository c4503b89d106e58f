"""All Russian words of an export."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ...engine.interface import Source
from ..composing.names import day, heading
from ..model import Status

UNTITLED = "Беседа"
QUESTION = "Вопрос"
ANSWER = "Ответ"
SOURCES = "Источники"
NOTICE = "Обратите внимание. "
PAGE, OF = "Страница ", " из "
NOT_ADVICE = (
    "Ответы составлены программой по загруженным текстам законов. Это справочная информация, а не "
    "консультация адвоката: перед важным решением сверьтесь с действующей редакцией закона или спросите юриста."
)
EMPTY = "В этой беседе ещё нет сообщений."
NO_WORDS = "Ответ не начат."
ERASED = "Ответ удалён."
NOT_COMPLETED = "Ответ не окончен."
ENDINGS = {
    Status.QUEUED: "Вопрос ждёт своей очереди: ответа пока нет.",
    Status.IN_PROGRESS: "Ответ ещё пишется: здесь только слова, написанные к моменту выгрузки.",
}
VERDICTS = {
    "verified": "норма найдена и прочитана",
    "not_in_context": "норма есть в законе, но ответ писался без её текста: проверьте её сами",
    "no_such_provision": "такой нормы в загруженной редакции нет",
    "act_not_loaded": "этот акт не загружен, проверить нельзя",
    "ambiguous": "неясно, к какому акту относится",
    "repealed": "норма утратила силу",
    "summary": "краткий пересказ, а не официальный текст",
}
NOT_CITED = "в ответе не упомянута"
NOT_CHECKED = "ссылки ещё не проверены"
UNKNOWN_EDITION = "дата редакции неизвестна"


def dates(begun_at: float, made_at: float) -> str:
    """«Беседа начата 22.11.2026, выгружена 23.11.2026 в 14:05.», by this machine's clock and zone."""
    return f"Беседа начата {_local(begun_at):%d.%m.%Y}, выгружена {_local(made_at):%d.%m.%Y в %H:%M}."


def source(found: Source, verdict: str) -> str:
    """«[1] Статья 18 ЗоЗПП. Права потребителя … — Закон РФ «О …», редакция от 04.08.2023; норма найдена …»."""
    line = f"[{found.n}] {heading(found)} — {found.act_title}, {edition(found.edition_date)}"
    return f"{line}; {verdict}" if verdict else line


def mention(citation: dict[str, Any]) -> str:
    """A provision that is named in an answer and was not among its sources."""
    dated = f", {edition(citation['edition_date'])}" if citation["edition_date"] else ""
    return f"Упомянуто в ответе: {citation['text']}{dated} — {VERDICTS.get(citation['verdict'], citation['verdict'])}"


def edition(iso_date: str) -> str:
    """«редакция от 04.08.2023»."""
    return f"редакция от {day(iso_date)}" if iso_date else UNKNOWN_EDITION


def _local(at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at, dt.UTC).astimezone()
