"""The commands by name, and what an error looks like in a terminal."""

from __future__ import annotations

import sys

import typer

from ..errors import AdvakodError, SettingsError
from . import asking, config, evaluation, ingesting, keys, searching, serving

BAD_USE = 2  # exit code: settings or arguments
FAILED = 1

app = typer.Typer(
    name="advakod",
    help="ADVAKOD: помощник по российскому праву. Ответы со ссылками на статьи, которые не теряются.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serving.serve)
app.command("ask")(asking.ask)
app.command("ingest")(ingesting.ingest)
app.command("search")(searching.search)
app.command("index")(searching.index)
app.command("config")(config.config)
app.add_typer(evaluation.app, name="eval")
app.add_typer(keys.app, name="key")


def main() -> None:
    """Run a command; an error is one sentence on stderr and an exit code, never a traceback."""
    try:
        app()
    except SettingsError as error:
        _say(error, BAD_USE)
    except AdvakodError as error:
        _say(error, FAILED)


def _say(error: AdvakodError, code: int) -> None:
    print(f"{error.message} [{error.code}]", file=sys.stderr)
    sys.exit(code)
