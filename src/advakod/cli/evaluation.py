"""`advakod eval`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ..evaluation import HEADER, Outcome, evaluate, load_questions
from .searching import open_search

group = typer.Typer(help="Проверка качества.", no_args_is_help=True)


@group.callback()
def _group() -> None:
    """Keeps `retrieval` a command of its own."""


@group.command("retrieval")
def retrieval(
    file: Annotated[
        Path | None, typer.Argument(metavar="ФАЙЛ", help="Файл вопросов с ответами, JSONL.", show_default=False)
    ] = None,
    questions: Annotated[Path | None, typer.Option(help="То же, параметром.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="В JSON.")] = False,
) -> None:
    """Находит ли поиск нужные статьи: hit@1, hit@10, nDCG@10 с 95 % интервалами, по видам вопросов."""
    path = file or questions
    if path is None or (file and questions):
        raise typer.BadParameter("Нужен один файл вопросов: advakod eval retrieval ФАЙЛ.")
    asked = load_questions(path)
    with open_search() as search, _bar(len(asked)) as report_progress:
        report = evaluate(search, asked, report_progress)
    if as_json:
        print(orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(*HEADER, box=None, header_style="bold")
    for row in report.table():
        table.add_row(*row)
    Console().print(table)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[Sequence[Outcome]], None]]:
    console = Console(file=sys.stderr)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Вопросы", total=total)
        yield lambda outcomes: progress.update(task, completed=len(outcomes))


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="eval")
