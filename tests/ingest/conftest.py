"""A database of its own for each test, and a small law to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advakod.storage.database import Database

LAW = """ФЕДЕРАЛЬНЫЙ ЗАКОН
О проверке загрузки
Принят Государственной Думой 1 июля 2020 года
(в ред. Федеральных законов от {edition} N 1-ФЗ)
Глава 1. Общие положения
Статья 1. Предмет настоящего закона
1. Настоящий закон проверяет загрузку документов в базу данных.
2. {words}
Статья 2. Вступление в силу
Настоящий закон вступает в силу со дня официального опубликования.
Президент Российской Федерации В.ПУТИН
Москва, Кремль
31 июля 2020 года
N 999-ФЗ
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'var' / 'advakod.db'}").open()
    yield opened
    opened.close()


@pytest.fixture
def law(tmp_path: Path) -> Callable[..., Path]:
    """Write the small law into a file; other words or another edition make another text."""

    def write(name: str = "law.txt", words: str = "Он краток.", edition: str = "01.02.2021") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LAW.format(words=words, edition=edition), encoding="utf-8")
        return path

    return write
