"""Log lines as they reach the terminal."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

from advakod.telemetry import setup_logging

NAMES = (None, "advakod", "uvicorn", "uvicorn.error", "uvicorn.access")
log = logging.getLogger("advakod.answers.worker")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = [(logging.getLogger(n), logging.getLogger(n).handlers, logging.getLogger(n).level) for n in NAMES]
    before = [(logger, list(handlers), level) for logger, handlers, level in before]
    yield
    for logger, handlers, level in before:
        logger.handlers = handlers
        logger.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_record_is_one_line_with_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info")
    setup_logging("info")
    log.info("took over %d runs", 3, extra={"worker": "w1"})
    log.debug("not heard")
    (line,) = lines(capsys)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO advakod\.answers\.worker: took over 3 runs worker=w1", line
    )


def test_a_traceback_and_a_strangers_newlines_stay_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info")
    log.error("run failed", exc_info=ValueError("first\nsecond\u2028third"))
    (line,) = lines(capsys)
    assert "run failed" in line
    assert "ValueError: first ⏎ second ⏎ third" in line


def test_uvicorn_speaks_the_same_and_libraries_only_when_something_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    setup_logging("info")
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("sqlalchemy.engine").info("INSERT …")
    logging.getLogger("aiohttp").warning("slow")
    said = lines(capsys)
    assert [line.split(" ", 1)[1] for line in said] == ["INFO uvicorn.error: Started", "WARNING aiohttp: slow"]
