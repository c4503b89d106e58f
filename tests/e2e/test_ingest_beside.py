"""Loading a code of law does not hold up an answer that is being written."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.conftest import Command, Serve
from tests.e2e.wire import ask, read, words_of

WORDS = 240
PACE = 20.0  # words a second: the answer outlasts the ingest
LONGEST_PAUSE = 3.0  # seconds; a transaction is 200 ms at most, the rest is for a busy machine


def test_streams_keep_moving_while_a_code_is_loaded(serve: Serve, advakod: Command, corpus_dir: Path) -> None:
    text = " ".join(f"слово{number}" for number in range(WORDS))
    server = serve(text, tokens_per_second=PACE)
    run_id = ask(server)
    events, pauses = [], []
    with ThreadPoolExecutor(1) as beside:
        loading = beside.submit(advakod, "ingest", corpus_dir / "statutes" / "tk_102074279.html")
        last = time.monotonic()
        for event in read(server, run_id):
            events.append(event)
            pauses.append(time.monotonic() - last)
            last = time.monotonic()
        assert loading.result().returncode == 0
    assert words_of(events) == text
    assert max(pauses) < LONGEST_PAUSE
