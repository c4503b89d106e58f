"""How provisions are named in an answer: «п. 1 ст. 18 ЗоЗПП». Pure."""

from __future__ import annotations

import datetime as dt
import re

from ...engine.interface import Source
from ...law.acts import CODE, by_id

# What «1.» in an article is called. Where it is not known, an article is cited without it.
_POINTS = frozenset(["gk", "zozpp", "nk", "sk", "zk", "bk"])
_PARTS = frozenset(["uk", "koap", "zhk", "gpk", "apk", "kas", "upk", "uik", "tk", "grk"])
# First words of acts' short names, in the genitive: «ст. 5 Закона об ОСАГО».
_GENITIVE = {
    "Закон": "Закона",
    "Правила": "Правил",
    "Основы": "Основ",
    "Кодекс": "Кодекса",
    "Конституция": "Конституции",
    "Федеральный закон": "Федерального закона",
    "Постановление": "Постановления",
}
_UNIT = re.compile(r"(pril|razd|gl|p)([\d.\-]*)")
_UNIT_NAMES = {"pril": "приложение", "razd": "раздел", "gl": "глава", "p": "п."}


def cited(source: Source, number: str = "", *, note: bool = False) -> str:
    """The provision as it is cited: «п. 1 ст. 18 ЗоЗПП», «преамбула ЗоЗПП», «п. 12.2 ПДД»."""
    unit = f"ст. {source.article}" if is_article(source) else _unit(source.address)
    if note:
        unit = f"примечание к {unit}"
    elif number and is_article(source) and (kind := _numbered(source.act)):
        unit = f"{kind} {number} {unit}"
    return f"{unit} {act_name(source)}".strip()


def is_article(source: Source) -> bool:
    """Whether the source is an article; a preamble and a point of an act without articles are none."""
    unit = source.address.rpartition("/")[2]
    return bool(source.article) and (unit.startswith("st") or not unit)


def heading(source: Source) -> str:
    """«Статья 18 ЗоЗПП. Права потребителя при обнаружении в товаре недостатков»."""
    title = "" if source.title.rstrip(".") == source.article.rstrip(".") else source.title.rstrip(".")
    if not is_article(source):
        unit = _unit(source.address).replace("п. ", "пункт ")
        unit = f"{unit[:1].upper()}{unit[1:]} {act_name(source)}" if unit else title or source.act_title
    else:
        unit = f"Статья {source.article} {act_name(source)}"
    return f"{unit}. {title}" if title and title not in unit else unit


def act_name(source: Source) -> str:
    """The act's name behind «ст. 18»: an abbreviation where people use one, else in the genitive."""
    act = by_id(source.act)
    if act is None:
        return _genitive(source.act_title)
    if act.type == CODE and act.abbreviations:
        return f"{act.abbreviations[0]} РФ"
    return act.abbreviations[0] if act.abbreviations and act.id != "konst" else _genitive(act.short)


def day(iso: str) -> str:
    """«04.08.2023»; what is not a date stays as it is."""
    try:
        return dt.date.fromisoformat(iso).strftime("%d.%m.%Y")
    except ValueError:
        return iso


def _numbered(act: str) -> str:
    return "п." if act in _POINTS else "ч." if act in _PARTS else ""


def _genitive(name: str) -> str:
    for nominative, genitive in _GENITIVE.items():
        if name.startswith(f"{nominative} ") or name == nominative:
            return genitive + name[len(nominative) :]
    return name


def _unit(address: str) -> str:
    """The name of a unit that is no article, from its address."""
    unit = address.rpartition("/")[2] if address.count("/") > 1 else ""
    if unit.startswith("pre"):
        return "преамбула"
    match = _UNIT.fullmatch(unit)
    return f"{_UNIT_NAMES[match[1]]} {match[2]}".strip() if match else ""
