"""The one place that wires everything together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from fastapi import FastAPI

from . import __version__, web
from .accounts import Accounts, check_exposure
from .answers import Answers
from .api import (
    chat,
    compat,
    config,
    conversations,
    errors,
    feedback,
    health,
    law,
    metrics,
    responses,
    session_routes,
    snapshots,
    stats,
    suggestions,
    ws,
)
from .api.bodies import MOST_BODY, BodyLimit
from .api.doors import Doors
from .engine.interface import Engine
from .search import Search
from .settings import EngineKind, Settings
from .storage import Database

ROUTERS = (
    health.router,
    session_routes.router,
    responses.router,
    responses.more,
    snapshots.router,
    suggestions.router,
    ws.router,
    chat.router,
    conversations.router,
    conversations.tree_router,
    feedback.router,
    feedback.admin,
    compat.router,
    stats.router,
    metrics.router,
    config.router,
    law.router,
    web.docs.router,
    web.pages.router,
)


def make_engine(settings: Settings) -> Engine:
    """The engine that ADVAKOD_ENGINE names; only that one is imported. Raises SettingsError."""
    match settings.engine:
        case EngineKind.OPENAI:
            from .engine.openai import OpenAIEngine

            return OpenAIEngine.from_settings(settings)
        case EngineKind.LLAMA:
            from .engine.llama import LlamaEngine

            return LlamaEngine.from_settings(settings)
        case EngineKind.SCRIPTED:
            from .engine.scripted import ScriptedEngine

            return ScriptedEngine.from_settings(settings)
        case EngineKind.EXTRACTIVE:
            from .answers.extractive import ExtractiveEngine

            return ExtractiveEngine()


@asynccontextmanager
async def open_answers(settings: Settings, database: Database | None = None) -> AsyncIterator[Answers]:
    """Everything behind the API, running: for the server, and for commands that answer in process."""
    with (
        closing(database or Database(settings.sqlalchemy_url)) as opened,
        closing(Search(opened.open(), settings.data_dir, background=True)) as search,
    ):
        answers = Answers(settings, opened, search, make_engine(settings))
        try:
            await answers.start()
            yield answers
        finally:
            await answers.stop()


def create_app(settings: Settings) -> FastAPI:
    """The server's application. Raises SettingsError before anything is opened."""
    check_exposure(settings)
    database = Database(settings.sqlalchemy_url)
    accounts = Accounts(settings, database)
    site = web.Site.load()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_answers(settings, database) as answers:
            app.state.answers = answers
            yield

    app = FastAPI(
        title="ADVAKOD",
        version=__version__,
        lifespan=lifespan,
        responses=errors.RESPONSES,
        docs_url=None,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # ours is telemetry.py; theirs costs each request
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.accounts = accounts
    app.state.site = site
    for router in ROUTERS:
        app.include_router(router)
    page = web.pages.refused(site)
    errors.install(app, page)
    app.add_middleware(BodyLimit, most=MOST_BODY)
    app.add_middleware(Doors, accounts=accounts, page=page)
    return app
