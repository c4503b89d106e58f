"""What a reader must know of a text that may no longer be the law. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ..engine.interface import Source
from .model import Citation

READ = ("verified", "summary")  # verdicts on what the answer shows; what it only mentions has no edition here


def old_editions(citations: Sequence[Citation], sources: Sequence[Source], oldest: dt.date) -> list[dict[str, str]]:
    """A notice `{code, message}` that names the acts cited in editions from before `oldest`; none otherwise."""
    titles = {source.act: source.act_title for source in sources}
    cited = dict.fromkeys((c.act, c.edition_date) for c in citations if c.verdict in READ and c.act and c.edition_date)
    old = [(titles.get(act or "", act), day) for act, day in cited if dt.date.fromisoformat(day) < oldest]
    if not old:
        return []
    named = "; ".join(f"{title} — от {dt.date.fromisoformat(day):%d.%m.%Y}" for title, day in old)
    message = f"Показаны старые редакции: {named}. Закон мог измениться: сверьтесь с действующей редакцией."
    return [{"code": "old_edition", "message": message}]
