"""`advakod guide` shows what is shipped."""

from __future__ import annotations

import sys

import orjson
import pytest

from advakod.cli import main
from advakod.law.guide import load_guide


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["advakod", "guide", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def test_the_acts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--json") == 0
    acts = orjson.loads(capsys.readouterr().out)
    assert sum(act["entries"] for act in acts) == len(load_guide().entries)
    assert run(monkeypatch) == 0
    shown = capsys.readouterr().out
    assert all(act["act"] in shown for act in acts)


def test_an_act_and_an_article(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "zozpp") == 0
    assert "ст. 18 " in capsys.readouterr().out
    assert run(monkeypatch, "zozpp", "18") == 0
    shown = capsys.readouterr().out
    entry = load_guide().find("zozpp", "18")
    assert entry is not None
    assert "не текст закона" in shown
    words = " ".join(shown.split())
    assert all(question in words for question in entry.questions)
    assert run(monkeypatch, "zozpp", "18", "--json") == 0
    (facts,) = orjson.loads(capsys.readouterr().out)
    assert facts["questions"] == list(entry.questions)


@pytest.mark.parametrize(
    ("line", "said"), [("xx", "Акта «xx» в справочнике нет. Есть: "), ("sk 999", "Статьи 999"), ("sk ?", "Статьи ?")]
)
def test_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    assert run(monkeypatch, *line.split()) == 1
    assert said in capsys.readouterr().err
