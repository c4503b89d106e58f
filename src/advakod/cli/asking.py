"""`advakod ask`."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import orjson
import typer

from ..accounts import LOCAL
from ..answers import Answers, Request, wire
from ..app import open_answers
from ..client import RunClient
from ..errors import AdvakodError
from ..settings import load_settings
from .arguments import date as parse_date
from .root import INTERRUPTED

STAGES = {
    "queued": "в очереди, место {position}",
    "searching": "ищу в законах…",
    "reading": "читаю найденное…",
    "writing": "пишу ответ…",
    "checking": "проверяю ссылки…",
}
VERDICTS = {
    "verified": "проверено: норма найдена и прочитана",
    "not_in_context": "норма есть, но ответ её не читал",
    "no_such_provision": "такой нормы нет",
    "act_not_loaded": "акт не загружен",
    "ambiguous": "непонятно, какой акт",
    "repealed": "утратила силу",
    "summary": "по краткому пересказу",
}


class Door(Protocol):
    """A place to ask: this process, or a running server."""

    async def ask(self, question: str, as_of: dt.date | None) -> str: ...

    def events(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]: ...

    async def cancel(self, run_id: str) -> None: ...


@dataclass
class Answer:
    """What `--json` prints."""

    id: str = ""
    status: str = "queued"
    reason: str | None = None
    message: str | None = None
    text: str = ""
    citations: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)

    def take(self, event: dict[str, Any]) -> None:
        """Fold one event in."""
        match event["type"]:
            case "response.output_text.delta":
                self.text += event["delta"]
            case "advakod.sources":
                self.sources = event["sources"]
            case "advakod.citations":
                self.citations = event["citations"]
            case "advakod.notice":
                self.notices.append({"code": event["code"], "message": event["message"]})
            case "response.completed" | "response.failed" | "response.incomplete":
                self._end(event["response"])

    def _end(self, response: dict[str, Any]) -> None:
        self.status = response["status"]
        why = response["error"] or response["incomplete_details"] or {}
        self.reason = why.get("advakod_code") or why.get("reason")
        self.message = why.get("message")

    @property
    def facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def ask(
    question: Annotated[str, typer.Argument(help="Вопрос; «-» — читать со стандартного ввода.")],
    url: Annotated[
        str | None, typer.Option(help="Адрес работающего сервера; без него отвечает эта же команда.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="ADVAKOD_KEY", help="Ключ доступа к серверу.")] = None,
    date: Annotated[str | None, typer.Option(help="На какую дату нужен закон: ГГГГ-ММ-ДД.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Один объект JSON вместо текста.")] = False,
) -> None:
    """Задать вопрос и получить ответ. Ctrl-C останавливает ответ."""
    text = sys.stdin.read() if question == "-" else question
    answer = asyncio.run(_ask(text, url, key, parse_date(date), quiet=as_json))
    if as_json:
        print(orjson.dumps(answer.facts, option=orjson.OPT_INDENT_2).decode())
    if answer.status == "cancelled":
        raise typer.Exit(INTERRUPTED)
    if answer.status != "completed":
        raise typer.Exit(1)


async def _ask(question: str, url: str | None, key: str | None, date: dt.date | None, *, quiet: bool) -> Answer:
    async with _door(url, key) as door:
        answer = Answer(id=await door.ask(question, date))
        stopping = _stop_on_ctrl_c(door, answer.id)
        async for event in door.events(answer.id):
            answer.take(event)
            if not quiet:
                _show(event)
        await asyncio.gather(*stopping)
    if not quiet:
        _show_end(answer)
    return answer


def _stop_on_ctrl_c(door: Door, run_id: str) -> list[asyncio.Task[None]]:
    """The first Ctrl-C stops the run, and its end is still read; the second leaves at once."""
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stopping.append(loop.create_task(_stop(door, run_id)))

    loop.add_signal_handler(signal.SIGINT, stop)
    return stopping


async def _stop(door: Door, run_id: str) -> None:
    try:
        await door.cancel(run_id)
    except AdvakodError as error:
        print(f"\nОстановить не удалось: {error.message} [{error.code}]", file=sys.stderr)


def _show(event: dict[str, Any]) -> None:
    if event["type"] == "response.output_text.delta":
        print(event["delta"], end="", flush=True)
    elif event["type"] == "advakod.stage" and sys.stderr.isatty():
        print(f"· {STAGES.get(event['stage'], event['stage']).format_map(event)}", file=sys.stderr)
    elif event["type"] == "advakod.notice":
        print(f"! {event['message']}", file=sys.stderr)


def _show_end(answer: Answer) -> None:
    print()
    if answer.citations:
        print("\nСсылки:")
    for line in dict.fromkeys(map(_cited, answer.citations)):
        print(f"  {line}")
    if answer.message:
        print(f"\n{answer.message} [{answer.reason}]", file=sys.stderr)


def _cited(citation: dict[str, Any]) -> str:
    place = citation["address"] or citation["text"]
    title = f" — {citation['title']}" if citation["title"] else ""
    return f"{place}{title}: {VERDICTS.get(citation['verdict'], citation['verdict'])}"


@asynccontextmanager
async def _door(url: str | None, key: str | None) -> AsyncIterator[Door]:
    if url is not None:
        async with RunClient(url, key) as client:
            yield _There(client)
        return
    settings = load_settings().model_copy(update={"max_concurrency": 1})
    async with open_answers(settings) as answers:
        yield _Here(answers)


class _There:
    """A running server."""

    def __init__(self, client: RunClient) -> None:
        self._client = client

    async def ask(self, question: str, as_of: dt.date | None) -> str:
        return await self._client.create(question, **({"as_of": as_of.isoformat()} if as_of else {}))

    async def events(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        async with aclosing(self._client.events(run_id)) as events:
            async for event in events:
                yield event.data

    async def cancel(self, run_id: str) -> None:
        await self._client.cancel(run_id)


class _Here:
    """This process; the run is as durable as on a server, and a server on the same data may go on with it."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def ask(self, question: str, as_of: dt.date | None) -> str:
        request = Request(question, model="advakod", as_of=as_of)
        return (await self._answers.ask(LOCAL.name, request)).id

    async def events(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        async with aclosing(self._answers.follow(run_id, -1, self._answers.settings.heartbeat)) as batches:
            async for frames in batches:
                for frame in frames:
                    yield orjson.loads(wire.body_of(frame))

    async def cancel(self, run_id: str) -> None:
        await self._answers.cancel(LOCAL.name, run_id)


def register(app: typer.Typer) -> None:
    app.command("ask")(ask)
