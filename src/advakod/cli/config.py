"""`advakod config`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ..settings import describe, describe_time, load_settings


def config(as_json: Annotated[bool, typer.Option("--json", help="В JSON.")] = False) -> None:
    """Какие настройки действуют и откуда они взяты."""
    settings = load_settings()
    facts, times = describe(settings), describe_time(settings.time)
    if as_json:
        shown = {"settings": [asdict(fact) for fact in facts], "time": times}
        print(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
        return
    console = Console()
    table = Table("Переменная", "Значение", "Откуда", box=None, header_style="bold")
    for fact in facts:
        table.add_row(fact.name, "" if fact.value is None else str(fact.value), fact.source)
    console.print(table)
    console.print("\nВремя, секунды:")
    for name, seconds in times.items():
        console.print(f"  {name}: {seconds:g}", highlight=False)


def register(app: typer.Typer) -> None:
    app.command("config")(config)
