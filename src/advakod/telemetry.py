"""Logs and metrics: what an operator sees of a process from outside.

A log record is one line. Nothing that a person asked and no key is written at `info` or above: rooms log
identifiers, and third-party libraries, which may quote what they were given, are heard from `warning` on.
"""

from __future__ import annotations

import datetime as dt
import logging
import platform
import sys
from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

# Seconds. The upper ends are DESIGN's: a usual answer takes 30–120 s on a CPU, a hard one up to 15 minutes.
RUN_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800)
FIRST_TOKEN_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900)
SPEED_BUCKETS = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 200, 500, 1000)  # tokens per second
FLUSH_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)

_FACTS_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_HANDLER_NAME = "advakod"


class Metrics:
    """One process's metrics, in a registry of their own: several may live in one process (tests)."""

    def __init__(self, version: str = "") -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        build = Info("advakod_build", "Version of the server.", registry=registry)
        build.info({"version": version, "python": platform.python_version()})
        self._engine = Info("advakod_engine", "What writes the text.", registry=registry)
        self._runs = Counter("advakod_runs", "Runs ended here.", ["status", "reason"], registry=registry)
        self._seconds = Histogram(
            "advakod_run_duration_seconds",
            "From the question to the end of its run, by status.",
            ["status"],
            buckets=RUN_BUCKETS,
            registry=registry,
        )
        self._first_token = Histogram(
            "advakod_time_to_first_token_seconds",
            "From the question to the first text.",
            buckets=FIRST_TOKEN_BUCKETS,
            registry=registry,
        )
        self._speed = Histogram(
            "advakod_tokens_per_second",
            "Speed of one run from its first text to its end.",
            buckets=SPEED_BUCKETS,
            registry=registry,
        )
        self._flush = Histogram(
            "advakod_flush_duration_seconds",
            "One commit of the event log, for all runs that were due.",
            buckets=FLUSH_BUCKETS,
            registry=registry,
        )
        self._events = Counter("advakod_events", "Events committed to the log by flushes.", registry=registry)
        self._running = Gauge("advakod_runs_running", "Runs being written here now.", registry=registry)
        self._concurrency = Gauge("advakod_runs_running_limit", "Runs written here at most.", registry=registry)
        self._readers = Gauge("advakod_readers", "Readers connected to runs here.", registry=registry)
        self._queued = Gauge("advakod_runs_queued", "Waiting runs of all processes.", registry=registry)
        self._database = Gauge("advakod_database_up", "1 when the database answered this scrape.", registry=registry)

    def run_ended(
        self,
        *,
        status: str,
        reason: str,
        seconds: float,
        first_token: float | None,
        tokens_per_second: float | None,
    ) -> None:
        """A run has ended in this process."""
        self._runs.labels(status, reason).inc()
        self._seconds.labels(status).observe(seconds)
        if first_token is not None:
            self._first_token.observe(first_token)
        if tokens_per_second is not None:
            self._speed.observe(tokens_per_second)

    def flushed(self, events: int, seconds: float) -> None:
        """A flush has been committed: `events` of it."""
        self._flush.observe(seconds)
        self._events.inc(events)

    def engine_is(self, facts: Mapping[str, str]) -> None:
        self._engine.info(dict(facts))

    def expose(self, *, running: int, concurrency: int, readers: int, queued: int | None) -> bytes:
        """Prometheus' text with the state of this moment; `queued` is None while the database is away."""
        self._running.set(running)
        self._concurrency.set(concurrency)
        self._readers.set(readers)
        self._database.set(queued is not None)
        self._queued.set(float("nan") if queued is None else queued)
        return generate_latest(self.registry)


def setup_logging(level: str = "info") -> None:
    """Everything to stderr, one line a record, uvicorn's loggers included. May be called again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.name = _HANDLER_NAME
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if kept.name != _HANDLER_NAME] + [handler]
    root.setLevel(logging.WARNING)
    for name in ("advakod", "uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(level.upper())
    if level != "debug":  # a line for each request is the proxy's business
        logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


class LineFormatter(logging.Formatter):
    """`2025-01-31T12:00:00.000Z INFO advakod.answers.worker: message key=value`; a traceback folds into the line.

    One line whatever was logged, so that what a stranger sends cannot forge a record.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        said = [record.getMessage(), *_facts(record)]
        if record.exc_info:
            said.append(self.formatException(record.exc_info))
        if record.stack_info:
            said.append(self.formatStack(record.stack_info))
        line = f"{time.replace('+00:00', 'Z')} {record.levelname} {record.name}: {' '.join(said)}"
        return " ⏎ ".join(line.splitlines())


def _facts(record: logging.LogRecord) -> list[str]:
    """What was given as `extra`."""
    return [f"{name}={value}" for name, value in vars(record).items() if name not in _FACTS_OF_EVERY_RECORD]
