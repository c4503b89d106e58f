"""`advakod key`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..accounts import Role, new_key

group = typer.Typer(help="Ключи доступа.", no_args_is_help=True)


@group.callback()
def _group() -> None:
    """Keeps `new` a command of its own."""


@group.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="ИМЯ", help="Имя владельца: латинские буквы, цифры, дефис.")],
    role: Annotated[
        Role, typer.Option(help="user задаёт вопросы; admin видит ещё настройки и статистику.")
    ] = Role.USER,
) -> None:
    """Создать ключ. Сам ключ показывается один раз, серверу нужен только его хеш."""
    secret, entry = new_key(name, role)
    print(f"Ключ (передайте владельцу, больше он показан не будет):\n  {secret}\n")
    print(f"Строка для ADVAKOD_API_KEYS на сервере (несколько — через запятую):\n  {entry}")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="key")
