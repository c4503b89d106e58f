"""`advakod model pull`."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column, Table
from rich.text import Text

from ..engine.llama.fit import free
from ..engine.llama.gguf import ModelFile, read_header
from ..errors import AdvakodError
from ..settings import load_settings
from .arguments import program
from .download import Doing, NoRoomError, Target, TargetDiffersError, Told, download, is_there, readable
from .hub import Address, Hub, HubError, NoSuchModelError, RemoteFile, Repository, address

INTERRUPTED = 130  # by Ctrl-C
# Bytes that a model takes beside its file: a context of 8,192 tokens, work buffers and prompts set aside. 2.0 GiB for
# Vistral-24B, 1.8 for a 7B of the same family, 1.1 for a 3B. Only `model check` is exact, with the file at hand.
BESIDE = 2 << 30
DOING = {Doing.LOADING: "Скачивание", Doing.WAITING: "Связи нет, жду", Doing.CHECKING: "Проверка суммы"}
STATUSES = {
    "downloaded": "Скачано, контрольная сумма сошлась: {}",
    "present": "Этот файл уже есть, контрольная сумма сошлась: {}",
    "planned": "Будет скачано в {}",
    "in_the_way": "Другой файл с этим именем уже есть, без --force он останется: {}",
}
SPLIT = (
    "{} — модель, разбитая на части ({}); такие не поддерживаются. Возьмите целый файл или соедините части "
    "программой llama-gguf-split --merge из llama.cpp."
)


class ChoiceError(AdvakodError):
    """Which file of the repository is meant is not clear, or it cannot be used."""

    code = "model_choice"
    user_message = "Назовите файл: --file ИМЯ."


def pull(
    repository: Annotated[
        str, typer.Argument(metavar="ХРАНИЛИЩЕ", help="владелец/название на huggingface.co или адрес страницы.")
    ],
    file: Annotated[str, typer.Option(metavar="ИМЯ", help="Файл GGUF или часть его имени: Q4_K_M.")] = "",
    to: Annotated[Path | None, typer.Option(metavar="ПАПКА", help="Куда. Без него — models в папке данных.")] = None,
    revision: Annotated[str, typer.Option(metavar="ВЕРСИЯ", help="Ветка, метка или коммит.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Заменить другой файл с тем же именем.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ничего не скачивать, только показать.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="В JSON.")] = False,
) -> None:
    """Скачать модель. Прерванное продолжается той же командой, контрольная сумма проверяется."""
    asked = address(repository)
    wanted = file or asked.file
    hub = Hub()
    there = hub.repository(Address(asked.repository, wanted, revision or asked.revision))
    chosen = _choose(there, wanted)
    if chosen is None:
        _offer(there, wanted, dry_run=dry_run, as_json=as_json)
        return
    folder = (to or load_settings().data_dir / "models").expanduser().absolute()
    target = Target(there, chosen, folder / chosen.base)
    status = _look(target) if dry_run else _pull(hub, target, force=force)
    _tell(target, status, as_json=as_json)


def _choose(there: Repository, wanted: str) -> RemoteFile | None:
    """The file that is meant; nothing when there are several to choose from."""
    if not there.files:
        raise NoSuchModelError(message=f"В {there.name} нет файлов GGUF. Ищите хранилище с «GGUF» в названии.")
    exact = [file for file in there.files if wanted in (file.name, file.base)]
    alike = [file for file in there.files if wanted.lower() in file.name.lower() and (wanted or file.is_model)]
    found = exact or alike
    if not found:
        names = ", ".join(file.name for file in there.files)
        raise NoSuchModelError(message=f"В {there.name} нет файла «{wanted}». Есть: {names}.")
    if len(found) == 1 and found[0].parts > 1:
        raise ChoiceError(message=SPLIT.format(found[0].base, found[0].parts))
    return found[0] if len(found) == 1 else None


def _offer(there: Repository, wanted: str, *, dry_run: bool, as_json: bool) -> None:
    """What there is to choose from; unless that is all that was asked for, an error with the command to type."""
    room = free()
    if as_json:
        _print({"repository": there.name, "revision": there.commit, "files": [_facts(f, room) for f in there.files]})
    else:
        Console().print(_table(there.files, room))
    if dry_run:
        return
    fitting = [file for file in there.files if wanted.lower() in file.name.lower() and _fits(file, room)]
    name = fitting[-1].name if fitting else "ИМЯ"
    command = f"{program()} model pull {shlex.quote(there.name)} --file {shlex.quote(name)}"
    raise ChoiceError(message=f"Файлов несколько, назовите один: {command}")


def _table(files: Sequence[RemoteFile], room: int) -> Table:
    table = Table(
        Column("Файл", overflow="fold"), "Размер", f"Памяти (свободно {readable(room)})", box=None, header_style="bold"
    )
    for file in files:
        table.add_row(Text(file.name), readable(file.bytes), _verdict(file, room))
    return table


def _verdict(file: RemoteFile, room: int) -> str:
    if not file.is_model:
        return "— это не сама модель"
    if file.parts > 1:
        return f"— разбит на части ({file.parts}), не подойдёт"
    return f"около {readable(_rough(file))}: " + ("поместится" if _fits(file, room) else "не поместится")


def _fits(file: RemoteFile, room: int) -> bool:
    return file.is_model and file.parts == 1 and _rough(file) <= room


def _rough(file: RemoteFile) -> int:
    return file.bytes + BESIDE


def _pull(hub: Hub, target: Target, *, force: bool) -> str:
    """Whatever stops it, what has come stays, and that is said."""
    try:
        with _progress(target.file.bytes) as told:
            if _is_there(target, told, force=force):
                return "present"
            _say_start(target)
            download(hub, target, told)
    except (HubError, NoRoomError):
        _say_kept(target)
        raise
    except KeyboardInterrupt:
        _say_kept(target)
        raise typer.Exit(INTERRUPTED) from None
    return "downloaded"


def _is_there(target: Target, told: Told, *, force: bool) -> bool:
    try:
        return is_there(target, told)
    except TargetDiffersError:
        if force and target.path.is_file():
            return False
        raise


def _say_start(target: Target) -> None:
    done = f", из них есть {readable(target.done)}" if target.done else ""
    print(f"{target.file.name}, {readable(target.file.bytes)}{done} → {target.path}", file=sys.stderr)


def _say_kept(target: Target) -> None:
    if done := target.done:
        print(
            f"\nСкачано {readable(done)} из {readable(target.file.bytes)}, это сохранено: {target.part}\n"
            "Чтобы продолжить, повторите ту же команду.",
            file=sys.stderr,
        )


def _look(target: Target) -> str:
    """What a download would find."""
    try:
        with _progress(target.file.bytes) as told:
            return "present" if is_there(target, told) else "planned"
    except TargetDiffersError:
        return "in_the_way"


def _tell(target: Target, status: str, *, as_json: bool) -> None:
    """The outcome, and the line that makes it the model in force. Raises ModelFileError for what is no model."""
    model = read_header(target.path) if status in ("downloaded", "present") else None
    if as_json:
        _print(_outcome(target, status))
        return
    print(STATUSES[status].format(target.path))
    if status == "planned":
        need, room = target.room()
        print(
            f"Осталось скачать {readable(need)} из {readable(target.file.bytes)}; на диске свободно {readable(room)}."
        )
        print(f"Памяти {_verdict(target.file, room := free())} (свободно {readable(room)}).")
    if model is not None:
        print(f"Модель: {title(model)}.")
        print(f"\nСтрока для .env:\n  {setting(target.path)}")
        print(f"Хватит ли памяти и какова скорость:\n  {program()} model check {shlex.quote(str(target.path))}")


def _outcome(target: Target, status: str) -> dict[str, Any]:
    need, room = target.room()
    return {
        "status": status,
        "repository": target.there.name,
        "revision": target.there.commit,
        **_facts(target.file, free()),
        "path": str(target.path),
        "disk": {"need": 0 if status == "present" else need, "free": room},
        "setting": setting(target.path),
    }


def _facts(file: RemoteFile, room: int) -> dict[str, Any]:
    """A file as other programs read it; the memory is a guess from its size."""
    names = ("name", "bytes", "sha256", "parts")
    told = {name: getattr(file, name) for name in names}
    return told | {"memory": _rough(file), "free_memory": room, "fits": _fits(file, room)}


def setting(path: Path) -> str:
    """A line of an .env file."""
    plain = re.fullmatch(r"[\w./+:@%,=-]+", str(path))
    quoted = str(path) if plain else "'{}'".format(str(path).replace("\\", "\\\\").replace("'", "\\'"))
    return f"VISTRAL_MODEL_PATH={quoted}"


def title(model: ModelFile) -> str:
    """«Vistral 24B Instruct, llama, Q4_K_M, 23,6 млрд параметров»."""
    return ", ".join(filter(None, (model.name, model.architecture, model.quantisation, _parameters(model.parameters))))


def _parameters(count: int) -> str:
    billions = count >= 10**9
    return f"{count / (10**9 if billions else 10**6):.1f} {'млрд' if billions else 'млн'} параметров".replace(".", ",")


def _print(body: object) -> None:
    print(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())


@contextmanager
def _progress(total: int) -> Iterator[Told]:
    """A bar on stderr; where that is no terminal, a line every tenth of the way."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _Lines(total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        tasks: dict[Doing, Any] = {}

        def tell(doing: Doing, done: int) -> None:
            task = Doing.LOADING if doing is Doing.WAITING else doing
            if task not in tasks:
                tasks[task] = progress.add_task(DOING[task], total=total, completed=done)
            progress.update(tasks[task], description=DOING[doing], completed=done)

        yield tell


class _Lines:
    """For logs."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._said = (Doing.LOADING, -1)

    def __call__(self, doing: Doing, done: int) -> None:
        step = (doing, 10 * done // max(1, self._total))
        if step != self._said:
            self._said = step
            print(f"{DOING[doing]}: {readable(done)} из {readable(self._total)}", file=sys.stderr, flush=True)
