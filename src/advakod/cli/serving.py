"""`advakod serve`."""

from __future__ import annotations

import asyncio
import errno
import gc
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
import uvicorn

from ..api.bodies import MOST_BODY
from ..app import create_app
from ..errors import SettingsError
from ..settings import Settings, load_settings
from ..telemetry import setup_logging
from .arguments import program

OPEN_FILES = 65_536  # each reader is one; Debian's usual limit is 1,024, and a process may raise it to the hard one
BACKLOG = 4_096  # connections that wait to be accepted: a thousand readers may come back at once


def serve(
    host: Annotated[str | None, typer.Option(help="Адрес; по умолчанию ADVAKOD_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Порт; 0 — любой свободный. По умолчанию ADVAKOD_PORT.")] = None,
) -> None:
    """Запустить сервер."""
    settings = load_settings(host=host, port=port)
    setup_logging(settings.log_level)
    _allow_many_readers()
    with _bound(settings) as listening, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, listening))


async def _serve(settings: Settings, listening: socket.socket) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        address = f"http://{_shown(settings.host)}:{listening.getsockname()[1]}"
        server = Server(_uvicorn(app, settings), app, _greeting(address, settings))
        await server.serve(sockets=[listening])


class Server(uvicorn.Server):
    """uvicorn that says where it is, and on shutdown ends the streams first: their readers come back."""

    def __init__(self, config: uvicorn.Config, app: Any, greeting: str) -> None:
        super().__init__(config)
        self._app = app
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what a started server holds it holds for ever: no full collection needs to walk it again
        print(self._greeting, flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal ends the serving alone: raised again, it would end the process before its runs are handed back."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.answers.hub.close()
        await super().shutdown(sockets)


def _uvicorn(app: Any, settings: Settings) -> uvicorn.Config:
    times = settings.time
    return uvicorn.Config(
        app,
        lifespan="off",  # opened by _serve, so that a failure is a sentence and not a traceback
        log_config=None,
        access_log=False,
        http="httptools",
        ws="websockets-sansio",
        ws_ping_interval=times.heartbeat,
        ws_ping_timeout=times.client_silence,
        ws_per_message_deflate=False,
        ws_max_size=MOST_BODY,
        timeout_keep_alive=int(times.server_keepalive) + 1,
        timeout_graceful_shutdown=max(1, int(times.heartbeat)),
        proxy_headers=False,  # who asks is decided by api.doors
        server_header=False,
        backlog=BACKLOG,
    )


def _allow_many_readers() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise SettingsError(str(error), message=_why_not(settings, error)) from error
    return listening


def _why_not(settings: Settings, error: Exception) -> str:
    place = f"{settings.host}:{settings.port}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        other = settings.port + 1 if settings.port < 65_535 else 8001
        return f"{place} уже занят — может быть, ADVAKOD там и работает. Другой порт: ADVAKOD_PORT={other}."
    return f"Нельзя занять {place} ({error}). Задайте другой адрес в ADVAKOD_HOST или порт в ADVAKOD_PORT."


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # not built for this platform
        return None
    return uvloop.new_event_loop


def _greeting(address: str, settings: Settings) -> str:
    return (
        f"ADVAKOD слушает {address} — открыть: {address}/chat, "
        f'спросить: {program()} ask --url {address} "ваш вопрос" '
        f"(движок {settings.engine}, данные {settings.data_dir.absolute()})"
    )


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - shown, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
