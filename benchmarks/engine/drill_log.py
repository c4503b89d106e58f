"""One question and all that its reader sees of it, with the moments."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO
from urllib.parse import urlsplit

from benchmarks.engine.taken import asked

PATIENCE = 7_200.0  # seconds without a byte: a silence is to be measured, not run away from
DATA = b"data: "
PING = b": ping"
DELTA = "response.output_text.delta"
TERMINAL = ("response.completed", "response.incomplete", "response.failed")
SHOWN = 160  # characters of an event in the log


@dataclass(slots=True)
class Drill:
    """Moments are seconds from the question."""

    plan: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    claimed: float = 0.0
    ready: float = 0.0  # the model is loaded: time is the run's from here on
    told_loading: bool = False
    first: float = 0.0  # text; 0: there was none
    last: float = 0.0
    ended: float = 0.0
    silence: float = 0.0  # the longest
    heartbeats: int = 0
    stages: int = 0
    texts: int = 0

    @property
    def completed(self) -> bool:
        return str(self.response["status"]) == "completed"

    @property
    def ending(self) -> str:
        """«completed, shortened, uncited», «incomplete (timeout)»."""
        reason = (self.response["incomplete_details"] or self.response["error"] or {}).get("reason", "")
        return ", ".join([f"{self.response['status']}{f' ({reason})' if reason else ''}", *self.notices])

    @property
    def prompt_tokens(self) -> int:
        return int(self.response["usage"]["input_tokens"])

    @property
    def output_tokens(self) -> int:
        return int(self.response["usage"]["output_tokens"])

    @property
    def loading(self) -> float:
        """0 where the model was there already."""
        return self.ready - self.claimed if self.told_loading else 0.0

    @property
    def first_word(self) -> float:
        return max(0.0, self.first - self.ready)

    @property
    def spent(self) -> float:
        return self.ended - self.ready

    def expected(self, name: str) -> float:
        """What the plan says, without the loading: it has that in it, since a reader has waited for it."""
        return max(0.0, (self.plan[name] or 0.0) - self.loading)

    @property
    def off(self) -> float:
        """% by which the plan was wrong in all, either way."""
        expected = self.expected("expected_seconds")
        return abs(self.spent - expected) / expected * 100 if expected else 100.0

    @property
    def reading_speed(self) -> float:
        return (self.prompt_tokens - (self.plan["cached_tokens"] or 0)) / self.first_word if self.first else 0.0

    @property
    def writing_speed(self) -> float:
        return (self.output_tokens - 1) / (self.last - self.first) if self.last > self.first else 0.0

    # -- filling it in ----------------------------------------------------------------------------

    def take(self, at: float, event: Mapping[str, Any]) -> None:
        """One event, in their order."""
        match event["type"]:
            case "advakod.plan":
                self.plan = event
            case "response.in_progress":
                self.claimed = at
            case "advakod.notice":
                self.notices.append(str(event["code"]))
            case "advakod.stage":
                self.stages += 1
                self.told_loading |= event["stage"] == "loading"
                if event["stage"] == "searching":
                    self.ready = at
            case kind if kind == DELTA:
                self.texts += 1
                self.first, self.last = self.first or at, at
            case kind if kind in TERMINAL:
                self.response, self.ended = event["response"], at


def ask(url: str, question: str, log: TextIO) -> Drill:
    """To the end; every line that says something is in the log, with the seconds since the line before."""
    taken, address = Drill(), urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE)
    try:
        begun = time.monotonic()
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/responses", json.dumps(asked(question)), headers)
        answer = connection.getresponse()
        before = told = 0.0
        while not taken.ended and (line := answer.readline()):
            at = time.monotonic() - begun
            taken.silence = max(taken.silence, at - before)
            before = at
            if said := _take(taken, at, line):
                print(f"{at:9.3f} +{at - told:7.3f}  {said}", file=log, flush=True)
                told = at
    finally:
        connection.close()
    if not taken.ended:
        raise RuntimeError("the server closed the connection before the end")
    return taken


def _take(taken: Drill, at: float, line: bytes) -> str:
    """What the log says of a line."""
    if line.startswith(PING):
        taken.heartbeats += 1
        return "heartbeat"
    if not line.startswith(DATA):
        return ""
    event = json.loads(line[len(DATA) :])
    taken.take(at, event)
    facts = {name: value for name, value in event.items() if name not in ("type", "sequence_number")}
    shown = event["delta"] if event["type"] == DELTA else json.dumps(facts, ensure_ascii=False)
    short = event["type"].startswith("advakod.plan") or len(shown) <= SHOWN
    return f"{event['type']} {shown if short else shown[:SHOWN] + '…'}"
