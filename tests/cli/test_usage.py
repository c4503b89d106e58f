"""A command typed wrongly gets one Russian line, and exit code 2."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import typer

from advakod.cli import main
from advakod.cli.arguments import server_address
from advakod.cli.config import ORIGINS, TIMES
from advakod.settings import Origin, describe_time, load_settings


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["advakod", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("foo", "Нет такой команды: foo."),
        ("ask", "Нужен или вопрос, или --continue НОМЕР."),
        ("ask x --continue y", "Нужен или вопрос, или --continue НОМЕР."),
        ("ask --continue y --date 2024-05-31", "Ответ продолжается на ту же дату"),
        ("ask x --ur", "Нет такого параметра: --ur. Похожие: --url."),
        ("ask x --url ftp://a", "http:// или https://"),
        ("ask x --date завтра", "«завтра» — не дата. Нужно ГГГГ-ММ-ДД или ДД.ММ.ГГГГ."),
        ("search a b", "Лишнее: b."),
        ("search --limit", "После --limit нужно значение."),
        ("search x --limit abc", "Неверное значение --limit: нужно целое число."),
        ("search x --json=1", "После --json значение не нужно."),
        ("key new", "Не указано: ИМЯ."),
        ("key new anna --role boss", "Допустимо: 'user', 'admin'."),
        ("ingest", "Не указано: ФАЙЛ."),
        ("eval retrieval", "Нужен один файл вопросов"),
    ],
)
def test_a_mistake_is_one_russian_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    assert run(monkeypatch, *line.split()) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert re.search(r"Помощь: .*--help$", told.strip())
    assert ".." not in told


def test_a_group_alone_gets_its_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "key") == 2
    said = capsys.readouterr()
    assert "Ключи доступа." in said.out + said.err


def test_the_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert re.fullmatch(r"advakod \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, None),
        ("localhost:8000", "http://localhost:8000"),
        ("https://law.example/x", "https://law.example/x"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_without_a_scheme(given: str | None, meant: str | None) -> None:
    assert server_address(given) == meant


@pytest.mark.parametrize("given", ["", "http://", "ws://localhost"])
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"[Аа]дрес"):
        server_address(given)


def test_every_origin_and_every_time_has_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert set(ORIGINS) == set(Origin)
    assert set(TIMES) == set(describe_time(load_settings().time))
