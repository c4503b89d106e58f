"""What search says beside its hits."""

from __future__ import annotations

from advakod.search.model import Hit
from advakod.search.notices import summaries


def hit(act: str, *, summary: bool) -> Hit:
    return Hit(act, act, "1", "", f"ru/{act}/st1", None, 1.0, "", (), summary=summary)


def test_of_summaries_only_what_is_one_is_said() -> None:
    law, told, more = hit("ТК", summary=False), hit("ЗоЗПП", summary=True), hit("ЗоЗПП", summary=True)
    assert summaries([law]) == []
    (alone,) = summaries([told, more])
    assert alone.message.startswith("Официальный текст закона не загружен: показаны")
    (beside,) = summaries([law, told, more])
    assert beside.message.startswith("Официальный текст закона не загружен (ЗоЗПП): показаны")
