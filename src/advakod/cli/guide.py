"""`advakod guide`: what the everyday guide holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import NotFoundError
from ..law.acts import by_id
from ..law.guide import Entry, Guide, load_guide
from ..law.numbers import normalise


def guide(
    act: Annotated[str | None, typer.Argument(metavar="АКТ", help="Короткое имя акта: tk, zozpp.")] = None,
    article: Annotated[str | None, typer.Argument(metavar="СТАТЬЯ", help="Номер статьи: 81, 312.1.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="То же для программ.")] = False,
) -> None:
    """Житейский справочник: что в нём есть, статьи одного акта или одна статья."""
    known = load_guide()
    entries = [entry for entry in known.entries if act in (None, entry.act)]
    if not entries:
        acts = ", ".join(sorted({entry.act for entry in known.entries}))
        raise NotFoundError(act or "", message=f"Акта «{act}» в справочнике нет. Есть: {acts}.")
    if article is not None:
        entries = [entry for entry in entries if entry.article == normalise(article)]
        if not entries:
            raise NotFoundError(article, message=f"Статьи {article} в справочнике нет: {_name(act or '')}.")
    if as_json:
        found = _summed(known) if act is None else [_facts(entry) for entry in entries]
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif act is None:
        _print_acts(known)
    elif article is None:
        _print_articles(entries)
    else:
        _print_entry(entries[0])


def _summed(known: Guide) -> list[dict[str, Any]]:
    """A line an act."""
    acts = dict.fromkeys(entry.act for entry in known.entries)
    by_act = {act: [entry for entry in known.entries if entry.act == act] for act in acts}
    return [
        {
            "act": act,
            "title": _name(act),
            "edition_date": max(entry.edition_date for entry in entries),
            "entries": len(entries),
            "questions": sum(len(entry.questions) for entry in entries),
        }
        for act, entries in by_act.items()
    ]


def _facts(entry: Entry) -> dict[str, Any]:
    names = ("act", "article", "title", "edition_date", "summary", "figures", "questions", "text_hash")
    return {name: getattr(entry, name) for name in names}


def _print_acts(known: Guide) -> None:
    table = Table(title="Житейский справочник: пересказы, а не тексты законов")
    for heading in ("Акт", "Имя", "Редакция", "Статей", "Вопросов"):
        table.add_column(heading, justify="right" if heading in ("Статей", "Вопросов") else "left")
    for act in _summed(known):
        date = f"{act['edition_date']:%d.%m.%Y}"
        table.add_row(act["title"], act["act"], date, str(act["entries"]), str(act["questions"]))
    Console().print(table)


def _print_articles(entries: Sequence[Entry]) -> None:
    console = Console()
    for entry in entries:
        console.print(Text.assemble((f"ст. {entry.article}", "bold"), f"  {entry.title}"))


def _print_entry(entry: Entry) -> None:
    console = Console()
    console.print(Text(f"{_name(entry.act)}, ст. {entry.article}. {entry.title}", style="bold"))
    console.print(Text(f"Пересказ по редакции от {entry.edition_date:%d.%m.%Y}, не текст закона.\n", style="dim"))
    console.print(Text(entry.summary))
    for heading, lines in (("Сроки и суммы", entry.figures), ("О чём спрашивают", entry.questions)):
        if lines:
            console.print(Text(f"\n{heading}:", style="bold"))
            console.print(Text("\n".join(f"- {line}" for line in lines)))


def _name(act: str) -> str:
    known = by_id(act)
    return known.short if known else act


def register(app: typer.Typer) -> None:
    app.command("guide")(guide)
