"""Loading a code of law does not hold up an answer that is being written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.conftest import Command, Serve
from tests.e2e.wire import ask, call, read, words_of

WORDS = 4_000
PACE = 20.0  # words a second: three minutes, and no ingest takes that long
MEANWHILE = 20  # events of words, a second or two of them


def test_streams_keep_moving_while_a_code_is_loaded(serve: Serve, advakod: Command, corpus_dir: Path) -> None:
    text = " ".join(f"слово{number}" for number in range(WORDS))
    server = serve(text, tokens_per_second=PACE)
    run_id = ask(server)
    log, meanwhile = [], 0
    with ThreadPoolExecutor(1) as beside:
        loading = beside.submit(advakod, "ingest", corpus_dir / "statutes" / "tk_102074279.html")
        for event in read(server, run_id):
            log.append(event)
            if not loading.done():
                meanwhile += bool(event.delta)
            elif event.delta:
                call(server, "POST", f"/v1/responses/{run_id}/cancel")
        assert loading.result().returncode == 0
    assert meanwhile >= MEANWHILE
    assert text.startswith(words_of(log))
    assert [event.seq for event in log] == list(range(len(log)))
