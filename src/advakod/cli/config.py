"""`advakod config`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ..settings import Origin, describe, describe_time, load_settings

ORIGINS = {
    Origin.OPTION: "командная строка",
    Origin.ENVIRONMENT: "окружение",
    Origin.ENV_FILE: "файл .env",
    Origin.DEFAULT: "по умолчанию",
}
TIMES = {
    "budget": "сколько может писаться один ответ (D)",
    "heartbeat": "дольше этого поток не молчит (H)",
    "queue_wait": "сколько вопрос ждёт очереди",
    "first_token": "сколько ждать от модели первого слова",
    "stall": "сколько модель может молчать между словами",
    "engine_read": "ожидание чтения от движка",
    "proxy_read": "proxy_read_timeout и proxy_send_timeout в nginx",
    "client_silence": "после такого молчания клиент считает связь потерянной",
    "reader_gone": "после такого молчания читатель считается ушедшим",
    "lease": "аренда ответа обработчиком",
    "renewal": "как часто аренда продлевается",
    "reaper": "как часто ищутся зависшие ответы",
    "lease_horizon": "аренда дальше этого считается истёкшей: часы перевели",
    "liveness": "как часто проверяется, живы ли обработчики",
    "progress": "не чаще этого сообщаются место в очереди и ход чтения",
    "proxy_keepalive": "keepalive_timeout в upstream nginx",
    "server_keepalive": "keep-alive сервера",
    "shutdown": "worker_shutdown_timeout в nginx",
}


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
        table.add_row(fact.name, "" if fact.value is None else str(fact.value), ORIGINS[fact.source])
    console.print(table)
    console.print("\nВремя, секунды:")
    table = Table(box=None, show_header=False)
    for name, seconds in times.items():
        table.add_row(name, f"{seconds:g}", TIMES.get(name, ""))
    console.print(table)


def register(app: typer.Typer) -> None:
    app.command("config")(config)
