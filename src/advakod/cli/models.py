"""`advakod model`: `pull` is in pulling.py, `check` is here."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ..engine.interface import Speed
from ..engine.llama import fit
from ..engine.llama.gguf import ModelFile, read_header
from ..engine.llama.launch import SHELF, batch_of, context_of, slots_of
from ..engine.llama.setup import Setup, prepare
from ..engine.llama.speed import SpeedBook
from ..errors import SettingsError
from ..settings import EngineKind, Settings, load_settings
from ..telemetry import setup_logging
from .arguments import program
from .download import readable
from .pulling import INTERRUPTED, pull, setting, title

group = typer.Typer(help="Модель для движка llama: скачать и проверить.", no_args_is_help=True)
group.command("pull")(pull)


@dataclass(frozen=True, slots=True)
class Card:
    """What `check` found, at the settings in force."""

    model: ModelFile
    settings: Settings
    slots: int
    context: int  # tokens of one text
    memory: fit.Memory
    free: int
    refused: SettingsError | None  # why the server would not start with it
    warning: str | None
    speed: Speed | None
    unmeasured: str = ""  # why the speed was to be measured and is not known

    @property
    def fits(self) -> bool:
        return self.memory.all <= self.free


@group.command("check")
def check(
    path: Annotated[
        Path | None, typer.Argument(metavar="ФАЙЛ", help="Файл GGUF. Без него — VISTRAL_MODEL_PATH.")
    ] = None,
    measure: Annotated[bool, typer.Option("--measure", help="Загрузить модель и измерить скорость.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="В JSON.")] = False,
) -> None:
    """Что это за модель, сколько ей нужно памяти, поместится ли и с какой скоростью пишет."""
    setup_logging("error")  # what it warns of is said here
    settings = load_settings(model_path=path and path.expanduser(), engine=EngineKind.LLAMA)
    if settings.model_path is None:
        raise typer.BadParameter("Нужен файл: advakod model check ФАЙЛ. Или задайте VISTRAL_MODEL_PATH.")
    card = _card(settings, settings.model_path.absolute())
    if measure and card.refused is None:
        try:
            speed, unmeasured = asyncio.run(_measured(settings))
            card = replace(card, speed=speed, unmeasured=unmeasured)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print(orjson.dumps(_facts(card), option=orjson.OPT_INDENT_2).decode())
    else:
        _show(card)
    if card.refused or card.unmeasured:
        raise typer.Exit(1)


def _card(settings: Settings, path: Path) -> Card:
    model, slots = read_header(path), slots_of(settings)
    context = context_of(settings, model)
    gpu, shelf = settings.n_gpu_layers, SHELF * fit.MIB
    setup, refused = _prepared(settings)
    return Card(
        model=model,
        settings=settings,
        slots=slots,
        context=context,
        memory=fit.need(model, context, slots, batch_of(settings), n_gpu_layers=gpu, shelf=shelf),
        free=fit.free(),
        refused=refused,
        warning=fit.context_warning(model, settings.n_ctx),
        speed=_kept_speed(setup) if setup else None,
    )


def _prepared(settings: Settings) -> tuple[Setup | None, SettingsError | None]:
    """As the server would start."""
    try:
        return prepare(settings), None
    except SettingsError as error:
        return None, error


def _kept_speed(setup: Setup) -> Speed | None:
    """What was measured of this model on this machine."""
    book = SpeedBook(setup.speed_file, setup.machine)
    book.load()
    return book.estimate(1)


async def _measured(settings: Settings) -> tuple[Speed | None, str]:
    """Loads the model and lets it read and write a little, which is kept for the server; or why it is not known."""
    from ..engine.llama.engine import LlamaEngine

    engine = LlamaEngine.from_settings(settings)
    try:
        await engine.start()
        await engine.ready()
        info = await engine.info()
        return info.speed, "" if info.speed else str(info.details.get("unmeasured") or "Модель ничего не написала.")
    finally:
        await engine.stop()


def _show(card: Card) -> None:
    table = Table(Column(style="bold", no_wrap=True), Column(overflow="fold"), box=None, show_header=False)
    for name, value in _rows(card):
        table.add_row(name, Text(value))
    console = Console()
    console.print(table)
    if card.warning:
        console.print(f"! {card.warning}", style="yellow", markup=False)
    if card.refused:
        print(f"{card.refused.message} [{card.refused.code}]", file=sys.stderr)
        return
    if card.unmeasured:
        print(f"Измерить скорость не удалось: {card.unmeasured}", file=sys.stderr)
        return
    print(f"\nСтрока для .env:\n  {setting(card.model.path)}")
    if card.speed is None:
        command = f"{program()} model check {shlex.quote(str(card.model.path))} --measure"
        print(f"Измерить скорость (модель загрузится, дальше до минуты):\n  {command}")


def _rows(card: Card) -> Iterator[tuple[str, str]]:
    model, settings, memory = card.model, card.settings, card.memory
    yield "Модель", title(model)
    yield "Файл", f"{model.path}, {readable(model.bytes)}, целый"
    yield (
        "Обучена",
        f"на текстах до {_number(model.n_ctx_train)} токенов" if model.n_ctx_train else "не указано, на чём",
    )
    yield "Шаблон беседы", "есть" if model.chat_template else "нет в файле, берётся простой"
    yield (
        "Настройки",
        (
            f"VISTRAL_N_CTX={settings.n_ctx}, ответов сразу (VISTRAL_MAX_CONCURRENCY) — {card.slots}"
            + (
                f", слоёв на видеокарте (VISTRAL_N_GPU_LAYERS) — {settings.n_gpu_layers}"
                if settings.n_gpu_layers
                else ""
            )
        ),
    )
    yield "Нужно памяти", f"{readable(memory.all)} ({memory.told()} ГиБ)"
    yield "Свободно", readable(card.free)
    yield "Поместится", "да" if card.fits else "нет"
    yield "Скорость", _speed(card)


def _speed(card: Card) -> str:
    if card.speed is None:
        return "не измерена"
    per_answer = card.settings.max_tokens / card.speed.writing
    return (
        f"читает {_rate(card.speed.reading)}, пишет {_rate(card.speed.writing)} токенов в секунду; "
        f"ответ наибольшей длины ({card.settings.max_tokens}) пишется около {_duration(per_answer)}"
    )


def _rate(tokens: float) -> str:
    return f"{tokens:.1f}".replace(".", ",") if tokens < 10 else f"{tokens:.0f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} с" if seconds < 100 else f"{seconds / 60:.0f} мин"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _facts(card: Card) -> dict[str, Any]:
    """As other programs read it; bytes, and tokens a second."""
    names = ("bytes", "name", "architecture", "parameters", "quantisation", "layers", "n_ctx_train", "fingerprint")
    return {
        "path": str(card.model.path),
        **{name: getattr(card.model, name) for name in names},
        "has_template": bool(card.model.chat_template),
        "settings": {
            "n_ctx": card.settings.n_ctx,
            "context": card.context,
            "slots": card.slots,
            "n_gpu_layers": card.settings.n_gpu_layers,
        },
        "memory": asdict(card.memory) | {"all": card.memory.all, "free": card.free},
        "fits": card.fits,
        "starts": card.refused is None,
        "advice": card.refused.message if card.refused else card.warning,
        "speed": {name: round(rate, 3) for name, rate in asdict(card.speed).items()} if card.speed else None,
        "unmeasured": card.unmeasured or None,
        "setting": setting(card.model.path),
    }


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="model")
