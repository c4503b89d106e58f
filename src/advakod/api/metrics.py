"""`/metrics` for Prometheus: this process, and the queue of all."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import PlainTextResponse, Response

from ..answers import Answers, stats
from ..engine.interface import EngineInfo
from ..errors import StorageError
from .doors import require_admin
from .responses import Room

log = logging.getLogger(__name__)

router = APIRouter(tags=["operations"], dependencies=[Depends(require_admin)])


@router.get("/metrics", summary="Показатели для Prometheus", response_class=PlainTextResponse)
async def metrics(answers: Room) -> Response:
    """Отвечает и тогда, когда база недоступна: `advakod_database_up` тогда 0."""
    answers.metrics.engine_is(engine_facts(await answers.engine.info()))
    body = answers.metrics.expose(
        running=answers.running,
        concurrency=answers.concurrency,
        readers=answers.hub.readers,
        queued=await _queued(answers),
    )
    return Response(body, headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})


def engine_facts(info: EngineInfo) -> dict[str, str]:
    """What an engine says about itself, as labels."""
    return {
        "name": info.name,
        "model": info.model,
        "continuation": info.continuation,
        "fingerprint": info.fingerprint,
    }


async def _queued(answers: Answers) -> int | None:
    try:
        return await answers.database.read(stats.queue_length)
    except StorageError as error:
        log.warning("no queue length for this scrape: %s", error.detail)
        return None
