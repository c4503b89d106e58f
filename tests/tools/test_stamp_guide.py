"""The stamping tool changes hashes and not a character more."""

from __future__ import annotations

from pathlib import Path

import pytest

from advakod.law.guide import read_guide, text_hash
from tools.stamp_guide import main, stamped

GUIDE = """# kept
[act]
id = "zozpp"
edition_date = 2023-08-04

[[entry]]
article = "1"   # kept too
title = "Правовое регулирование"
summary = "…"
questions = ["?"]
text_hash = ""

[[entry]]
article = "99"
title = "Нет такой"
summary = "…"
questions = ["?"]
text_hash = "beef"
"""


def test_only_hashes_change() -> None:
    after, missing = stamped(GUIDE, {"1": "cafe"})
    assert after == GUIDE.replace('text_hash = ""', 'text_hash = "cafe"')
    assert missing == ["99"]


def test_stamping_twice_changes_nothing_more() -> None:
    once, _ = stamped(GUIDE, {"1": "cafe"})
    assert stamped(once, {"1": "cafe"})[0] == once


def test_files_are_checked_then_stamped(corpus_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    law = next((corpus_dir / "statutes").glob("zozpp*"))
    path = tmp_path / "zozpp.toml"
    path.write_text(GUIDE, "utf-8")
    assert main(["--check", str(law)], tmp_path) == 1
    assert path.read_text("utf-8") == GUIDE
    assert main([str(law)], tmp_path) == 0
    assert main(["--check", str(law)], tmp_path) == 0
    entry = read_guide(tmp_path).entries[0]
    assert len(entry.text_hash) == len(text_hash(""))
    assert "99" in capsys.readouterr().err
