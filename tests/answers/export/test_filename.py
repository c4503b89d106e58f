"""A file's name that every system takes."""

from __future__ import annotations

import pytest

from advakod.answers.export.filename import LONGEST, file_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Можно ли вернуть товар?", "Можно ли вернуть товар.md"),
        ('a<b>:"/\\|?*c', "a b c.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ("точки... ", "точки.md"),
        ("con", "_con.md"),
        ("NUL.txt", "_NUL.txt.md"),
        ("com1 ", "_com1.md"),
        ("consul", "consul.md"),
        ("a\0b\x1f\u202ec\r\nd", "abc d.md"),
        ("???", "Беседа.md"),
        ("", "Беседа.md"),
    ],
)
def test_names(title: str, name: str) -> None:
    assert file_name(title, "md") == name


def test_long_names_fit_everywhere() -> None:
    name = file_name("я" * 500, "docx")
    assert len(name) == LONGEST + len(".docx")
    assert len(name.encode()) < 255
