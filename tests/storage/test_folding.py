"""Words are found whatever their case, on each kind of database."""

from __future__ import annotations

import pytest
from sqlalchemy import literal, select

from advakod.storage import Database
from advakod.storage.folding import fold, holds

TEXT = "Ещё РАЗ о возврате ТОВАРА: 50% цены (ст. 18 [1]), ёлка \\ ЁЖ; Straße_x"


@pytest.mark.parametrize(
    "word",
    [
        "еще",
        "ЕЩЁ",
        "ещё",
        "раз",
        "товара",
        "Возврат",
        "50%",
        "(ст.",
        "[1])",
        "\\",
        "еж",
        "ёж",
        "straße_",
        "елка",
        "_x",
        "о",
    ],
)
def test_found(database: Database, word: str) -> None:
    with database.reading() as connection:
        assert connection.scalar(select(1).where(holds(connection, literal(TEXT), word))) == 1
        assert fold(word) in fold(TEXT)


@pytest.mark.parametrize("word", ["возвратом", "50_", "5.%", ".*", "a|о", "51", "^Ещё", "ежи", "%", "$"])
def test_signs_mean_themselves(database: Database, word: str) -> None:
    found = word == "%"
    with database.reading() as connection:
        assert (connection.scalar(select(1).where(holds(connection, literal(TEXT), word))) == 1) is found
