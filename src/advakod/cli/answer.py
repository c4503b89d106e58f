"""An answer as `ask` gathers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """What `ask --json` prints."""

    id: str = ""
    status: str = "in_progress"
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
    def unfinished(self) -> bool:
        """Whether it can be gone on with. An engine that is lost is one that cannot."""
        return self.status in ("incomplete", "cancelled") and self.reason != "engine_lost"

    @property
    def facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
