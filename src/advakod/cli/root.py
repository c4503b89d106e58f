"""The commands by name, and what an error looks like in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from .. import __version__
from ..errors import AdvakodError, SettingsError
from .complaints import UsageError, sentence

BAD_USE = 2  # exit code: settings or arguments
FAILED = 1
INTERRUPTED = 130  # by Ctrl-C

# A module's `register` adds its commands.
MODULES = {
    "serve": "serving",
    "ask": "asking",
    "ingest": "ingesting",
    "search": "searching",
    "index": "searching",
    "guide": "guide",
    "eval": "evaluation",
    "key": "keys",
    "model": "models",
    "config": "config",
}


def application(arguments: Sequence[str]) -> typer.Typer:
    """The command line for these arguments.

    Only the module of the command that is named is imported, since all of them take a second and a
    third of an idle server's memory; for `--help`, or a name that is wrong, all are.
    """
    app = typer.Typer(
        name="advakod",
        help="ADVAKOD: помощник по российскому праву. Ответы со ссылками на статьи, которые не теряются.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_keep_names)
    named = arguments[0] if arguments else ""
    for module in dict.fromkeys([MODULES[named]] if named in MODULES else MODULES.values()):
        import_module(f".{module}", __package__).register(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        print(f"advakod {__version__}")
        raise typer.Exit


def _keep_names(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Версия программы.")
    ] = False,
) -> None:
    """ADVAKOD: помощник по российскому праву. Ответы со ссылками на статьи, которые не теряются."""


def main() -> None:
    """Run a command; an error is one sentence on stderr and an exit code, never a traceback."""
    try:
        sys.exit(application(sys.argv[1:])(standalone_mode=False) or 0)
    except UsageError as error:
        _say_use(error)
    except SettingsError as error:
        _say(error, BAD_USE)
    except AdvakodError as error:
        _say(error, FAILED)
    except KeyboardInterrupt:  # before a command runs; then it is the command's
        sys.exit(INTERRUPTED)


def _say_use(error: Exception) -> None:
    """A command without anything after it gets its help, any other mistake a sentence."""
    print(error if type(error).__name__ == "NoArgsIsHelpError" else sentence(error), file=sys.stderr)
    sys.exit(BAD_USE)


def _say(error: AdvakodError, code: int) -> None:
    print(f"{error.for_admin} [{error.code}]", file=sys.stderr)
    sys.exit(code)
