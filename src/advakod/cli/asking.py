"""`advakod ask`."""

from __future__ import annotations

import asyncio
import datetime as dt
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Annotated

import orjson
import typer

from ..errors import AdvakodError
from .answer import Answer
from .arguments import DAY, program, server_address
from .arguments import date as parse_date
from .doors import Door, open_door
from .root import FAILED, INTERRUPTED
from .screen import Screen

LEAVE = 3.0  # seconds that a stop asked for by Ctrl-C may take; who wants to go is not held longer


def ask(
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="ВОПРОС", help="Вопрос, можно без кавычек; «-» — читать со стандартного ввода."),
    ] = None,
    continued: Annotated[
        str | None, typer.Option("--continue", metavar="НОМЕР", help="Продолжить неоконченный ответ.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Адрес работающего сервера; без него отвечает эта же команда.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="ADVAKOD_KEY", help="Ключ доступа к серверу.")] = None,
    date: Annotated[str | None, typer.Option(help=f"На какую дату нужен закон: {DAY}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Один объект JSON вместо текста.")] = False,
) -> None:
    """Задать вопрос и получить ответ. Ctrl-C останавливает ответ."""
    if bool(question) == bool(continued):
        raise typer.BadParameter("Нужен или вопрос, или --continue НОМЕР.")
    if continued and date:
        raise typer.BadParameter("Ответ продолжается на ту же дату: --date с --continue не нужен.")
    address = server_address(url)
    begin = _going_on(continued) if continued else _asking(question or [], parse_date(date))
    answer = asyncio.run(_ask(begin, address, key, quiet=as_json))
    if as_json:
        print(orjson.dumps(answer.facts, option=orjson.OPT_INDENT_2).decode())
    if answer.status in ("cancelled", "in_progress"):
        raise typer.Exit(INTERRUPTED)
    if answer.status != "completed":
        raise typer.Exit(FAILED)


Begin = Callable[[Door], Awaitable[str]]


def _asking(words: list[str], as_of: dt.date | None) -> Begin:
    text = sys.stdin.read() if words == ["-"] else " ".join(words)
    return lambda door: door.ask(text, as_of)


def _going_on(run_id: str) -> Begin:
    return lambda door: door.continue_(run_id)


async def _ask(begin: Begin, url: str | None, key: str | None, *, quiet: bool) -> Answer:
    screen = Screen()
    async with open_door(url, key, screen) as door:
        answer = Answer(id=await begin(door))
        reading = asyncio.create_task(_read(door, answer, None if quiet else screen))
        stopping = _stop_on_ctrl_c(door, answer.id, reading)
        await asyncio.wait([reading])
        await asyncio.gather(*stopping)
        if reading.cancelled():
            screen.left(answer.id)
            return answer
        reading.result()
    if not quiet:
        screen.end(answer, _command(answer.id, url))
    return answer


async def _read(door: Door, answer: Answer, screen: Screen | None) -> None:
    async with aclosing(door.events(answer.id)) as events:
        async for event in events:
            answer.take(event)
            if screen is not None:
                screen.event(event)


def _stop_on_ctrl_c(door: Door, run_id: str, reading: asyncio.Task[None]) -> list[asyncio.Task[None]]:
    """The first Ctrl-C stops the run, and its end is still read; the second leaves at once."""
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stopping.append(loop.create_task(_stop(door, run_id, reading)))

    loop.add_signal_handler(signal.SIGINT, stop)
    return stopping


async def _stop(door: Door, run_id: str, reading: asyncio.Task[None]) -> None:
    """Stop the run and let its end be read; when that fails or takes LEAVE, end the reading."""
    try:
        async with asyncio.timeout(LEAVE):
            await door.cancel(run_id)
            await asyncio.wait([reading])
    except (AdvakodError, TimeoutError):
        reading.cancel()


def _command(run_id: str, url: str | None) -> str:
    return f"{program()} ask --continue {run_id}" + (f" --url {shlex.quote(url)}" if url else "")


def register(app: typer.Typer) -> None:
    app.command("ask")(ask)
