"""`advakod ingest`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from ..ingest import FileOutcome, IngestOptions, Stage, Status
from ..ingest import Progress as Step
from ..ingest import ingest as ingest_files
from ..law.model import ActStatus
from ..search import Search
from ..settings import load_settings
from ..storage import Database
from .arguments import DAY, date

NAMES = {
    Status.ADDED: "добавлено",
    Status.UPDATED: "обновлены даты",
    Status.UNCHANGED: "без изменений",
    Status.FAILED: "ошибка",
}


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="ФАЙЛ...", help="Файлы и папки: HTML, PDF с текстом, DOCX, TXT.")
    ],
    act: Annotated[str, typer.Option(help="Короткое имя акта: zozpp, tk, gk…")] = "",
    kind: Annotated[str, typer.Option("--type", help="Вид акта, если он не узнан: «Федеральный закон».")] = "",
    title: Annotated[str, typer.Option(help="Название акта.")] = "",
    number: Annotated[str, typer.Option(help="Номер акта: 2300-1.")] = "",
    signed: Annotated[str | None, typer.Option("--date", help=f"Дата подписания: {DAY}.")] = None,
    part: Annotated[int, typer.Option(min=0, help="Часть кодекса.")] = 0,
    edition_date: Annotated[str | None, typer.Option(help=f"Дата редакции: {DAY}.")] = None,
    in_force_from: Annotated[str | None, typer.Option(help=f"Первый день действия редакции: {DAY}.")] = None,
    in_force_to: Annotated[str | None, typer.Option(help=f"Последний день действия редакции: {DAY}.")] = None,
    status: Annotated[ActStatus | None, typer.Option(help="Действует ли акт.")] = None,
    replace: Annotated[bool, typer.Option(help="Заменить уже загруженный текст той же редакции.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Итог в JSON.")] = False,
) -> None:
    """Загрузить акты. Повторная загрузка ничего не меняет; новая редакция встаёт рядом с прежней."""
    options = IngestOptions(
        act=act,
        type=kind,
        title=title,
        number=number,
        date=date(signed),
        part=part,
        edition_date=date(edition_date),
        in_force_from=date(in_force_from),
        in_force_to=date(in_force_to),
        status=status,
        replace=replace,
    )
    outcomes = _ingest(paths, options)
    if as_json:
        print(orjson.dumps([_facts(o) for o in outcomes], option=orjson.OPT_INDENT_2).decode())
    else:
        _show(outcomes)
    if any(o.status is Status.FAILED for o in outcomes):
        raise typer.Exit(1)


def _ingest(paths: Sequence[Path], options: IngestOptions) -> list[FileOutcome]:
    settings = load_settings()
    database = Database(settings.sqlalchemy_url).open()
    try:
        with _bar() as report:
            outcomes = ingest_files(database, paths, options, report)
            if any(o.status in (Status.ADDED, Status.UPDATED) for o in outcomes):
                _index(database, settings.data_dir)
            return outcomes
    finally:
        database.close()


def _index(database: Database, data_dir: Path) -> None:
    search = Search(database, data_dir)
    try:
        search.refresh()
    finally:
        search.close()


@contextmanager
def _bar() -> Iterator[Callable[[Step], None]]:
    """A bar on stderr, so that `--json` stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Загрузка", total=None)

        def report(step: Step) -> None:
            done = step.index + (step.stage is Stage.DONE)
            progress.update(task, total=step.total, completed=done, description=step.path.name)

        yield report
        progress.update(task, description="Поисковый индекс")


def _show(outcomes: Sequence[FileOutcome]) -> None:
    console = Console()
    file = Column("Файл", overflow="fold", min_width=12)
    table = Table(file, "Итог", "Акт", "Редакция", "Статей", "Секунд", box=None, header_style="bold")
    for o in outcomes:
        day = f"{o.edition_date:%d.%m.%Y}" if o.edition_date else ""
        table.add_row(Text(o.path.name), NAMES[o.status], o.act, day, _count(o), f"{o.seconds:.1f}")
    console.print(table)
    for o in outcomes:
        for remark in ([o.message] if o.message else []) + list(o.warnings):
            console.print(f"{o.path.name}: {remark}", style="red" if o.message else "yellow", markup=False)


def _count(o: FileOutcome) -> str:
    """How much there is in an act; one without articles is counted in provisions."""
    if o.status is Status.FAILED:
        return ""
    return str(o.articles) if o.articles or not o.provisions else f"— ({o.provisions} п.)"


def _facts(o: FileOutcome) -> dict[str, Any]:
    names = (
        "status",
        "act",
        "title",
        "address",
        "edition_date",
        "articles",
        "provisions",
        "warnings",
        "code",
        "message",
    )
    return {
        "path": os.fsencode(o.path).decode("utf-8", "replace"),
        **{name: getattr(o, name) for name in names},
        "seconds": round(o.seconds, 3),
    }


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)
