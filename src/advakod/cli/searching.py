"""`advakod search`, `advakod index`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.text import Text

from ..errors import InputError
from ..law.acts import in_points
from ..search import Hit, Search, SearchResult
from ..settings import load_settings
from ..storage import Database
from .arguments import DAY
from .arguments import date as parse_date

SHOWN = 240  # characters of a passage in the terminal


@contextmanager
def open_search() -> Iterator[Search]:
    """Search over this data folder."""
    settings = load_settings()
    database = Database(settings.sqlalchemy_url).open()
    search = Search(database, settings.data_dir)
    try:
        yield search
    finally:
        search.close()
        database.close()


def search(
    query: Annotated[str | None, typer.Argument(metavar="ВОПРОС", help="Вопрос или ссылка: «ст. 18 ЗоЗПП».")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Сколько статей показать.")] = 10,
    date: Annotated[str | None, typer.Option(help=f"На какую дату нужен закон: {DAY}.")] = None,
    questions: Annotated[Path | None, typer.Option(help="Файл вопросов JSONL; ответ — строка JSON на вопрос.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Список в JSON.")] = False,
) -> None:
    """Найти статьи."""
    if (query is None) == (questions is None):
        raise typer.BadParameter("Нужен или вопрос, или --questions ФАЙЛ.")
    day = parse_date(date)
    with open_search() as finder:
        if questions is not None:
            for name, text in _asked(questions):
                hits = [facts(hit) for hit in finder.search(text, limit, day).hits]
                print(orjson.dumps({"id": name, "hits": hits}).decode())
            return
        result = finder.search(query or "", limit, day)
    if as_json:
        print(orjson.dumps([facts(hit) for hit in result.hits], option=orjson.OPT_INDENT_2).decode())
    else:
        _show(result)


def _asked(path: Path) -> Iterator[tuple[Any, str]]:
    """Questions of a file, with or without their answers."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        for line in filter(str.strip, lines):
            asked = orjson.loads(line)
            yield asked["id"], str(asked["question"])
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(error), message=f"Файл {path} не читается: {error}") from error
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        message = f"{path}: в каждой строке нужен объект JSON с полями id и question ({error})."
        raise InputError(str(error), message=message) from error


def facts(hit: Hit) -> dict[str, Any]:
    """A hit as other programs read it."""
    names = ("act", "article", "title", "score", "address", "act_title", "edition_date", "exact", "summary", "repealed")
    return {name: getattr(hit, name) for name in names} | {"passages": hit.passages}


def _show(result: SearchResult) -> None:
    console = Console()
    for notice in result.notices:
        console.print(notice.message, style="yellow", markup=False)
    for n, hit in enumerate(result.hits, 1):
        unit = "п." if in_points(hit.act) else "ст."
        article = f"{unit} {hit.article} " if hit.article else ""
        console.print(Text.assemble(f"{n}. ", (f"{article}{hit.title}", "bold"), f"  {hit.act_title}"))
        passage = " ".join(hit.passages[0].split()) if hit.passages else ""
        console.print(Text(f"   {passage[:SHOWN]}{'…' if len(passage) > SHOWN else ''}"))
        console.print(Text(f"   {hit.address}", style="dim"))
    if not result.hits:
        console.print("Ничего не найдено.")


def index() -> None:
    """Построить поисковый индекс заново."""
    with open_search() as finder:
        manifest = finder.rebuild()
    print(f"Индекс построен: {manifest.articles} статей.")


def register(app: typer.Typer) -> None:
    app.command("search")(search)
    app.command("index")(index)
